// SPDX-License-Identifier: Apache-2.0
/// One object of a type for each loop, made when it is first asked for.
#pragma once

#include <memory>
#include <utility>

#include "rondo/loop/event_loop.hpp"

namespace rondo::detail {

template <class T>
struct LoopLocalOf final : LoopLocal {
    T value;
};

template <class T>
inline constexpr char loop_local_key = 0;

/// The current loop's T, default-constructed at the first call. It dies with the loop, after all
/// tasks and before the driver.
template <class T>
T& loop_local() {
    EventLoop& loop = current_loop();
    if (loop.local_at(&loop_local_key<T>) == nullptr) {
        auto made = std::make_unique<LoopLocalOf<T>>();  // which may need other locals
        loop.local_at(&loop_local_key<T>) = std::move(made);
    }
    return static_cast<LoopLocalOf<T>&>(*loop.local_at(&loop_local_key<T>)).value;
}

}  // namespace rondo::detail
