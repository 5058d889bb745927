// SPDX-License-Identifier: Apache-2.0
#include "loop/debug_watch.hpp"

#include <exception>
#include <system_error>

#include "coro/function_name.hpp"
#include "loop/scope_walk.hpp"
#include "loop/task_dump.hpp"
#include "rondo/base/report.hpp"
#include "rondo/coro/scope_info.hpp"

namespace rondo::detail {

DebugWatch::DebugWatch(Driver& driver, Duration slow)
    : Watchdog(slow), driver_(driver), slow_(slow.count()) {
    if (driver.uses_threads()) {
        start();
    }
}

DebugWatch::~DebugWatch() { stop(); }

void DebugWatch::resumes(const Scope& scope) {
    const Scope* const task = task_of(scope);
    const std::lock_guard lock(mutex());
    name_ = task != nullptr ? name_of(*task) : name_of(scope);
    root_ = resumed_ = std::source_location();
    walk_chain(scope, [this](const PromiseBase& promise) {
        if (!is_internal(promise.place)) {
            resumed_ = resumed_.line() == 0 ? promise.place : resumed_;
            root_ = promise.place;
        }
    });
    if (root_.line() == 0 && name_.empty()) {
        name_ = task != nullptr ? task->kind->name : scope.kind->name;
    }
    begun_ = driver_.now();
    begin_stretch();
}

void DebugWatch::calls(const char* what) {
    const std::lock_guard lock(mutex());
    name_ = what;
    root_ = resumed_ = std::source_location();
    begun_ = driver_.now();
    begin_stretch();
}

void DebugWatch::suspended(Scope& scope) {
    const std::int64_t now = came_back();
    for (Scope* at = local.current;; at = at->parent) {
        set_waiting_since(*at, now);
        if (at == &scope) {
            return;
        }
    }
}

std::int64_t DebugWatch::came_back() {
    const std::lock_guard lock(mutex());
    end_stretch();
    const std::int64_t now = driver_.now();
    if (now - begun_ >= slow_) {
        report(subject() + " blocked the loop for " + describe_duration(now - begun_));
    }
    return now;
}

void DebugWatch::late(std::chrono::nanoseconds elapsed) noexcept {
    try {
        report(subject() + " blocks the loop, for " + describe_duration(elapsed.count()) +
               " so far");
    } catch (const std::exception& error) {
        report(error.what());
    }
}

// task "crunch", resumed in work (a.cpp:12),
std::string DebugWatch::subject() const {
    if (root_.line() == 0) {
        return name_;
    }
    std::string text = "task ";
    if (name_.empty()) {
        text.append(short_function_name(root_.function_name()));
    } else {
        text.append("\"").append(name_).append("\"");
    }
    return text.append(", resumed in ").append(describe_place(resumed_)).append(",");
}

}  // namespace rondo::detail
