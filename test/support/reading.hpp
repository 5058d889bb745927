// SPDX-License-Identifier: Apache-2.0
/// Reads streams of any type into text.
#pragma once

#include <cstddef>
#include <string>

#include "rondo/coro/task.hpp"
#include "rondo/io/bytes.hpp"
#include "rondo/io/lease.hpp"

namespace rondo::test {

/// All bytes up to the end of a stream of any type.
template <class S>
Task<std::string> read_to_end(S& stream) {
    std::string text;
    for (;;) {
        const io::Lease lease = co_await stream.read_leased();
        if (lease.empty()) {
            co_return text;
        }
        text += lease.bytes().text();
    }
}

/// `count` bytes, or fewer at the end.
template <class S>
Task<std::string> read_count(S& stream, std::size_t count) {
    std::string text(count, '\0');
    std::size_t have = 0;
    while (have < count) {
        const MutableBytes rest(reinterpret_cast<std::byte*>(text.data()) + have, count - have);
        const std::size_t bytes = co_await stream.read_some(rest);
        if (bytes == 0) {
            break;
        }
        have += bytes;
    }
    text.resize(have);
    co_return text;
}

}  // namespace rondo::test
