// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/event.hpp"

#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

struct EventWait : CaseBase {
    static constexpr const char* name = "wait";
    Event event;

    explicit EventWait(int) {}
    Task<> block() {
        event.clear();
        co_return;
    }
    auto make(Nothing) { return event.wait(); }
    Task<> open() {
        event.set();
        co_return;
    }
    bool whole() const { return true; }
};

using Cases = testing::Types<EventWait>;
INSTANTIATE_TYPED_TEST_SUITE_P(event, Laws, Cases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(event, OpenLaws, Cases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(event, AgainLaws, Cases, CaseNames);

class EventTest : public LedgerTest {
protected:
    Event event;

    Task<> wait(std::string word) {
        co_await event.wait();
        log.say(word);
    }
};
using EventDeathTest = EventTest;

TEST_F(EventTest, begins_unset_and_says_so) {
    // asyncio: test_repr shows "unset", then "set"; Rondo: is_set().
    EXPECT_FALSE(event.is_set());
    event.set();
    EXPECT_TRUE(event.is_set());
    event.clear();
    EXPECT_FALSE(event.is_set());
}

TEST_F(EventTest, set_wakes_all_who_wait) {  // test_wait
    auto main = [&]() -> Task<> {
        TaskHandle<> one = create_task(wait("1"));
        TaskHandle<> two = create_task(wait("2"));
        co_await yield();
        EXPECT_TRUE(log.empty());
        TaskHandle<> three = create_task(wait("3"));
        co_await yield();
        event.set();
        EXPECT_TRUE(log.empty()) << "set() runs nobody by itself";
        co_await one;
        co_await two;
        co_await three;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 2 3");
}

TEST_F(EventTest, wait_on_a_set_one_does_not_suspend) {  // test_wait_on_set
    event.set();
    auto main = [&]() -> Task<> {
        create_task(wait("other")).detach();
        co_await wait("main");
        co_await yield();
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "main other");
}

TEST_F(EventTest, a_cancelled_wait_is_stopped_and_leaves_nobody_behind) {  // test_wait_cancel
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait("never"));
        co_await yield();
        handle.cancel();
        co_await yield();
        EXPECT_TRUE(handle.cancelled());
        event.set();
        co_await turns(3);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "");
}

TEST_F(EventTest, clear_makes_it_wait_again) {  // test_clear
    auto main = [&]() -> Task<> {
        event.set();
        co_await wait("set");
        event.clear();
        TaskHandle<> handle = create_task(wait("again"));
        co_await turns(3);
        EXPECT_FALSE(handle.done());
        event.set();
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "set again");
}

TEST_F(EventTest, a_woken_waiter_goes_on_even_if_it_was_cleared) {  // test_clear_with_waiters
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait("woken"));
        co_await yield();
        event.set();
        event.clear();
        event.set();
        event.clear();
        co_await handle;
        EXPECT_FALSE(event.is_set());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "woken");
}

TEST_F(EventTest, set_twice_wakes_once) {
    event.set();
    event.set();
    auto main = [&]() -> Task<> { co_await wait("once"); };
    run_sim(main);
    EXPECT_EQ(log.text(), "once");
}

TEST_F(EventTest, one_who_was_cancelled_first_misses_a_set_of_the_same_turn) {
    auto main = [&]() -> Task<> {
        TaskHandle<> early = create_task(wait("early"));
        TaskHandle<> late = create_task(wait("late"));
        co_await yield();
        early.cancel();
        event.set();
        late.cancel();
        co_await turns(2);
        EXPECT_TRUE(early.cancelled());
        EXPECT_FALSE(late.cancelled());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "late");
}

TEST_F(EventTest, one_who_waits_for_ever_is_reported_as_a_deadlock) {
    auto main = [&]() -> Task<> { co_await event.wait(); };
    try {
        run_sim(main);
        FAIL() << "a deadlock was not reported";
    } catch (const Deadlock& deadlock) {
        EXPECT_NE(std::string(deadlock.what()).find("event.wait"), std::string::npos);
    }
}

TEST_F(EventDeathTest, must_not_die_while_a_task_waits) {
    auto main = []() -> Task<> {
        auto flag = std::make_unique<Event>();
        auto wait = [&]() -> Task<> { co_await flag->wait(); };
        TaskHandle<> handle = create_task(wait());
        co_await yield();
        flag.reset();
    };
    EXPECT_DEATH(run_sim(main), "an Event was destroyed while a task waits");
}

TEST_F(EventTest, whoever_waited_at_a_set_is_woken_for_all_seeds) {
    int sets = 0;
    for (std::uint64_t seed = 1; seed <= stress_seeds; ++seed) {
        Event flag;
        auto round = [&](int worker) -> Task<> {
            if (worker < 2) {
                flag.set();
                ++sets;
                flag.clear();
            } else {
                const int before = sets;
                co_await flag.wait();
                EXPECT_GT(sets, before) << "woken without a set";
            }
        };
        stress(seed, round, [] {});
    }
    EXPECT_GT(sets, 100);
}

}  // namespace rondo::test
