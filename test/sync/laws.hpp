// SPDX-License-Identifier: Apache-2.0
/// What holds for everything in rondo/sync that can be awaited: the same tests for each of them.
///
/// A Case is a primitive with one of its awaitables:
///   Case(int waiters)    as many pass at one open()
///   Task<> block()       from now on it waits; begins blocked or open, as it likes
///   auto prepare()       what a waiter holds while it waits, Nothing if nothing
///   auto make(held)      the awaitable
///   Task<> open()        lets `waiters` pass; only a passing of time suspends it
///   bool whole()         nothing was lost or doubled; `passed` is how many passed
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/base/config.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/ledger.hpp"
#include "support/turns.hpp"
#include "sync/allocations.hpp"

namespace rondo::test {

struct Nothing {};

struct CaseBase {
    int passed = 0;
    Nothing prepare() { return {}; }
};

struct CaseNames {
    template <class Case>
    static std::string GetName(int) {
        return Case::name;
    }
};

/// Awaits a named awaitable, and drops the result.
template <class Case, class Wait>
Task<> pass(Case& c, Wait& wait) {
    if constexpr (std::is_void_v<await_result_t<Wait>>) {
        co_await wait;
        ++c.passed;
    } else {
        [[maybe_unused]] const auto result = co_await wait;
        ++c.passed;
    }
}

template <class Case>
class Laws : public LedgerTest {
protected:
    Task<> waiter(Case& c, std::string word) {
        auto held = c.prepare();
        auto wait = c.make(held);
        co_await pass(c, wait);
        log.say(word);
    }

    /// A newcomer is served: the primitive is as good as new.
    Task<> still_works(Case& c) {
        TaskHandle<> handle = create_task(waiter(c, "next"));
        co_await turns(3);
        co_await c.open();
        co_await handle;
    }

