// SPDX-License-Identifier: Apache-2.0
/// AsyncGenerator<T>: a coroutine that yields values and awaits in between.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "rondo/coro/task.hpp"

namespace rondo {

template <class T>
class AsyncGenerator;

namespace detail {

template <class T>
struct GeneratorPromise : PromiseBase {
    std::optional<T> yielded;

    AsyncGenerator<T> get_return_object(
        std::source_location coroutine = std::source_location::current()) noexcept;

    // To whoever waits in next(): on its stack (null), or by way of the run loop.
    struct HandOver {
        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<GeneratorPromise> frame) noexcept {
            local.next = frame.promise().continuation;
        }
        void await_resume() noexcept {}
    };
    template <class U>
        requires std::is_constructible_v<T, U&&>
    HandOver yield_value(U&& value) {
        yielded.emplace(std::forward<U>(value));
        return {};
    }
    void return_void() noexcept { ending = Ending::value; }
    void unhandled_exception() noexcept { store_exception(); }
};

[[noreturn]] void fail_generator_stopped();

}  // namespace detail

/// Yields values by `co_yield` and may await anything. Its body runs inside next(), as part of the
/// awaiting chain: in the same scope, stopped with it. Lazy, move-only.
///
///     for (;;) {
///         auto line = co_await lines.next();
///         if (!line) break;
///         …
///     }
///
/// Dropping it early destroys its frame where it stands, at a co_yield: destructors run; it cannot
/// await any more.
///
/// Cancellation: a next() that is stopped while the body waits destroys the body, and there is no
/// going on: further ones fail with Errc::closed, so that none is taken for the end of the values.
template <class T>
class [[nodiscard]] AsyncGenerator {
public:
    using promise_type = detail::GeneratorPromise<T>;
    using value_type = T;

    AsyncGenerator(AsyncGenerator&& other) noexcept
        : frame_(std::exchange(other.frame_, nullptr)),
          running_(std::exchange(other.running_, false)) {}
    AsyncGenerator& operator=(AsyncGenerator&& other) noexcept {
        AsyncGenerator old(std::move(*this));
        frame_ = std::exchange(other.frame_, nullptr);
        running_ = std::exchange(other.running_, false);
        return *this;
    }
    /// Requires: no task waits in next().
    ~AsyncGenerator() { finish(); }

    /// Runs to the next co_yield and gives its value; nothing when the body has ended.
    ///
    /// Errors: what the body throws, once; then it has ended.
    /// Requires: no other next() is under way; *this stays where it is meanwhile.
    auto next() noexcept { return Next(*this); }

private:
    friend promise_type;
    using FrameHandle = std::coroutine_handle<promise_type>;
    static_assert(alignof(promise_type) <= 16,
                  "a generator's values may be aligned to at most 16 bytes");

    class [[nodiscard]] Next {
    public:
        explicit Next(AsyncGenerator& generator) noexcept : generator_(&generator) {}

        bool await_ready() {
            if (generator_->frame_ == nullptr) {
                return true;
            }
            promise_type& promise = generator_->promise();
            RONDO_REQUIRE(!generator_->running_, "next() of a generator that is running already");
            generator_->running_ = true;
            promise.continuation = nullptr;
            if (!detail::stack_has_room()) [[unlikely]] {
                detail::local.next = generator_->frame_;
                return false;
            }
            generator_->handle().resume();
            return promise.yielded.has_value() || promise.ending != detail::Ending::unfinished;
        }
        void await_suspend(detail::Awaiting awaiting) noexcept {
            generator_->promise().continuation = awaiting.address();
            generator_->promise().owner = &generator_->frame_;
        }
        std::optional<T> await_resume() {
            if (generator_->frame_ == nullptr) {
                if (generator_->running_) [[unlikely]] {
                    detail::fail_generator_stopped();
                }
                return std::nullopt;
            }
            generator_->running_ = false;
            promise_type& promise = generator_->promise();
            if (promise.yielded) [[likely]] {
                return std::exchange(promise.yielded, std::nullopt);
            }
            std::exception_ptr error;
            if (promise.ending == detail::Ending::error) {
                error = promise.error;
            }
            generator_->finish();
            if (error != nullptr) {
                std::rethrow_exception(std::move(error));
            }
            return std::nullopt;
        }

    private:
        AsyncGenerator* generator_;
    };

    explicit AsyncGenerator(FrameHandle frame) noexcept : frame_(frame.address()) {}
    FrameHandle handle() const noexcept { return FrameHandle::from_address(frame_); }
    promise_type& promise() const noexcept { return handle().promise(); }
    void finish() noexcept {
        if (void* const frame = std::exchange(frame_, nullptr)) {
            RONDO_REQUIRE(!running_, "an AsyncGenerator was destroyed while a task waits in it");
            FrameHandle::from_address(frame).destroy();
        }
    }

    void* frame_;
    bool running_ = false;  ///< without a frame: it was stopped in next()
};

namespace detail {

template <class T>
AsyncGenerator<T> GeneratorPromise<T>::get_return_object(std::source_location coroutine) noexcept {
    place = coroutine;
    return AsyncGenerator<T>(std::coroutine_handle<GeneratorPromise>::from_promise(*this));
}

}  // namespace detail
}  // namespace rondo
