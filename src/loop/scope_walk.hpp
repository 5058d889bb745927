// SPDX-License-Identifier: Apache-2.0
/// Walks over the tree of scopes and over the chain of one.
#pragma once

#include <cstddef>

#include "rondo/coro/scope.hpp"
#include "rondo/coro/task.hpp"

namespace rondo::detail {

/// Children are linked youngest first; people read oldest first.
inline const Scope* oldest_child(const Scope& parent) noexcept {
    const Scope* child = parent.first;
    while (child != nullptr && child->sibling != nullptr) {
        child = child->sibling;
    }
    return child;
}

inline const Scope* next_younger(const Scope& scope) noexcept {
    // `link` is &parent.first for the youngest, else &younger.sibling.
    if (scope.link == &scope.parent->first) {
        return nullptr;
    }
    const auto* bytes = reinterpret_cast<const char*>(scope.link);
    return reinterpret_cast<const Scope*>(bytes - offsetof(Scope, sibling));
}

/// Calls visit(scope, depth) for `root` and all below it, parents first, until it returns false;
/// returns what the last call did.
template <class Visit>
bool walk_scopes(const Scope& root, Visit visit) {
    std::size_t depth = 0;
    for (const Scope* at = &root;;) {
        if (!visit(*at, depth)) {
            return false;
        }
        if (const Scope* child = oldest_child(*at)) {
            at = child;
            ++depth;
            continue;
        }
        const Scope* younger = nullptr;
        while (younger == nullptr) {
            if (at == nullptr || at == &root) {
                return true;
            }
            younger = next_younger(*at);
            if (younger == nullptr) {
                at = at->parent;
                --depth;
            }
        }
        at = younger;
    }
}

/// Calls visit(promise) for the frames of a suspended chain, leaf first. Requires: the chain is
/// suspended, so that Scope::frame is its leaf.
template <class Visit>
void walk_chain(const Scope& scope, Visit visit) {
    void* frame = scope.frame;
    while (frame != nullptr && frame != chain_end) {
        const PromiseBase& promise = promise_of(frame);
        visit(promise);
        frame = promise.continuation;
    }
}

}  // namespace rondo::detail
