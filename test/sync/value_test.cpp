// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/value.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

struct ValueCase : CaseBase {
    Value<int> value{0};
    Task<> block() {
        value.set(0);
        co_return;
    }
    Task<> open() {
        value.set(1);
        co_return;
    }
    bool whole() const { return true; }
};
struct ValueWait : ValueCase {
    static constexpr const char* name = "wait";
    explicit ValueWait(int) {}
    auto make(Nothing) {
        return value.wait([](int state) { return state == 1; });
    }
};
struct ValueWaitValue : ValueCase {
    static constexpr const char* name = "wait_value";
    explicit ValueWaitValue(int) {}
    auto make(Nothing) { return value.wait_value(1); }
};
/// Any set() ends it, so blocking does nothing.
struct ValueWaitChange : ValueCase {
    static constexpr const char* name = "wait_change";
    explicit ValueWaitChange(int) {}
    Task<> block() { co_return; }
    auto make(Nothing) { return value.wait_change(); }
};

using ValueCases = testing::Types<ValueWait, ValueWaitValue, ValueWaitChange>;
using ValueOpenCases = testing::Types<ValueWait, ValueWaitValue>;
INSTANTIATE_TYPED_TEST_SUITE_P(value, Laws, ValueCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(value, OpenLaws, ValueOpenCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(value, AgainLaws, ValueCases, CaseNames);

class ValueTest : public LedgerTest {
protected:
    Value<int> value{0};

    Task<> wait_above(int bound) {
        const int seen = co_await value.wait([bound](int state) { return state > bound; });
        log.say(std::to_string(seen));
    }
    Task<> wait_change() {
        const int seen = co_await value.wait_change();
        log.say(std::to_string(seen));
    }
};
using ValueDeathTest = ValueTest;

TEST_F(ValueTest, holds_its_state) {
    EXPECT_EQ(value.get(), 0);
    value.set(3);
    EXPECT_EQ(value.get(), 3);
    value.update([](int& state) { ++state; });
    EXPECT_EQ(value.get(), 4);
}

TEST_F(ValueTest, a_state_that_lasted_an_instant_is_not_missed) {
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait_above(5));
        co_await yield();
        value.set(9);
        value.set(0);
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "9");
}

TEST_F(ValueTest, only_those_are_woken_whose_predicate_holds) {
    auto main = [&]() -> Task<> {
        TaskHandle<> ten = create_task(wait_above(10));
        TaskHandle<> five = create_task(wait_above(5));
        co_await yield();
        value.set(7);
        co_await turns(2);
        EXPECT_TRUE(five.done());
        EXPECT_FALSE(ten.done());
        value.set(11);
        co_await ten;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "7 11");
}

TEST_F(ValueTest, a_waiter_sees_the_first_state_that_matched) {
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait_above(0));
        co_await yield();
        value.set(1);
        value.set(2);
        co_await handle;
        EXPECT_EQ(value.get(), 2);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1");
}

TEST_F(ValueTest, wait_change_ends_at_the_next_set_even_to_the_same_state) {
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait_change());
        co_await turns(3);
        EXPECT_FALSE(handle.done());
        value.set(0);
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0");
}

TEST_F(ValueTest, update_wakes_like_set) {
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait_above(1));
        co_await yield();
        value.update([](int& state) { state = 2; });
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "2");
}

TEST_F(ValueTest, an_update_that_throws_after_its_change_still_wakes) {
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait_above(1));
        co_await yield();
        auto failing = [](int& state) {
            state = 2;
            throw std::runtime_error("update");
        };
        EXPECT_THROW(value.update(failing), std::runtime_error);
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "2");
}

TEST_F(ValueTest, what_a_predicate_throws_reaches_its_waiter_and_not_set) {
    auto main = [&]() -> Task<> {
        auto failing = [&]() -> Task<> {
            auto throws = [](int state) {
                if (state == 1) {
                    throw std::runtime_error("predicate");
                }
                return false;
            };
            try {
                co_await value.wait(throws);
            } catch (const std::runtime_error&) {
                log.say("caught");
            }
        };
        TaskHandle<> one = create_task(failing());
        TaskHandle<> two = create_task(wait_above(0));
        co_await yield();
        EXPECT_NO_THROW(value.set(1));
        co_await one;
        co_await two;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "caught 1");
}

TEST_F(ValueTest, what_a_predicate_throws_at_once_reaches_its_waiter) {
    auto main = [&]() -> Task<> {
        auto throws = [](int) -> bool { throw std::runtime_error("predicate"); };
        try {
            co_await value.wait(throws);
        } catch (const std::runtime_error&) {
            log.say("caught");
        }
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "caught");
}

TEST_F(ValueTest, a_wait_that_failed_once_may_succeed_when_awaited_again) {
    auto main = [&]() -> Task<> {
        bool fails = true;
        auto waiting = value.wait([&](int) -> bool {
            if (fails) {
                throw std::runtime_error("predicate");
            }
            return true;
        });
        for (int i = 0; i < 2; ++i) {
            try {
                const int seen = co_await waiting;
                log.say(std::to_string(seen));
            } catch (const std::runtime_error&) {
                log.say("caught");
            }
            fails = false;
        }
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "caught 0");
}

TEST_F(ValueTest, the_waiter_gets_a_copy_of_its_own) {
    auto main = []() -> Task<> {
        Value<Tracked> tracked(Tracked(0));
        auto wait = [&]() -> Task<int> {
            const Tracked seen =
                co_await tracked.wait([](const Tracked& state) { return state.number() == 1; });
            EXPECT_TRUE(seen.whole());
            co_return seen.number();
        };
        TaskHandle<int> one = create_task(wait());
        TaskHandle<int> two = create_task(wait());
        co_await yield();
        tracked.set(Tracked(1));
        tracked.set(Tracked(2));
        const int first = co_await one;
        const int second = co_await two;
        EXPECT_EQ(first + second, 2);
    };
    run_sim(main);
    EXPECT_EQ(Tracked::live(), 0);
}

TEST_F(ValueDeathTest, must_not_die_while_a_task_waits) {
    auto main = []() -> Task<> {
        auto mine = std::make_unique<Value<int>>();
        auto wait = [&]() -> Task<> { co_await mine->wait_change(); };
        TaskHandle<> handle = create_task(wait());
        co_await yield();
        mine.reset();
    };
    EXPECT_DEATH(run_sim(main), "a Value was destroyed while a task waits");
}

TEST_F(ValueTest, no_change_is_missed_for_all_seeds) {
    int seen_changes = 0;
    for (std::uint64_t seed = 1; seed <= stress_seeds; ++seed) {
        Value<int> counter(0);
        auto round = [&](int worker) -> Task<> {
            if (worker < 3) {
                counter.update([](int& state) { ++state; });
                co_return;
            }
            const int wanted = counter.get() + 1 + worker % 3;
            const int seen = co_await counter.wait([wanted](int state) { return state >= wanted; });
            EXPECT_EQ(seen, wanted) << "the first state that matches";
            ++seen_changes;
        };
        stress(seed, round, [] {});
    }
    EXPECT_GT(seen_changes, 500);
}

}  // namespace rondo::test
