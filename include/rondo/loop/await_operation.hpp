// SPDX-License-Identifier: Apache-2.0
/// Awaits an Operation of the driver. Public calls (TcpStream::read_some, …) wrap it.
#pragma once

#include <string_view>

#include "rondo/base/assert.hpp"
#include "rondo/coro/awaiter.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo {

/// `co_await AwaitOperation(kind, fd, …)` gives the operation's result as the driver has it: the
/// value, or -errno.
///
/// Cancellation: exact for readiness kinds. What has ended with a value, and waits to be told so,
/// delivers it: a completion kind, or a send that io_uring made in a batch.
class [[nodiscard]] AwaitOperation : protected detail::PendingOperation {
public:
    AwaitOperation(OperationKind what, int descriptor, void* buffer = nullptr,
                   std::uint32_t bytes = 0, std::uint64_t at = 0) noexcept {
        kind = what;
        fd = descriptor;
        data = buffer;
        size = bytes;
        offset = at;
    }

    RONDO_INLINE bool await_ready() noexcept {
        if (detail::current_is_cancelled()) [[unlikely]] {
            return false;
        }
        ready = &on_ready;
        scope = detail::local.current;
        return detail::local.loop->driver().submit(*this) && !detail::spent();
    }
    RONDO_INLINE void await_suspend(detail::Awaiting frame) noexcept {
        // Done before and awaited again in a cancelled scope, it stops.
        if (state == OperationState::done && !detail::current_is_cancelled()) [[unlikely]] {
            detail::requeue(frame);
            return;
        }
        detail::park(*this, frame, leaf);
    }
    int await_resume() const noexcept { return result; }

    /// Bytes sent, also when the result is an error or the operation was stopped.
    std::uint32_t bytes_moved() const noexcept { return moved; }
    /// The driver's buffer that a receive_leased operation delivered.
    void* lease() const noexcept { return data; }

protected:
    /// For awaitables whose operation points into themselves: called in await_ready, when they
    /// move no more.
    void aim(void* buffer, std::uint32_t bytes) noexcept {
        data = buffer;
        size = bytes;
    }
    /// The operation ends inside, whatever its result. Requires: a kind that can do so.
    int end_now() noexcept {
        [[maybe_unused]] const bool ended = current_loop().driver().submit(*this);
        RONDO_ASSERT(ended, "an operation that must not wait waits");
        return result;
    }

private:
    static void on_ready(Operation& operation) noexcept;
    static void poke(detail::Leaf& at, detail::Scope& scope) noexcept;
    static const detail::LeafKind leaf;
};

/// Throws the Error for a negative `result`; returns it otherwise.
int check_result(int result, std::string_view operation, std::string_view object);

}  // namespace rondo
