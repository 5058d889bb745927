// SPDX-License-Identifier: Apache-2.0
/// What a thread knows while it runs tasks.
#pragma once

#include <utility>

#include "rondo/base/config.hpp"
#include "rondo/coro/frame_pool.hpp"
#include "rondo/coro/scope.hpp"

namespace rondo {

class EventLoop;

namespace detail {

/// In RunState::next and Promise::continuation: the chain's root came to its end.
inline void* const chain_end = reinterpret_cast<void*>(1);

/// One per thread, trivially constructed: access costs one instruction.
struct RunState {
    Scope* current;     ///< the scope whose chain runs; leaf awaiters read it
    void* next;         ///< trampoline: the frame to resume next, chain_end, or null
    char* stack_limit;  ///< below it an awaited child starts from the run loop
    Scope* ready;       ///< FIFO; the last element's `next` is written when the list is taken
    Scope** ready_tail;
    Scope* stops;  ///< FIFO of scopes whose chains are to be unwound
    Scope** stops_tail;
    int budget;      ///< how many more awaits may complete at once in this resumption
    bool unwinding;  ///< a stopped chain's frames are being destroyed
    bool debugging;  ///< RunOptions::debug
    EventLoop* loop;
    FramePool pool;

    /// Makes a scope ready: its chain is resumed in the loop's next turn.
    RONDO_INLINE void push(Scope& scope) noexcept {
        *ready_tail = &scope;
        ready_tail = &scope.next;
    }

    /// Makes a new chain ready, which is attached already: one that is cancelled by now never runs.
    RONDO_INLINE void push_new(Scope& scope) noexcept {
        scope.state = ScopeState::queued;
        if (scope.has(Scope::cancelled)) [[unlikely]] {
            scope.state = ScopeState::idle;
            scope.set(Scope::skip);
        }
        push(scope);
    }

    /// The scope's chain is unwound before any other task is resumed.
    RONDO_INLINE void push_stop(Scope& scope) noexcept {
        scope.next = nullptr;
        *stops_tail = &scope;
        stops_tail = &scope.next;
    }

    bool has_ready() const noexcept { return ready_tail != &ready; }

    /// Empties both queues; called when a loop takes the thread.
    void reset() noexcept {
        ready = nullptr;
        ready_tail = &ready;
        stops = nullptr;
        stops_tail = &stops;
        next = nullptr;
        current = nullptr;
        unwinding = false;
    }
};

// Without this, an access from a library's position-independent code is a function call. Not under
// sanitizers: g++ tests the address for null by the flags of its `add`, which the linker relaxes to
// a `lea` that sets none, and a check fails that should not.
#if defined(__PIC__) && !defined(__PIE__) && !RONDO_ASAN
[[gnu::tls_model("initial-exec")]]
#endif
inline constinit thread_local RunState local{};

/// True while the native stack leaves room to start an awaited child on it.
RONDO_INLINE bool stack_has_room() noexcept {
#if defined(__x86_64__)
    char* here;
    asm("mov %%rsp, %0" : "=r"(here));
#elif defined(__aarch64__)
    char* here;
    asm("mov %0, sp" : "=r"(here));
#else
    char* here = static_cast<char*>(__builtin_frame_address(0));
#endif
    return here > local.stack_limit;
}

/// For its life, what is called belongs to the chain of `scope`, which stands still meanwhile.
class AsCurrent {
public:
    explicit AsCurrent(Scope& scope) noexcept : before_(std::exchange(local.current, &scope)) {}
    AsCurrent(const AsCurrent&) = delete;
    AsCurrent& operator=(const AsCurrent&) = delete;
    ~AsCurrent() { local.current = before_; }

private:
    Scope* before_;
};

inline void Scope::detach() noexcept {
    *link = sibling;
    if (sibling != nullptr) {
        sibling->link = link;
    }
    if (parent->has(hold) && parent->first == nullptr) [[unlikely]] {
        parent->unset(hold);
        local.push_stop(*parent);
    }
}

inline void* Recycled::operator new(std::size_t bytes) { return local.pool.take(bytes); }
inline void Recycled::operator delete(void* memory, std::size_t bytes) noexcept {
    local.pool.give(memory, bytes);
}

}  // namespace detail

/// True while frames of a stopped task are being destroyed.
///
/// A stop is no exception: std::uncaught_exceptions() does not count it. A guard that commits
/// "unless an exception is in flight" must ask this too.
inline bool stopping() noexcept { return detail::local.unwinding; }

}  // namespace rondo
