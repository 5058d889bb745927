// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/context_var.hpp"

#include <gtest/gtest.h>

#include <string>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/to_thread.hpp"
#include "support/ledger.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

ContextVar<std::string> user("nobody");
ContextVar<int> depth(0);

Task<std::string> asks() {
    co_await yield();
    co_return user.get();
}

using ContextVarTest = LedgerTest;

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

}  // namespace
}  // namespace rondo::test
