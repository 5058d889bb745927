// SPDX-License-Identifier: Apache-2.0
// Trio's shields beside ours, and what is a level about level-triggered cancellation.
#include <gtest/gtest.h>

#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::test {
namespace {

class ParityTrioShield : public ParityTest {
protected:
    /// Runs `body(group)` as the body of a group, which it may cancel: a cancel scope.
    template <class Body>
    static void run_in_scope(Body body) {
        run_sim([&]() -> Task<> { co_await task_group(body); });
    }
};

TEST_F(ParityTrioShield, each_await_after_a_cancel_stops_not_only_the_first) {
    differs("trio test_run: test_cancel_edge_cases (level-triggered)",
            "both are levels; Trio raises Cancelled at each checkpoint anew, and a handler may "
            "catch it. A stop is never thrown, and only a shield can await once more");
    run_in_scope([&](TaskGroup& group) -> Task<> {
        group.cancel();
        for (const char* const word : {"first", "second"}) {
            auto shielded = [&]() -> Task<> {
                co_await sleep(1s);
                log.say(word);
            };
            co_await shield(shielded);
        }
        try {
            co_await sleep(1s);
        } catch (...) {
            log.say("never");
        }
        log.say("never");
    });
    EXPECT_EQ(log.text(), "first second");
}

TEST_F(ParityTrioShield, what_is_shielded_goes_on_and_what_follows_stops) {
    same("trio test_run: test_cancel_shielding");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto body = [&]() -> Task<> {
            co_await shield(says("shielded", 3s));
            co_await sleep(1s);
            log.say("never");
        };
        co_await move_on_after(1s, body);
        EXPECT_EQ(now() - before, 3s);
    });
    EXPECT_EQ(log.text(), "shielded");
}

TEST_F(ParityTrioShield, a_shield_entered_after_the_cancel_covers_its_body_too) {
    same("trio test_run: test_cancel_shielding (entered when cancelled already)");
    run_in_scope([&](TaskGroup& group) -> Task<> {
        group.cancel();
        co_await shield(says("shielded", 1s));
        co_await yield();
        log.say("never");
    });
    EXPECT_EQ(log.text(), "shielded");
}

TEST_F(ParityTrioShield, a_scope_inside_a_shield_can_be_cancelled) {
    same("trio docs: a shield protects from scopes outside it, not from its own");
    run_in_scope([&](TaskGroup& outer) -> Task<> {
        outer.cancel();
        co_await shield([&]() -> Task<> {
            co_await task_group([&](TaskGroup& inner) -> Task<> {
                inner.cancel();
                co_await sleep(1s);
                log.say("never");
            });
            co_await says("still shielded", 1s);
        });
    });
    EXPECT_EQ(log.text(), "still shielded");
}

TEST_F(ParityTrioShield, a_shield_cannot_be_taken_away_under_what_it_covers) {
    differs("trio test_run: test_cancel_shield_abort",
            "in Trio one may reset the shield attribute, and a pending cancel strikes at once; "
            "here a shield is a block, which ends with its body or its deadline");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        co_await move_on_after(1s, shield(dies("body"), 2s));
        EXPECT_EQ(now() - before, 3s);
    });
    EXPECT_EQ(log.text(), "body");
}

TEST_F(ParityTrioShield, a_shielded_cleanup_does_not_swallow_the_stop_that_runs_it) {
    same("trio test_run: test_unshield_while_cancel_propagating (shielded on the way out)");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            co_await finally(dies("body"), says("cleanup", 1s));
            log.say("never");
        };
        co_await move_on_after(1s, body);
        log.say("after");
    });
    EXPECT_EQ(log.text(), "body cleanup after");
}

}  // namespace
}  // namespace rondo::test
