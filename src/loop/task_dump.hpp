// SPDX-License-Identifier: Apache-2.0
/// What is known of scopes, as text: for dumps, reports and TaskInfo.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

#include "rondo/coro/describer.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo::detail {

/// One look at the tree of this thread's loop. Valid until a task runs. Requires: RunState::current
/// is alive.
class TaskDump final : public Describer {
public:
    explicit TaskDump(EventLoop& loop);

    /// All tasks, each with its chain; at most `lines_max` lines.
    std::string tree();
    /// `task "name"`, or `task function`.
    std::string name(const Scope& scope);
    /// "waits for lock.acquire "db", held by task "writer", for 2 s", "ready to run", …
    std::string standing(const Scope& scope);
    /// "fetch (client.cpp:42)": the user's innermost coroutine; empty when the task runs.
    std::string place(const Scope& scope);

    Describer& add_task(const Scope* scope) override;
    Describer& add_deadline(std::int64_t when) override;

private:
    std::string line(const Scope& scope);
    void add_chain(std::string& text, const Scope& scope, std::size_t indent);
    bool is_running(const Scope& scope) const { return running_.count(&scope) != 0; }
    bool is_alive(const Scope* scope);
    bool has_chain(const Scope& scope) const;
    std::string root_function(const Scope& scope);

    EventLoop& loop_;
    std::int64_t now_;
    std::unordered_set<const Scope*> running_;  ///< whose frames run: their chain is not readable
    std::unordered_set<const Scope*> alive_;    ///< filled when first asked for
};

/// "350 ms", "2.5 s", "3 min": for people.
std::string describe_duration(std::int64_t nanoseconds);

}  // namespace rondo::detail
