// SPDX-License-Identifier: Apache-2.0
/// A peer that says what it was told to, whatever it hears.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "rondo/base/bytes.hpp"
#include "rondo/coro/task.hpp"

namespace rondo::test {

/// An io::ByteStream that gives `bytes` in pieces, then ends, and puts what it hears into `heard`.
/// Never waits. Both must outlive it.
class ScriptedStream {
public:
    ScriptedStream(std::string_view bytes, std::size_t piece, std::string* heard = nullptr) noexcept
        : rest_(bytes), piece_(std::max<std::size_t>(piece, 1)), heard_(heard) {}

    Task<std::size_t> read_some(MutableBytes to) {
        const std::size_t count = std::min({to.size(), piece_, rest_.size()});
        rest_.copy(reinterpret_cast<char*>(to.data()), count);
        rest_.remove_prefix(count);
        co_return count;
    }
    Task<> write_all(Bytes bytes) {
        if (heard_ != nullptr) {
            *heard_ += bytes.text();
        }
        co_return;
    }
    void shutdown_write() {}
    void close() noexcept { open_ = false; }
    bool is_open() const noexcept { return open_; }
    std::string name() const { return "script"; }

private:
    std::string_view rest_;
    std::size_t piece_;
    std::string* heard_;
    bool open_ = true;
};

}  // namespace rondo::test
