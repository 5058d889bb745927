// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "rondo/coro/awaiter.hpp"
#include "rondo/coro/task_handle.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo {
namespace {

using detail::Scope;
using detail::ScopeState;

constexpr std::size_t lines_max = 10'000;
constexpr std::size_t indent_max = 40;

std::string standing(const Scope& scope) {
    switch (scope.state) {
        case ScopeState::parked: return std::string("waits for ") + scope.leaf->leaf_kind->name;
        case ScopeState::queued: return "ready to run";
        case ScopeState::value:
        case ScopeState::error: return "ended";
        case ScopeState::stopped: return "stopped";
        case ScopeState::idle: break;
    }
    if (scope.frame == nullptr) {
        return {};
    }
    return scope.has(Scope::hold) ? "stopping, waits for its children" : "runs";
}

void append_line(std::string& text, const Scope& scope, std::size_t depth) {
    text.append(2 * std::min(depth, indent_max), ' ').append("- ").append(scope.kind->name);
    if (const std::string_view name = detail::name_of(scope); !name.empty()) {
        text.append(" \"").append(name).append("\"");
    }
    if (const std::string now = standing(scope); !now.empty()) {
        text.append(": ").append(now);
    }
    if (scope.has(Scope::cancelled)) {
        text.append(" [cancelled: ").append(to_string(scope.reason)).append("]");
    }
    text.push_back('\n');
}

// Children are linked youngest first; people read oldest first.
const Scope* oldest(const Scope& parent) noexcept {
    const Scope* child = parent.first;
    while (child != nullptr && child->sibling != nullptr) {
        child = child->sibling;
    }
    return child;
}

const Scope* next_younger(const Scope& scope) noexcept {
    // `link` is &parent.first for the youngest, else &younger.sibling.
    if (scope.link == &scope.parent->first) {
        return nullptr;
    }
    const auto* bytes = reinterpret_cast<const char*>(scope.link);
    return reinterpret_cast<const Scope*>(bytes - offsetof(Scope, sibling));
}

}  // namespace

std::string EventLoop::dump_tasks() const {
    std::string text;
    std::size_t depth = 0;
    std::size_t lines = 0;
    for (const Scope* at = &root_;;) {
        if (++lines > lines_max) {
            return text.append("- … and more\n");
        }
        append_line(text, *at, depth);
        if (const Scope* child = oldest(*at)) {
            at = child;
            ++depth;
            continue;
        }
        const Scope* younger = nullptr;
        while (at != &root_ && (younger = next_younger(*at)) == nullptr) {
            at = at->parent;
            --depth;
        }
        if (at == &root_) {
            return text;
        }
        at = younger;
    }
}

}  // namespace rondo
