// SPDX-License-Identifier: Apache-2.0
/// Runs a program of the oracle under Rondo. Each statement is a coroutine; README.md says what
/// they mean.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "world.hpp"

namespace oracle {

class Interpreter {
public:
    explicit Interpreter(const Node& program) : program_(program), world_(program) {}

    /// Runs the program on virtual time and gives its trace.
    std::vector<std::string> run();

private:
    using Statement = rondo::Task<> (Interpreter::*)(const Node&, const Here&);
    static Statement find(const std::string& name);

    rondo::Task<> main();
    rondo::Task<> block(const std::vector<Node>& nodes, const Here& here);
    rondo::Task<std::int64_t> child(const Node& node);
    std::vector<rondo::Task<std::int64_t>> children(const Node& node);

    // statements.cpp
    rondo::Task<> do_log(const Node& node, const Here& here);
    rondo::Task<> do_block(const Node& node, const Here& here);
    rondo::Task<> do_sleep(const Node& node, const Here& here);
    rondo::Task<> do_yield(const Node& node, const Here& here);
    rondo::Task<> do_raise(const Node& node, const Here& here);
    rondo::Task<> do_try(const Node& node, const Here& here);
    rondo::Task<> do_guard(const Node& node, const Here& here);
    rondo::Task<> do_finally(const Node& node, const Here& here);
    rondo::Task<> do_shield(const Node& node, const Here& here);
    rondo::Task<> do_timeout(const Node& node, const Here& here);
    rondo::Task<> do_timeout_at(const Node& node, const Here& here);
    rondo::Task<> do_move_on(const Node& node, const Here& here);

    // task_statements.cpp
    rondo::Task<> do_gather(const Node& node, const Here& here);
    rondo::Task<> do_limit(const Node& node, const Here& here);
    rondo::Task<> do_settle(const Node& node, const Here& here);
    rondo::Task<> do_race(const Node& node, const Here& here);
    rondo::Task<> do_completed(const Node& node, const Here& here);
    rondo::Task<> do_group(const Node& node, const Here& here);
    rondo::Task<> do_spawn(const Node& node, const Here& here);
    rondo::Task<> do_cancel_group(const Node& node, const Here& here);
    rondo::Task<> do_create(const Node& node, const Here& here);
    rondo::Task<> do_await(const Node& node, const Here& here);
    rondo::Task<> do_cancel(const Node& node, const Here& here);
    rondo::Task<> do_drop(const Node& node, const Here& here);
    rondo::Task<> do_wait(const Node& node, const Here& here);
    void log_gathered(const Here& here, const std::vector<std::int64_t>& values);

    // sync_statements.cpp
    rondo::Task<> do_lock(const Node& node, const Here& here);
    rondo::Task<> do_try_lock(const Node& node, const Here& here);
    rondo::Task<> do_sem(const Node& node, const Here& here);
    rondo::Task<> do_release(const Node& node, const Here& here);
    rondo::Task<> do_cond_wait(const Node& node, const Here& here);
    rondo::Task<> do_notify(const Node& node, const Here& here);
    rondo::Task<> do_event_wait(const Node& node, const Here& here);
    rondo::Task<> do_event_set(const Node& node, const Here& here);
    rondo::Task<> do_event_clear(const Node& node, const Here& here);
    rondo::Task<> do_put(const Node& node, const Here& here);
    rondo::Task<> do_get(const Node& node, const Here& here);
    rondo::Task<> do_try_put(const Node& node, const Here& here);
    rondo::Task<> do_try_get(const Node& node, const Here& here);
    rondo::Task<> do_close(const Node& node, const Here& here);
    rondo::Task<> do_join(const Node& node, const Here& here);
    rondo::Task<> do_barrier(const Node& node, const Here& here);
    rondo::Task<> do_reset(const Node& node, const Here& here);
    rondo::Task<> do_abort(const Node& node, const Here& here);
    rondo::Task<> do_peek(const Node& node, const Here& here);

    const Node& program_;
    World world_;
};

}  // namespace oracle
