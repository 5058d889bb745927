// SPDX-License-Identifier: Apache-2.0
/// A callable owned once: std::function without copies.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

#include "rondo/base/assert.hpp"

namespace rondo {

template <class Signature>
class UniqueFunction;

/// Holds callables up to 40 bytes inside itself, larger ones on the heap. With `void` as its result
/// it discards what they return.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
    static constexpr std::size_t inline_bytes = 40;

    template <class F>
    static constexpr bool fits =
        sizeof(F) <= inline_bytes && alignof(F) <= alignof(std::max_align_t) &&
        std::is_nothrow_move_constructible_v<F>;

    template <class F>
    static constexpr bool is_trivial =
        std::is_trivially_copyable_v<F> && std::is_trivially_destructible_v<F>;

    struct Table {
        R (*call)(void*, Args&&...);
        void (*move)(void* from, void* to) noexcept;  ///< null: the bytes are copied
        void (*destroy)(void*) noexcept;              ///< null: there is nothing to do
    };

public:
    UniqueFunction() noexcept = default;

    template <class F>
        requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> &&
                 std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
    UniqueFunction(F&& function) {  // NOLINT(google-explicit-constructor): as std::function
        using D = std::decay_t<F>;
        if constexpr (fits<D>) {
            ::new (static_cast<void*>(store_)) D(std::forward<F>(function));
            table_ = &inline_table<D>;
        } else {
            ::new (static_cast<void*>(store_)) D*(new D(std::forward<F>(function)));
            table_ = &heap_table<D>;
        }
    }
    UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
    UniqueFunction& operator=(UniqueFunction&& other) noexcept {
        if (this != &other) {
            reset();
            take(other);
        }
        return *this;
    }
    ~UniqueFunction() { reset(); }

    explicit operator bool() const noexcept { return table_ != nullptr; }

    /// Requires: not empty.
    R operator()(Args... args) {
        RONDO_REQUIRE(table_ != nullptr, "an empty UniqueFunction was called");
        return table_->call(store_, std::forward<Args>(args)...);
    }

private:
    template <class T>
    static constexpr bool is_task = requires { typename T::promise_type; };

    template <class D>
    static R invoke(D& function, Args&&... args) {
        if constexpr (std::is_void_v<R>) {
            static_assert(!is_task<std::invoke_result_t<D&, Args...>>,
                          "a task that nobody awaits does nothing");
            static_cast<void>(std::invoke(function, std::forward<Args>(args)...));
        } else {
            return std::invoke(function, std::forward<Args>(args)...);
        }
    }
    template <class D>
    static R call_inline(void* at, Args&&... args) {
        return invoke(*static_cast<D*>(at), std::forward<Args>(args)...);
    }
    template <class D>
    static void move_inline(void* from, void* to) noexcept {
        ::new (to) D(std::move(*static_cast<D*>(from)));
        static_cast<D*>(from)->~D();
    }
    template <class D>
    static void destroy_inline(void* at) noexcept {
        static_cast<D*>(at)->~D();
    }
    template <class D>
    static R call_heap(void* at, Args&&... args) {
        return invoke(**static_cast<D**>(at), std::forward<Args>(args)...);
    }
    template <class D>
    static void destroy_heap(void* at) noexcept {
        delete *static_cast<D**>(at);
    }

    template <class D>
    static constexpr Table inline_table{&call_inline<D>, is_trivial<D> ? nullptr : &move_inline<D>,
                                        is_trivial<D> ? nullptr : &destroy_inline<D>};
    template <class D>
    static constexpr Table heap_table{&call_heap<D>, nullptr, &destroy_heap<D>};

    void take(UniqueFunction& other) noexcept {
        table_ = std::exchange(other.table_, nullptr);
        if (table_ != nullptr) {
            if (table_->move == nullptr) {
                std::memcpy(store_, other.store_, inline_bytes);
            } else {
                table_->move(other.store_, store_);
            }
        }
    }
    void reset() noexcept {
        const Table* const table = std::exchange(table_, nullptr);
        if (table != nullptr && table->destroy != nullptr) {
            table->destroy(store_);
        }
    }

    alignas(std::max_align_t) std::byte store_[inline_bytes];
    const Table* table_ = nullptr;
};

}  // namespace rondo
