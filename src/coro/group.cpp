// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/group.hpp"

#include <utility>

namespace rondo::detail {

void Group::fail(const std::exception_ptr& error) {
    const bool was_first = !has(failed);
    keep(error);
    if (was_first) {
        cancel(*this, Reason::sibling);
    }
}

void Group::keep(const std::exception_ptr& error) {
    if (!has(failed)) {
        set(failed);
        first_error = error;
        return;
    }
    if (first_error == error) {
        return;
    }
    if (suppressed == nullptr) {
        suppressed = std::make_unique<SuppressedErrors>();
    }
    suppressed->push_back(error);
}

void Group::throw_first() {
    SuppressedErrors others;
    if (suppressed != nullptr) {
        others = std::move(*suppressed);
    }
    throw_with_suppressed(std::exchange(first_error, nullptr), std::move(others));
}

}  // namespace rondo::detail
