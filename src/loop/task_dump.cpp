// SPDX-License-Identifier: Apache-2.0
#include "loop/task_dump.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "coro/function_name.hpp"
#include "loop/scope_walk.hpp"
#include "rondo/coro/scope_info.hpp"

namespace rondo::detail {
namespace {

constexpr std::size_t lines_max = 10'000;
constexpr std::size_t indent_max = 40;

std::string indentation(std::size_t depth) {
    return std::string(2 * std::min(depth, indent_max), ' ');
}

std::string cancel_note(const Scope& scope) {
    if (!scope.has(Scope::cancelled)) {
        return {};
    }
    std::string text = " [cancelled: ";
    text.append(to_string(scope.reason));
    if (const CancelPlace place = cancel_place_of(scope); place.file != nullptr) {
        text.append(", at ").append(place.file).append(":").append(std::to_string(place.line));
    }
    return text.append("]");
}

}  // namespace

std::string describe_duration(std::int64_t nanoseconds) {
    struct Unit {
        double length;
        const char* name;
    };
    constexpr std::array<Unit, 6> units{
        {{86'400e9, "days"}, {3'600e9, "h"}, {60e9, "min"}, {1e9, "s"}, {1e6, "ms"}, {1e3, "us"}}};
    const auto length = static_cast<double>(nanoseconds);
    const auto* unit = std::find_if(units.begin(), units.end() - 1,
                                    [&](const Unit& each) { return length >= each.length; });
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%.3g %s", length / unit->length, unit->name);
    return text.data();
}

// A timeout runs its body on the stack of the task it stands in: then both run.
TaskDump::TaskDump(EventLoop& loop) : loop_(loop), now_(loop.now().time_since_epoch().count()) {
    const Scope* scope = local.current;
    while (scope != nullptr && scope->state == ScopeState::idle) {
        running_.insert(scope);
        scope = scope->kind->is_task ? nullptr : scope->parent;
    }
}

bool TaskDump::is_alive(const Scope* wanted) {
    if (alive_.empty()) {
        walk_scopes(loop_.root(), [&](const Scope& scope, std::size_t) {
            alive_.insert(&scope);
            return true;
        });
    }
    return alive_.count(wanted) != 0;
}

bool TaskDump::has_chain(const Scope& scope) const {
    return scope.frame != nullptr && !scope.ended() && !is_running(scope);
}

// Of the outermost coroutine that is the user's.
std::string TaskDump::root_function(const Scope& scope) {
    std::string function;
    if (has_chain(scope)) {
        walk_chain(scope, [&](const PromiseBase& promise) {
            if (!is_internal(promise.place)) {
                function = short_function_name(promise.place.function_name());
            }
        });
    }
    return function;
}

std::string TaskDump::name(const Scope& scope) {
    const Scope* const task = task_of(scope);
    if (task == nullptr) {
        return scope.kind->name;
    }
    std::string text = task->kind->name;
    if (const std::string_view given = name_of(*task); !given.empty()) {
        text.append(" \"").append(given).append("\"");
    } else if (const std::string function = root_function(*task); !function.empty()) {
        text.append(" ").append(function);
    }
    return text;
}

Describer& TaskDump::add_task(const Scope* scope) {
    return add(is_alive(scope) ? name(*scope) : "a task that has ended");
}

Describer& TaskDump::add_deadline(std::int64_t when) {
    return when <= now_ ? add("due") : add(describe_duration(when - now_)).add(" left");
}

std::string TaskDump::standing(const Scope& scope) {
    switch (scope.state) {
        case ScopeState::parked: {
            const LeafKind& kind = *scope.leaf->leaf_kind;
            add("waits for ").add(kind.name);
            if (kind.describe != nullptr) {
                kind.describe(*scope.leaf, *this);
            }
            if (const std::int64_t since = waiting_since(scope); since != 0) {
                add(", since ").add(describe_duration(now_ - since));
            }
            return take();
        }
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
    if (is_running(scope)) {
        return "runs";
    }
    return scope.has(Scope::cancelled) ? "stopping" : "ready to run";
}

std::string TaskDump::place(const Scope& scope) {
    std::string text;
    if (has_chain(scope)) {
        walk_chain(scope, [&](const PromiseBase& promise) {
            if (text.empty() && !is_internal(promise.place)) {
                text = describe_place(promise.place);
            }
        });
    }
    return text;
}

std::string TaskDump::line(const Scope& scope) {
    std::string text = scope.kind->name;
    if (const std::string_view given = name_of(scope); !given.empty()) {
        text.append(" \"").append(given).append("\"");
    }
    if (scope.kind->describe != nullptr) {
        scope.kind->describe(scope, *this);
        text.append(take());
    }
    if (const std::string now = standing(scope); !now.empty()) {
        text.append(": ").append(now);
    }
    return text.append(cancel_note(scope));
}

void TaskDump::add_chain(std::string& text, const Scope& scope, std::size_t depth) {
    if (!has_chain(scope)) {
        return;
    }
    walk_chain(scope, [&](const PromiseBase& promise) {
        if (!is_internal(promise.place)) {
            text.append(indentation(depth)).append("in ").append(describe_place(promise.place));
            text.push_back('\n');
        }
    });
}

std::string TaskDump::tree() {
    std::string text;
    std::size_t lines = 0;
    const bool whole = walk_scopes(loop_.root(), [&](const Scope& scope, std::size_t depth) {
        text.append(indentation(depth)).append("- ").append(line(scope)).push_back('\n');
        add_chain(text, scope, depth + 2);
        return ++lines < lines_max;
    });
    return whole ? text : text.append("- … and more\n");
}

}  // namespace rondo::detail
