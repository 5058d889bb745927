// SPDX-License-Identifier: Apache-2.0
/// A scope that keeps what its chain ended with.
#pragma once

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "rondo/coro/outcome.hpp"
#include "rondo/coro/task.hpp"

namespace rondo::detail {

/// Scope plus a slot for the result; `state` says which. The chain's frames are gone as soon as it
/// ended: parameters die then, and the memory is used again.
template <class T>
struct ResultScope : Scope {
    union {
        Value<T> value;
        std::exception_ptr error;
    };

    ResultScope() noexcept {}
    ~ResultScope() {
        if (state == ScopeState::value) {
            std::destroy_at(std::addressof(value));
        } else if (state == ScopeState::error) {
            std::destroy_at(std::addressof(error));
        }
    }

    /// After ScopeEvent::finished (or a nested chain's end): moves the result out of `root`.
    RONDO_INLINE void take(void* root) {
        auto handle = std::coroutine_handle<Promise<T>>::from_address(root);
        Promise<T>& promise = handle.promise();
        if (promise.ending == Ending::error) [[unlikely]] {
            std::exception_ptr thrown = std::move(promise.error);
            handle.destroy();
            std::construct_at(std::addressof(error), std::move(thrown));
            state = ScopeState::error;
        } else if constexpr (std::is_void_v<T>) {
            handle.destroy();
            state = ScopeState::value;
        } else if constexpr (std::is_reference_v<T>) {
            Stored<T> referred = promise.value;
            handle.destroy();
            std::construct_at(std::addressof(value), *referred);
            state = ScopeState::value;
        } else {
            take_value(promise);
            handle.destroy();
        }
    }

    /// The value, moved out, or the error thrown. Requires: ended, and not stopped.
    Value<T> get() {
        if (state == ScopeState::error) [[unlikely]] {
            std::rethrow_exception(error);
        }
        if constexpr (std::is_void_v<T>) {
            return {};
        } else {
            return std::move(value);
        }
    }

    Outcome<T> outcome() {
        switch (state) {
            case ScopeState::value: return Outcome<T>(std::in_place, get());
            case ScopeState::error: return Outcome<T>(error);
            default: return Outcome<T>(reason);
        }
    }

private:
    RONDO_INLINE void take_value(Promise<T>& promise) {
        if constexpr (std::is_nothrow_move_constructible_v<T>) {
            std::construct_at(std::addressof(value), std::move(promise.value));
            state = ScopeState::value;
        } else {
            try {
                std::construct_at(std::addressof(value), std::move(promise.value));
                state = ScopeState::value;
            } catch (...) {
                std::construct_at(std::addressof(error), std::current_exception());
                state = ScopeState::error;
            }
        }
    }
};

}  // namespace rondo::detail
