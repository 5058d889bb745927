// SPDX-License-Identifier: Apache-2.0
// Trio's deadlines beside ours.
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

using ParityTrioDeadline = ParityTest;

TEST_F(ParityTrioDeadline, time_passes_exactly) {
    same("trio test_run: test_timekeeping");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        co_await sleep_until(before + 1s);
        EXPECT_EQ(now() - before, 1s);
        co_await move_on_at(before + 3s, forever());
        EXPECT_EQ(now() - before, 3s);
    });
}

TEST_F(ParityTrioDeadline, a_deadline_stops_what_waits_and_goes_on_behind_it) {
    same("trio test_run: test_basic_timeout");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        const auto value = co_await move_on_after(5s, dies("body"));
        EXPECT_FALSE(value);
        EXPECT_EQ(now() - before, 5s);
        co_await sleep(1s);
        log.say("after");
    });
    EXPECT_EQ(log.text(), "body after");
}

TEST_F(ParityTrioDeadline, a_deadline_in_the_past_lets_the_block_run_to_its_first_wait) {
    same("trio test_timeouts: test_move_on_after (a deadline that passed already)");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            log.say("begins");
            co_await sleep(1s);
            log.say("never");
        };
        const TimePoint before = now();
        co_await move_on_at(before - 1s, body);
        EXPECT_EQ(now(), before);
    });
    EXPECT_EQ(log.text(), "begins");
}

TEST_F(ParityTrioDeadline, less_than_nothing_is_nothing) {
    differs("trio test_timeouts: test_timeouts_raise_value_error",
            "a negative duration is a deadline that has passed, not a ValueError");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        const auto value = co_await move_on_after(-1s, dies("body"));
        EXPECT_FALSE(value);
        EXPECT_EQ(now(), before);
    });
    EXPECT_EQ(log.text(), "body");
}

TEST_F(ParityTrioDeadline, an_infinite_one_never_comes) {
    same("trio docs: math.inf as a deadline");
    run_sim([&]() -> Task<> {
        const auto value = co_await move_on_after(Duration::max(), value_after(1000h, 7));
        EXPECT_EQ(value, 7);
    });
}

TEST_F(ParityTrioDeadline, the_least_of_all_enclosing_ones_counts) {
    differs("trio test_run: test_current_effective_deadline (the minimum)",
            "the minimum is the same; there is no call that tells it");
    run_sim([&]() -> Task<> {
        for (const int outer : {1, 2, 9}) {
            for (const int inner : {1, 2, 9}) {
                const TimePoint before = now();
                auto middle = [&] {
                    return move_on_after(
                        5s, [&] { return move_on_after(std::chrono::seconds(inner), forever()); });
                };
                co_await move_on_after(std::chrono::seconds(outer), middle);
                const Duration least = std::chrono::seconds(std::min({outer, inner, 5}));
                EXPECT_EQ(now() - before, least) << outer << " and " << inner;
            }
        }
    });
}

TEST_F(ParityTrioDeadline, a_shield_begins_a_minimum_of_its_own) {
    differs("trio test_run: test_current_effective_deadline (shielded)",
            "deadlines outside do not count in either; ours has a deadline of its own from the "
            "moment an outer one strikes, so that it is bounded");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto shielded = [&] { return move_on_after(4s, dies("inner deadline")); };
        co_await move_on_after(1s, shield(shielded));
        EXPECT_EQ(now() - before, 4s);
        co_await move_on_after(1s, shield(dies("shield's deadline")));
        EXPECT_EQ(now() - before, 4s + 1s + default_shield);
    });
    EXPECT_EQ(log.text(), "inner deadline shield's deadline");
}

TEST_F(ParityTrioDeadline, a_shield_without_an_outer_cancel_is_no_deadline) {
    same("trio docs: CancelScope(shield=True) without a deadline");
    run_sim([&]() -> Task<> {
        const int value = co_await shield(value_after(1h, 5));
        EXPECT_EQ(value, 5);
    });
}