    /// `rounds` waits, one for each time `started` grows.
    static Task<> rounds_of_waits(Case& c, int rounds, const int& started) {
        for (int i = 0; i < rounds; ++i) {
            while (started <= i) {
                co_await yield();
            }
            auto held = c.prepare();
            auto wait = c.make(held);
            co_await pass(c, wait);
        }
    }
};

TYPED_TEST_SUITE_P(Laws);

TYPED_TEST_P(Laws, waits_until_it_is_opened) {
    TypeParam c(1);
    auto main = [&]() -> Task<> {
        co_await c.block();
        TaskHandle<> handle = create_task(this->waiter(c, "passed"));
        co_await turns(5);
        EXPECT_FALSE(handle.done());
        this->log.say("open");
        co_await c.open();
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "open passed");
    EXPECT_TRUE(c.whole());
}

TYPED_TEST_P(Laws, serves_in_order_of_arrival) {
    TypeParam c(4);
    auto main = [&]() -> Task<> {
        co_await c.block();
        std::vector<TaskHandle<>> handles;
        for (int i = 0; i < 4; ++i) {
            handles.push_back(create_task(this->waiter(c, std::to_string(i))));
        }
        co_await turns(3);
        co_await c.open();
        for (TaskHandle<>& handle : handles) {
            co_await handle;
        }
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "0 1 2 3");
    EXPECT_TRUE(c.whole());
}

TYPED_TEST_P(Laws, in_a_cancelled_scope_it_stops_before_it_starts) {
    TypeParam c(1);
    auto main = [&]() -> Task<> {
        auto held = c.prepare();
        auto body = [&](TaskGroup& group) -> Task<> {
            group.cancel();
            auto wait = c.make(held);
            co_await pass(c, wait);
            this->log.say("passed");
        };
        co_await task_group(body);
        this->log.say("stopped");
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "stopped");
    EXPECT_EQ(c.passed, 0);
    EXPECT_TRUE(c.whole());
}

TYPED_TEST_P(Laws, a_cancelled_waiter_leaves_and_the_others_are_served) {
    TypeParam c(3);
    auto main = [&]() -> Task<> {
        co_await c.block();
        TaskHandle<> first = create_task(this->waiter(c, "first"));
        TaskHandle<> gone = create_task(this->waiter(c, "gone"));
        TaskHandle<> second = create_task(this->waiter(c, "second"));
        co_await turns(3);
        gone.cancel();
        TaskHandle<> third = create_task(this->waiter(c, "third"));
        co_await turns(3);
        EXPECT_TRUE(gone.cancelled());
        co_await c.open();
        co_await first;
        co_await second;
        co_await third;
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "first second third");
    EXPECT_TRUE(c.whole());
}

TYPED_TEST_P(Laws, cancelled_after_it_has_its_result_it_keeps_it) {
    TypeParam c(1);
    auto main = [&]() -> Task<> {
        co_await c.block();
        TaskHandle<> handle = create_task(this->waiter(c, "passed"));
        co_await turns(3);
        co_await c.open();
        handle.cancel();
        co_await handle;
        EXPECT_FALSE(handle.cancelled());
        co_await c.block();
        co_await this->still_works(c);
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "passed next");
    EXPECT_TRUE(c.whole());
}

TYPED_TEST_P(Laws, dropped_before_it_is_awaited_it_does_nothing) {
    TypeParam c(1);
    auto main = [&]() -> Task<> {
        co_await c.block();
        {
            auto held = c.prepare();
            [[maybe_unused]] auto wait = c.make(held);
            co_await turns(2);
        }
        co_await this->still_works(c);
    };
    run_sim(main);
    EXPECT_EQ(c.passed, 1);
    EXPECT_TRUE(c.whole());
}

TYPED_TEST_P(Laws, it_may_be_moved_before_it_is_awaited) {
    TypeParam c(1);
    auto main = [&]() -> Task<> {
        co_await c.block();
        auto moving = [&]() -> Task<> {
            auto held = c.prepare();
            auto wait = c.make(held);
            auto moved = std::move(wait);
            co_await pass(c, moved);
        };
        TaskHandle<> handle = create_task(moving());
        co_await turns(3);
        co_await c.open();
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(c.passed, 1);
    EXPECT_TRUE(c.whole());
}

TYPED_TEST_P(Laws, a_timeout_ends_the_wait) {
    TypeParam c(1);
    auto main = [&]() -> Task<> {
        co_await c.block();
        try {
            co_await timeout(5ms, this->waiter(c, "passed"));
        } catch (const TimeoutError&) {
            this->log.say("late");
        }
        co_await this->still_works(c);
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "late next");
    EXPECT_TRUE(c.whole());
}

TYPED_TEST_P(Laws, waiters_stop_when_run_ends) {
    TypeParam c(3);
    auto main = [&]() -> Task<> {
        co_await c.block();
        create_task(this->waiter(c, "0")).detach();
        create_task(this->waiter(c, "1")).detach();
        co_await turns(3);
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "");
}

TYPED_TEST_P(Laws, a_wait_allocates_nothing) {
    constexpr int rounds = 60;
    TypeParam c(1);
    long before = 0;
    long after = 0;
    auto main = [&]() -> Task<> {
        int started = 0;
        co_await c.block();
        TaskHandle<> handle = create_task(this->rounds_of_waits(c, rounds, started));
        for (int i = 0; i < rounds; ++i) {
            if (i == 10) {
                before = allocations();
            }
            ++started;
            co_await turns(3);
            co_await c.open();
            while (c.passed <= i) {
                co_await yield();
            }
            co_await c.block();
        }
        after = allocations();
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(c.passed, rounds);
    if (RONDO_ASAN == 0) {  // whose frames come from the heap
        EXPECT_EQ(after - before, 0);
    }
}

REGISTER_TYPED_TEST_SUITE_P(Laws, waits_until_it_is_opened, serves_in_order_of_arrival,
                            in_a_cancelled_scope_it_stops_before_it_starts,
                            a_cancelled_waiter_leaves_and_the_others_are_served,
                            cancelled_after_it_has_its_result_it_keeps_it,
                            dropped_before_it_is_awaited_it_does_nothing,
                            it_may_be_moved_before_it_is_awaited, a_timeout_ends_the_wait,
                            waiters_stop_when_run_ends, a_wait_allocates_nothing);

/// Of those that need not wait after open().
template <class Case>
class OpenLaws : public LedgerTest {};

TYPED_TEST_SUITE_P(OpenLaws);

TYPED_TEST_P(OpenLaws, it_passes_without_a_turn) {
    TypeParam c(1);
    auto main = [&]() -> Task<> {
        auto other = [&]() -> Task<> {
            this->log.say("other");
            co_return;
        };
        TaskHandle<> handle = create_task(other());
        auto held = c.prepare();
        co_await c.open();
        auto wait = c.make(held);
        co_await pass(c, wait);
        this->log.say("passed");
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "passed other");
    EXPECT_TRUE(c.whole());
}

TYPED_TEST_P(OpenLaws, always_open_it_lets_others_run) {
    TypeParam c(1);
    int turns_of_other = 0;
    auto main = [&]() -> Task<> {
        auto other = [&]() -> Task<> {
            for (;;) {
                ++turns_of_other;
                co_await yield();
            }
        };
        TaskHandle<> handle = create_task(other());
        for (int i = 0; i < 1000; ++i) {
            auto held = c.prepare();
            co_await c.open();
            auto wait = c.make(held);
            co_await pass(c, wait);
        }
    };
    run_sim(main);
    EXPECT_EQ(c.passed, 1000);
    EXPECT_GE(turns_of_other, 3);
    EXPECT_TRUE(c.whole());
}

TYPED_TEST_P(OpenLaws, cancelled_between_its_result_and_its_turn_it_keeps_the_result) {
    // A chain that had its share takes a turn although it has its result: a cancel then is late.
    TypeParam c(1);
    auto main = [&]() -> Task<> {
        auto greedy = [&]() -> Task<> {
            for (int i = 0; i < 1000; ++i) {
                auto held = c.prepare();
                co_await c.open();
                auto wait = c.make(held);
                co_await pass(c, wait);
            }
        };
        TaskHandle<> handle = create_task(greedy());
        co_await turns(2);
        handle.cancel();
        co_await turns(3);
        EXPECT_TRUE(handle.cancelled());
    };
    run_sim(main);
    EXPECT_GT(c.passed, 0);
    EXPECT_LT(c.passed, 1000);
    EXPECT_TRUE(c.whole());
}

REGISTER_TYPED_TEST_SUITE_P(OpenLaws, it_passes_without_a_turn, always_open_it_lets_others_run,
                            cancelled_between_its_result_and_its_turn_it_keeps_the_result);

/// Of those that can be awaited again under their name: what they gave before is forgotten.
template <class Case>
class AgainLaws : public LedgerTest {};

TYPED_TEST_SUITE_P(AgainLaws);

TYPED_TEST_P(AgainLaws, awaited_again_it_waits_again) {
    TypeParam c(1);
    auto main = [&]() -> Task<> {
        auto twice = [&]() -> Task<> {
            auto held = c.prepare();
            auto wait = c.make(held);
            co_await pass(c, wait);
            co_await c.block();
            co_await pass(c, wait);
        };
        co_await c.block();
        TaskHandle<> handle = create_task(twice());
        for (int i = 1; i <= 2; ++i) {
            co_await turns(5);
            EXPECT_EQ(c.passed, i - 1);
            co_await c.open();
            co_await turns(5);
            EXPECT_EQ(c.passed, i);
        }
        co_await handle;
    };
    run_sim(main);
    EXPECT_TRUE(c.whole());
}

TYPED_TEST_P(AgainLaws, awaited_again_it_can_be_cancelled_again) {
    TypeParam c(1);
    auto main = [&]() -> Task<> {
        auto twice = [&]() -> Task<> {
            auto held = c.prepare();
            auto wait = c.make(held);
            co_await pass(c, wait);
            co_await c.block();
            co_await pass(c, wait);
        };
        co_await c.block();
        TaskHandle<> handle = create_task(twice());
        co_await turns(5);
        co_await c.open();
        co_await turns(5);
        handle.cancel();
        co_await turns(3);
        EXPECT_TRUE(handle.cancelled());
        co_await c.open();
    };
    run_sim(main);
    EXPECT_EQ(c.passed, 1);
    EXPECT_TRUE(c.whole());
}

REGISTER_TYPED_TEST_SUITE_P(AgainLaws, awaited_again_it_waits_again,
                            awaited_again_it_can_be_cancelled_again);

}  // namespace rondo::test
