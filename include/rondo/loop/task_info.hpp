// SPDX-License-Identifier: Apache-2.0
/// Tasks as they can be looked at: copies, for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rondo/coro/scope.hpp"

namespace rondo {

/// What is known of one task. A *task* is the main task, a spawned one, or a child of gather or
/// race.
struct TaskInfo {
    std::string name;          ///< empty when it was given none
    std::string standing;      ///< "runs", "ready to run", "waits for queue.get", …
    std::string place;         ///< "fetch (client.cpp:42)": where it waits; empty when it runs
    Reason cancelled;          ///< Reason::none when it is not cancelled
    const void* id = nullptr;  ///< distinguishes tasks that live at the same time

    TaskInfo() : cancelled(Reason::none) {}
};

/// The task that runs now. Requires: called from a task. asyncio.current_task().
TaskInfo current_task();

/// Gives the task that runs now a name for people. asyncio's Task.set_name().
void set_task_name(std::string_view name);

/// All tasks of this loop that have not ended, oldest first under each parent. asyncio.all_tasks().
std::vector<TaskInfo> all_tasks();

}  // namespace rondo