TEST_F(ParityTrioDeadline, a_cancel_from_outside_is_not_mistaken_for_the_deadline) {
    same("trio test_timeouts: test_fail (only the scope's own deadline is TooSlowError)");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            try {
                co_await timeout(5s, dies("body"));
            } catch (const TimeoutError&) {
                log.say("never");
            }
            log.say("never");
        };
        TaskHandle<> handle = create_task(body);
        co_await sleep(1s);
        handle.cancel();
        co_await handle.wait();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "body");
}

TEST_F(ParityTrioDeadline, the_deadline_that_fails_throws_where_it_stands) {
    same("trio test_timeouts: test_fail");
    run_sim([&]() -> Task<> {
        auto inner = [&]() -> Task<> {
            try {
                co_await timeout(1s, dies("body"));
            } catch (const TimeoutError&) {
                log.say("inner");
            }
            co_await sleep(1s);
            log.say("goes on");
        };
        co_await timeout(5s, inner);
    });
    EXPECT_EQ(log.text(), "body inner goes on");
}

TEST_F(ParityTrioDeadline, in_time_it_gives_the_value_and_leaves_no_timer) {
    same("trio test_timeouts: test_fail (in time)");
    run_sim([&]() -> Task<> {
        const int value = co_await timeout(5s, value_after(1s, 7));
        EXPECT_EQ(value, 7);
        EXPECT_EQ(current_loop().stats().timers, 0U);
        co_await sleep(10s);
    });
}

TEST_F(ParityTrioDeadline, a_deadline_that_passed_meanwhile_is_noticed_by_a_task_that_only_yields) {
    differs(
        "trio test_run: test_yield_briefly_checks_for_timeout",
        "Trio looks at each checkpoint; a busy loop reads its clock once in 16 turns, and dates a "
        "new deadline then, so a few turns more may pass");
    run_sim([&]() -> Task<> {
        int turns_after = 0;
        auto busy = [&]() -> Task<> {
            co_await turns(20);
            current_loop().driver().block_for(Duration(2s).count());
            for (turns_after = 0; turns_after < 1000; ++turns_after) {
                co_await yield();
            }
        };
        const auto ended = co_await move_on_after(1s, busy);
        EXPECT_FALSE(ended);
        EXPECT_LE(turns_after, 17);
    });
}

TEST_F(ParityTrioDeadline, of_two_that_pass_at_once_the_inner_one_reports) {
    differs("trio test_run: test_cancel_scope_nesting (two at once)",
            "in Trio the outer one wins; here the innermost that expired reports, so that a "
            "handler next to the work sees it, and the outer one strikes at the next await");
    run_sim([&]() -> Task<> {
        auto inner = [&]() -> Task<> {
            const auto value = co_await move_on_after(1s, dies("body"));
            log.say(value ? "value" : "inner");
            co_await yield();
            log.say("never");
        };
        const auto value = co_await move_on_after(1s, inner);
        log.say(value ? "value" : "outer");
    });
    EXPECT_EQ(log.text(), "body inner outer");
}

TEST_F(ParityTrioDeadline, a_duration_counts_from_the_entry_not_from_the_making) {
    same("trio test_timeouts: test_timeout_deadline_on_entry");
    run_sim([&]() -> Task<> {
        auto bounded = move_on_after(5s, dies("body"));
        co_await sleep(3s);
        const TimePoint entered = now();
        co_await bounded;
        EXPECT_EQ(now() - entered, 5s);
    });
    EXPECT_EQ(log.text(), "body");
}

TEST_F(ParityTrioDeadline, a_deadline_cannot_be_moved_once_it_runs) {
    differs("trio test_run: test_cancel_scope_deadline_duplicates",
            "Trio lets one assign the deadline again and again; here a new deadline is a new "
            "scope, inside the old one");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto rounds = [&]() -> Task<> {
            for (int round = 0; round < 5; ++round) {
                co_await move_on_after(1s, forever());
            }
        };
        co_await move_on_after(3500ms, rounds);
        EXPECT_EQ(now() - before, 3500ms);
    });
}

}  // namespace
}  // namespace rondo::test
