// SPDX-License-Identifier: Apache-2.0
/// What gather, race, task_group and run share: a scope whose children are waited for.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>

#include "rondo/coro/errors.hpp"
#include "rondo/coro/run_state.hpp"

namespace rondo::detail {

/// The parent of the children of one combinator. Its own parent, the awaiting scope, is parked on
/// children_leaf until conclude().
struct Group : Scope {
    std::size_t left = 0;  ///< children that did not end yet
    std::exception_ptr first_error;
    std::unique_ptr<SuppressedErrors> suppressed;

    /// The first failure cancels the other children; later ones are kept beside it. One exception
    /// object counts once, also when it came back through a handle.
    RONDO_NOINLINE void fail(const std::exception_ptr& error);

    /// Keeps an error without cancelling anybody.
    void keep(const std::exception_ptr& error);

    /// All children ended: leaves the tree and sets the parent on its way. Returns it if it goes on
    /// at once; null if it stops, because a child was stopped and nothing failed.
    RONDO_INLINE Scope* conclude() noexcept {
        Scope& up = *parent;
        detach();
        up.state = ScopeState::idle;
        if (has(child_stopped) && !has(failed) && (!has(own) || up.has(cancelled))) [[unlikely]] {
            local.push_stop(up);
            return nullptr;
        }
        return &up;
    }

    /// Throws the first error, if there is one.
    void rethrow() {
        if (has(failed)) [[unlikely]] {
            throw_first();
        }
    }

private:
    [[noreturn]] RONDO_NOINLINE void throw_first();
};

}  // namespace rondo::detail
