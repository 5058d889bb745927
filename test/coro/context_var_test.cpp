// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/context_var.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "rondo/coro/amap.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/loop/to_thread.hpp"
#include "support/ledger.hpp"
#include "support/run_sim.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

ContextVar<std::string> user("nobody");
ContextVar<int> depth(0);

Task<std::string> asks() {
    co_await yield();
    co_return user.get();
}

using ContextVarTest = LedgerTest;
using ContextVarDeathTest = LedgerTest;

TEST_F(ContextVarTest, unset_it_gives_its_fallback_everywhere) {
    EXPECT_EQ(user.get(), "nobody");
    EXPECT_EQ(run_sim(asks()), "nobody");
}

TEST_F(ContextVarTest, a_called_task_shares_the_variables_of_its_caller) {
    auto sets = []() -> Task<> {
        user.set("callee");
        co_return;
    };
    auto main = [&]() -> Task<std::string> {
        co_await sets();
        co_return user.get();
    };
    EXPECT_EQ(run_sim(main), "callee");
}

TEST_F(ContextVarTest, children_inherit_and_do_not_reach_their_parent) {
    auto child = [](std::string mine) -> Task<std::string> {
        const std::string before = user.get();
        user.set(mine);
        co_await yield();
        co_return before + ">" + user.get();
    };
    auto main = [&]() -> Task<> {
        user.set("parent");
        auto [a, b] = co_await gather(child("a"), child("b"));
        EXPECT_EQ(a, "parent>a");
        EXPECT_EQ(b, "parent>b");
        EXPECT_EQ(user.get(), "parent");
    };
    run_sim(main);
}

TEST_F(ContextVarTest, a_child_has_what_was_set_before_its_start_not_after) {
    auto main = [&]() -> Task<std::string> {
        user.set("early");
        std::string seen;
        auto body = [&](TaskGroup& group) -> Task<> {
            auto handle = group.spawn(asks());
            user.set("late");
            seen = co_await handle;
        };
        co_await task_group(body);
        co_return seen;
    };
    EXPECT_EQ(run_sim(main), "early");
}

TEST_F(ContextVarTest, reset_restores_what_was_there) {
    auto main = []() -> Task<> {
        auto first = user.set("one");
        auto second = user.set("two");
        depth.set(7);
        user.reset(second);
        EXPECT_EQ(user.get(), "one");
        user.reset(first);
        EXPECT_EQ(user.get(), "nobody");
        EXPECT_EQ(depth.get(), 7);
        co_return;
    };
    run_sim(main);
    EXPECT_EQ(depth.get(), 0);
}

TEST_F(ContextVarTest, create_task_inherits_from_the_task_that_calls_it) {
    auto main = []() -> Task<std::string> {
        user.set("main");
        auto handle = create_task(asks());
        co_return co_await handle;
    };
    EXPECT_EQ(run_sim(main), "main");
}

TEST_F(ContextVarTest, to_thread_carries_them_on_every_driver) {
    auto main = []() -> Task<std::string> {
        user.set("thread");
        auto call = to_thread([] { return user.get(); });
        co_return co_await call;
    };
    EXPECT_EQ(run_sim(main), "thread");
    EXPECT_EQ(run(main), "thread");
}

TEST_F(ContextVarTest, a_call_that_a_limit_held_back_has_the_variables_of_its_caller) {
    auto named = [](int id, std::string who) -> Task<std::string> {
        user.set("child " + std::to_string(id));
        co_await yield();
        co_return who;
    };
    auto main = [&]() -> Task<> {
        auto call = [&](int id) { return named(id, user.get()); };
        auto all = amap(limit(1), std::vector<int>{1, 2, 3}, call);
        const std::vector<std::string> seen = co_await all;
        EXPECT_EQ(seen, std::vector<std::string>(3, "nobody"));
    };
    run_sim(main);
}

TEST_F(ContextVarTest, what_a_call_sets_has_its_task) {
    auto main = []() -> Task<> {
        auto call = [](int id) {
            user.set("call " + std::to_string(id));
            return asks();
        };
        auto all = amap(limit(1), std::vector<int>{1, 2}, call);
        const std::vector<std::string> seen = co_await all;
        EXPECT_EQ(seen, (std::vector<std::string>{"call 1", "call 2"}));
        EXPECT_EQ(user.get(), "call 2");
        auto handle = create_task(call, 3);
        const std::string spawned = co_await handle;
        EXPECT_EQ(spawned, "call 3");
    };
    run_sim(main);
}

TEST_F(ContextVarTest, a_child_inherits_from_who_spawns_it_and_not_from_its_group) {
    auto main = [&]() -> Task<> {
        TaskGroup* shared = nullptr;
        std::string seen;
        auto outsider = [&]() -> Task<> {
            while (shared == nullptr) {
                co_await yield();
            }
            auto handle = shared->spawn(asks());
            const std::string got = co_await std::move(handle);
            seen = got;
        };
        TaskHandle<> outside = create_task(outsider());
        user.set("opener");
        auto body = [&](TaskGroup& group) -> Task<> {
            shared = &group;
            co_await outside;
        };
        co_await task_group(body);
        EXPECT_EQ(seen, "nobody");
        EXPECT_EQ(user.get(), "opener");
    };
    run_sim(main);
}

Task<> sets(std::string value) {
    co_await yield();
    user.set(std::move(value));
}

TEST_F(ContextVarTest, what_is_no_task_of_its_own_shares_the_variables_of_the_task_it_stands_in) {
    auto main = [&]() -> Task<> {
        co_await timeout(1h, sets("timeout"));
        EXPECT_EQ(user.get(), "timeout");
        co_await move_on_after(1h, sets("move on"));
        EXPECT_EQ(user.get(), "move on");
        co_await shield(sets("shield"));
        EXPECT_EQ(user.get(), "shield");
        auto cleanup = [&]() -> Task<> {
            log.say(user.get());
            co_await sets("cleanup");
        };
        co_await finally(sets("body"), cleanup);
        EXPECT_EQ(user.get(), "cleanup");
        auto nested = [] { return shield(timeout(1h, sets("nested"))); };
        co_await timeout(2h, nested);
        EXPECT_EQ(user.get(), "nested");
        co_await gather(timeout(1h, sets("child")));
        EXPECT_EQ(user.get(), "nested");
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "body");
}

TEST_F(ContextVarTest, the_body_of_a_group_shares_them_and_its_children_inherit_them) {
    auto main = []() -> Task<> {
        std::string seen;
        auto body = [&](TaskGroup& group) -> Task<> {
            co_await sets("body");
            auto handle = group.spawn(asks());
            group.spawn(sets("child"));
            const std::string got = co_await std::move(handle);
            seen = got;
        };
        co_await task_group(body);
        EXPECT_EQ(seen, "body");
        EXPECT_EQ(user.get(), "body");
    };
    run_sim(main);
}

TEST_F(ContextVarTest, what_was_set_before_a_deadline_stays_set) {
    auto main = []() -> Task<> {
        auto slow = []() -> Task<> {
            user.set("late");
            co_await sleep(1h);
        };
        co_await move_on_after(1ms, slow());
        EXPECT_EQ(user.get(), "late");
    };
    run_sim(main);
}

TEST_F(ContextVarDeathTest, a_posted_function_sets_none) {
    auto main = []() -> Task<> {
        current_loop().post([] { user.set("posted"); });
        co_await turns(3);
    };
    EXPECT_DEATH(run_sim(main), "a ContextVar is set by a task");
}

}  // namespace
}  // namespace rondo::test
