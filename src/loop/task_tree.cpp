// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "rondo/coro/awaiter.hpp"
#include "rondo/coro/task_handle.hpp"
#include "rondo/loop/event_loop.hpp"
#include "rondo/loop/task_info.hpp"

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
    if (scope.has(Scope::hold)) {
        return "stopping, waits for its children";
    }
    if (&scope == detail::local.current) {
        return "runs";
    }
    return scope.has(Scope::cancelled) ? "stopping" : "ready to run";
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
        text.append(" [cancelled: ").append(to_string(scope.reason));
        if (const CancelPlace place = detail::cancel_place_of(scope); place.file != nullptr) {
            text.append(", at ").append(place.file).append(":").append(std::to_string(place.line));
        }
        text.append("]");
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

// Calls visit(scope, depth) for all below `root`, parents first, until it returns false.
template <class Visit>
bool walk(const Scope& root, Visit visit) {
    std::size_t depth = 0;
    for (const Scope* at = &root;;) {
        if (!visit(*at, depth)) {
            return false;
        }
        if (const Scope* child = oldest(*at)) {
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

TaskInfo info_about(const Scope& scope) {
    TaskInfo info;
    info.name = detail::name_of(scope);
    info.standing = standing(scope);
    info.cancelled = scope.has(Scope::cancelled) ? scope.reason : Reason::none;
    info.id = &scope;
    return info;
}

// The task whose chain runs: a timeout, shield or finally is a part of the task it stands in.
Scope& running_task() {
    Scope* scope = current_loop().running_scope();
    RONDO_REQUIRE(scope != nullptr, "there is no current task: nothing runs on this thread");
    while (!scope->kind->is_task && scope->parent != nullptr) {
        scope = scope->parent;
    }
    RONDO_REQUIRE(scope->kind->is_task, "there is no current task: a callback of the loop runs");
    return *scope;
}

}  // namespace

TaskInfo current_task() { return info_about(running_task()); }

void set_task_name(std::string_view name) { detail::set_name(running_task(), name); }

std::vector<TaskInfo> all_tasks() {
    std::vector<TaskInfo> tasks;
    walk(current_loop().root(), [&](const Scope& scope, std::size_t) {
        if (scope.kind->is_task && !scope.ended()) {
            tasks.push_back(info_about(scope));
        }
        return true;
    });
    return tasks;
}

std::string EventLoop::dump_tasks() const {
    std::string text;
    std::size_t lines = 0;
    const bool whole = walk(root_, [&](const Scope& scope, std::size_t depth) {
        append_line(text, scope, depth);
        return ++lines < lines_max;
    });
    return whole ? text : text.append("- … and more\n");
}

}  // namespace rondo
