// SPDX-License-Identifier: Apache-2.0
/// A callable owned once: std::function without copies.
#pragma once

#include <cstddef>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

#include "rondo/base/assert.hpp"

namespace rondo {

template <class Signature>
class UniqueFunction;

/// Holds callables up to 40 bytes inside itself, larger ones on the heap.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
    static constexpr std::size_t inline_bytes = 40;

    template <class F>
    static constexpr bool fits =
        sizeof(F) <= inline_bytes && alignof(F) <= alignof(std::max_align_t) &&
        std::is_nothrow_move_constructible_v<F>;

    struct Table {
        R (*call)(void*, Args&&...);
        void (*move)(void* from, void* to) noexcept;
        void (*destroy)(void*) noexcept;
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
    template <class D>
    static constexpr Table inline_table{[](void* at, Args&&... args) -> R {
                                            return std::invoke(*static_cast<D*>(at),
                                                               std::forward<Args>(args)...);
                                        },
                                        [](void* from, void* to) noexcept {
                                            ::new (to) D(std::move(*static_cast<D*>(from)));
                                            static_cast<D*>(from)->~D();
                                        },
                                        [](void* at) noexcept { static_cast<D*>(at)->~D(); }};
    template <class D>
    static constexpr Table heap_table{
        [](void* at, Args&&... args) -> R {
            return std::invoke(**static_cast<D**>(at), std::forward<Args>(args)...);
        },
        [](void* from, void* to) noexcept { ::new (to) D*(*static_cast<D**>(from)); },
        [](void* at) noexcept { delete *static_cast<D**>(at); }};

    void take(UniqueFunction& other) noexcept {
        table_ = std::exchange(other.table_, nullptr);
        if (table_ != nullptr) {
            table_->move(other.store_, store_);
        }
    }
    void reset() noexcept {
        if (const Table* table = std::exchange(table_, nullptr)) {
            table->destroy(store_);
        }
    }

    alignas(std::max_align_t) std::byte store_[inline_bytes];
    const Table* table_ = nullptr;
};

}  // namespace rondo
