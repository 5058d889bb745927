// SPDX-License-Identifier: Apache-2.0
/// Two ends of a connection in memory that carries as few bytes at a time as it is told to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "rondo/base/error.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/io/stream.hpp"
#include "rondo/sync/event.hpp"

namespace rondo::test {

/// One direction.
struct MemoryPipe {
    std::string bytes;
    bool ended = false;
    std::size_t carried = 0;
    std::size_t capacity = 64 * 1024;
    std::size_t piece = 64 * 1024;  ///< what one read gives at most
    Event readable;
    Event writable;

    void end() {
        ended = true;
        readable.set();
        writable.set();
    }
};

/// An io::ByteStream.
class MemoryStream {
public:
    MemoryStream(std::shared_ptr<MemoryPipe> in, std::shared_ptr<MemoryPipe> out)
        : in_(std::move(in)), out_(std::move(out)) {}
    MemoryStream(MemoryStream&&) = default;
    MemoryStream& operator=(MemoryStream&&) = default;
    ~MemoryStream() { close(); }

    Task<std::size_t> read_some(MutableBytes to) {
        while (in_->bytes.empty() && !in_->ended) {
            in_->readable.clear();
            co_await in_->readable.wait();
        }
        const std::size_t count = std::min({to.size(), in_->piece, in_->bytes.size()});
        in_->bytes.copy(reinterpret_cast<char*>(to.data()), count);
        in_->bytes.erase(0, count);
        in_->writable.set();
        co_return count;
    }
    Task<> write_all(Bytes bytes) {
        while (!bytes.empty()) {
            if (out_->ended) {
                throw Error("write", "memory", EPIPE);
            }
            const std::size_t room = out_->capacity - std::min(out_->capacity, out_->bytes.size());
            if (room == 0) {
                out_->writable.clear();
                co_await out_->writable.wait();
                continue;
            }
            const std::size_t count = std::min(room, bytes.size());
            out_->bytes += bytes.text().substr(0, count);
            out_->carried += count;
            out_->readable.set();
            bytes = bytes.from(count);
        }
    }
    void shutdown_write() { out_->end(); }
    void close() noexcept {
        if (open_ && in_ != nullptr) {
            in_->end();
            out_->end();
        }
        open_ = false;
    }
    bool is_open() const noexcept { return open_; }
    std::string name() const { return "memory"; }

private:
    std::shared_ptr<MemoryPipe> in_;
    std::shared_ptr<MemoryPipe> out_;
    bool open_ = true;
};

/// Both ends, and the pipes between them to look at and to tamper with.
struct MemoryPair {
    std::shared_ptr<MemoryPipe> to_server = std::make_shared<MemoryPipe>();
    std::shared_ptr<MemoryPipe> to_client = std::make_shared<MemoryPipe>();
    io::Stream client = MemoryStream(to_client, to_server);
    io::Stream server = MemoryStream(to_server, to_client);

    explicit MemoryPair(std::size_t piece = 64 * 1024, std::size_t capacity = 64 * 1024) {
        for (MemoryPipe* const pipe : {to_server.get(), to_client.get()}) {
            pipe->piece = piece;
            pipe->capacity = capacity;
        }
    }
};

}  // namespace rondo::test
