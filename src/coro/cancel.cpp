// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/run_state.hpp"
#include "rondo/coro/scope.hpp"
#include "rondo/coro/scope_info.hpp"

namespace rondo {

std::string_view to_string(Reason reason) noexcept {
    switch (reason) {
        case Reason::none: return "none";
        case Reason::caller: return "caller";
        case Reason::deadline: return "deadline";
        case Reason::sibling: return "sibling";
        case Reason::shutdown: return "shutdown";
        case Reason::abandoned: return "abandoned";
    }
    return "none";
}

namespace detail {
namespace {

void strike(Scope& scope, Reason reason, CancelPlace place) noexcept {
    scope.set(Scope::cancelled);
    scope.reason = reason;
    if (scope.has(Scope::has_handle) || scope.has(Scope::has_waiters)) {
        keep_cancel_place(scope, place);
    }
    if (scope.state == ScopeState::parked) {
        scope.state = ScopeState::idle;
        scope.leaf->leaf_kind->poke(*scope.leaf, scope);
    } else if (scope.state == ScopeState::queued) {
        scope.state = ScopeState::idle;
        scope.set(Scope::skip);
    }
}

}  // namespace

// Pre-order over the subtree, by parent and sibling pointers: no recursion, whatever the depth. An
// already cancelled scope is not entered: its subtree was cancelled with it, and what was attached
// since has inherited that.
void cancel(Scope& root, Reason reason, std::uint16_t extra) noexcept {
    root.flags = static_cast<std::uint16_t>(root.flags | extra);
    if (root.has(Scope::cancelled)) {
        return;
    }
    const CancelPlace place = cancel_place_of(root);
    Scope* at = &root;
    for (;;) {
        Scope* child = nullptr;
        if (at != &root && at->has(Scope::shield)) {
            if (!at->has(Scope::outer) && !at->has(Scope::cancelled)) {
                at->set(Scope::outer);
                at->kind->on(*at, ScopeEvent::shield_reached);
            }
        } else if (!at->has(Scope::cancelled)) {
            strike(*at, reason, place);
            child = at->first;
        }
        if (child != nullptr) {
            at = child;
            continue;
        }
        while (at != &root && at->sibling == nullptr) {
            at = at->parent;
        }
        if (at == &root) {
            return;
        }
        at = at->sibling;
    }
}

}  // namespace detail
}  // namespace rondo
