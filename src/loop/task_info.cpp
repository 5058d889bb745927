// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/task_info.hpp"

#include "loop/scope_walk.hpp"
#include "loop/task_dump.hpp"
#include "rondo/coro/scope_info.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo {
namespace {

using detail::Scope;

// What runs inside a timeout of the task is the task, too, whose own chain waits for the timeout.
bool is_running_task(const Scope& scope) {
    const Scope* const running = current_loop().running_scope();
    return running != nullptr && detail::task_of(*running) == &scope;
}

TaskInfo info_about(const Scope& scope, detail::TaskDump& dump) {
    const bool runs = is_running_task(scope);
    TaskInfo info;
    info.name = detail::name_of(scope);
    info.standing = runs ? "runs" : dump.standing(scope);
    info.place = runs ? "" : dump.place(scope);
    info.cancelled = scope.has(Scope::cancelled) ? scope.reason : Reason::none;
    info.id = &scope;
    return info;
}

const Scope& running_task() {
    const Scope* const scope = current_loop().running_scope();
    RONDO_REQUIRE(scope != nullptr, "there is no current task: nothing runs on this thread");
    const Scope* const task = detail::task_of(*scope);
    RONDO_REQUIRE(task != nullptr, "there is no current task: a callback of the loop runs");
    return *task;
}

}  // namespace

TaskInfo current_task() {
    detail::TaskDump dump(current_loop());
    return info_about(running_task(), dump);
}

void set_task_name(std::string_view name) {
    detail::set_name(const_cast<Scope&>(running_task()), name);
}

std::vector<TaskInfo> all_tasks() {
    std::vector<TaskInfo> tasks;
    detail::TaskDump dump(current_loop());
    detail::walk_scopes(current_loop().root(), [&](const Scope& scope, std::size_t) {
        if (scope.kind->is_task && !scope.ended()) {
            tasks.push_back(info_about(scope, dump));
        }
        return true;
    });
    return tasks;
}

std::string EventLoop::dump_tasks() { return detail::TaskDump(*this).tree(); }

}  // namespace rondo
