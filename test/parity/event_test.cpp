// SPDX-License-Identifier: Apache-2.0
// asyncio.Event beside rondo::Event.
#include "rondo/sync/event.hpp"

#include <gtest/gtest.h>

#include <string>

#include "parity/parity.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/event_loop.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityEvent : public ParityTest {
protected:
    Event event;

    Task<> pass(std::string word) {
        co_await event.wait();
        log.say(word);
    }
};

TEST_F(ParityEvent, it_tells_whether_it_is_set_and_the_tree_tells_who_waits) {
    differs("test_locks: EventTests.test_repr",
            "there is no repr: is_set() is the state, and dump_tasks() shows the waiters");
    run_sim([&]() -> Task<> {
        EXPECT_FALSE(event.is_set());
        TaskHandle<> waiter = create_task(pass("waiter"));
        co_await yield();
        const std::string tree = current_loop().dump_tasks();
        EXPECT_NE(tree.find("event.wait"), std::string::npos) << tree;
        event.set();
        EXPECT_TRUE(event.is_set());
        co_await waiter;
    });
}

TEST_F(ParityEvent, set_wakes_all_and_who_comes_to_a_set_one_passes_first) {
    same("test_locks: EventTests.test_wait");
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(pass("1"));
        TaskHandle<> two = create_task(pass("2"));
        co_await yield();
        EXPECT_EQ(log.text(), "");
        TaskHandle<> three = create_task(pass("3"));
        event.set();
        co_await yield();
        EXPECT_EQ(log.text(), "3 1 2") << "3 was ready before the others were woken";
        EXPECT_TRUE(one.succeeded() && two.succeeded() && three.succeeded());
    });
}

TEST_F(ParityEvent, waiting_for_a_set_one_takes_no_turn) {
    same("test_locks: EventTests.test_wait_on_set");
    run_sim([&]() -> Task<> {
        event.set();
        TaskHandle<> other = create_task([&] { log.say("other"); });
        co_await pass("passed");
        co_await other;
    });
    EXPECT_EQ(log.text(), "passed other");
}

TEST_F(ParityEvent, a_cancelled_waiter_stops_and_is_forgotten) {
    same("test_locks: EventTests.test_wait_cancel");
    run_sim([&]() -> Task<> {
        TaskHandle<> waiter = create_task(pass("never"));
        co_await yield();
        waiter.cancel();
        co_await waiter.wait();
        EXPECT_TRUE(waiter.cancelled());
        event.set();
        co_await yield();
    });
    EXPECT_EQ(log.text(), "");
}

TEST_F(ParityEvent, clear_takes_a_set_back) {
    same("test_locks: EventTests.test_clear");
    run_sim([&]() -> Task<> {
        EXPECT_FALSE(event.is_set());
        event.set();
        EXPECT_TRUE(event.is_set());
        event.clear();
        EXPECT_FALSE(event.is_set());
        const auto passed = co_await move_on_after(1s, event.wait());
        EXPECT_FALSE(passed);
    });
}

TEST_F(ParityEvent, a_clear_does_not_take_back_the_wake_of_those_who_waited) {
    same("test_locks: EventTests.test_clear_with_waiters");
    run_sim([&]() -> Task<> {
        TaskHandle<> waiter = create_task(pass("passed"));
        co_await yield();
        event.set();
        event.clear();
        EXPECT_FALSE(event.is_set());
        event.set();
        event.set();
        co_await yield();
        EXPECT_EQ(log.text(), "passed");
        EXPECT_TRUE(waiter.succeeded());
        event.clear();
    });
}

TEST_F(ParityEvent, a_waiter_cancelled_after_the_set_that_reached_it_passes) {
    differs("asyncio docs: a task that was woken may still be cancelled before it runs",
            "a result wins: the wait is over, and the stop comes at the next await");
    run_sim([&]() -> Task<> {
        TaskHandle<> waiter = create_task(pass("passed"));
        co_await yield();
        event.set();
        waiter.cancel();
        co_await waiter;
    });
    EXPECT_EQ(log.text(), "passed");
}

}  // namespace
}  // namespace rondo::test
