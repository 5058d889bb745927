// SPDX-License-Identifier: Apache-2.0
/// Connections that io_uring closes with its next batch, and epoll at once.
#pragma once

#include <vector>

#include "rondo/coro/task.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/net/unix_stream.hpp"

namespace rondo::test {

inline Task<> read_a_byte(net::UnixStream& stream) {
    char byte[1];
    co_await stream.read_some(byte);
}

/// Both ends of so many connections; somebody has waited for bytes on each.
inline Task<std::vector<net::UnixStream>> waited_on(int connections) {
    std::vector<net::UnixStream> streams;
    for (int i = 0; i < connections; ++i) {
        auto [one, other] = net::UnixStream::pair();
        streams.push_back(std::move(one));
        streams.push_back(std::move(other));
    }
    for (net::UnixStream& stream : streams) {
        TaskHandle<void> reader = create_task(read_a_byte(stream));
        co_await yield();
        co_await yield();
        reader.cancel();
        try {
            co_await reader;
        } catch (const Cancelled&) {
        }
    }
    co_return streams;
}

}  // namespace rondo::test
