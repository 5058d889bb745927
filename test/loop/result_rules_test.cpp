// SPDX-License-Identifier: Apache-2.0
// Rules 4 to 6 of cancellation: results, and the memory that operations borrow.
// docs/cancellation.md lists all rules with their tests.
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/await_operation.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/sync/lock.hpp"
#include "rondo/sync/queue.hpp"
#include "rondo/sync/semaphore.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"
#include "support/point_driver.hpp"

namespace rondo::test {
namespace {

class ResultRulesTest : public LedgerTest {
protected:
    Task<> dies(std::string word) {
        const AtEnd end(log, std::move(word));
        co_await sleep(1h);
    }
};

TEST_F(ResultRulesTest, rule_4_a_result_wins_and_cancellation_strikes_at_the_next_await) {
    Gate gate;
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task([&]() -> Task<> {
            co_await gate.wait();
            log.say("passed");
            co_await yield();
            log.say("never");
        });
        co_await yield();
        gate.open();
        handle.cancel();
        co_await yield();
    });
    EXPECT_EQ(log.text(), "passed");
}

TEST_F(ResultRulesTest, rule_4_what_was_handed_over_before_the_cancel_is_delivered) {
    Lock lock;
    Semaphore semaphore(0);
    Queue<int> queue;
    std::optional<Lock::Guard> held = lock.try_acquire();
    run_sim([&]() -> Task<> {
        auto takes_lock = [&]() -> Task<> {
            const Lock::Guard guard = co_await lock.acquire();
            log.say("lock");
            co_await yield();
            log.say("never");
        };
        auto takes_permit = [&]() -> Task<> {
            const Semaphore::Permit permit = co_await semaphore.acquire();
            log.say("permit");
            co_await yield();
            log.say("never");
        };
        auto takes_item = [&]() -> Task<> {
            const int item = co_await queue.get();
            log.say(std::to_string(item));
            co_await yield();
            log.say("never");
        };
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(takes_lock);
            group.spawn(takes_permit);
            group.spawn(takes_item);
            co_await yield();
            held.reset();
            semaphore.release();
            EXPECT_TRUE(queue.try_put(7));
            group.cancel();
        });
    });
    EXPECT_EQ(log.text(), "lock permit 7");
    EXPECT_FALSE(lock.locked());
    EXPECT_EQ(semaphore.available(), 1U);
}

TEST_F(ResultRulesTest, rule_4_what_was_cancelled_before_took_nothing) {
    Lock lock;
    Semaphore semaphore(0);
    Queue<int> queue;
    std::optional<Lock::Guard> held = lock.try_acquire();
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> { const auto guard = co_await lock.acquire(); });
            group.spawn([&]() -> Task<> { const auto permit = co_await semaphore.acquire(); });
            group.spawn([&]() -> Task<> { co_await queue.get(); });
            co_await yield();
            group.cancel();
            held.reset();
            semaphore.release();
            EXPECT_TRUE(queue.try_put(7));
        });
    });
    EXPECT_FALSE(lock.locked());
    EXPECT_EQ(semaphore.available(), 1U);
    EXPECT_EQ(queue.size(), 1U);
}

TEST_F(ResultRulesTest, rule_4_a_kernel_operation_that_ended_with_its_value_delivers_it) {
    run_sim([&]() -> Task<> {
        auto slow = [&](bool wins) -> Task<> {
            SlowOperation operation(5ms, wins);
            const bool late = co_await operation;
            log.say(late ? "value-after-cancel" : "value");
        };
        co_await move_on_after(1ms, slow(true));
        co_await move_on_after(1ms, slow(false));
    });
    EXPECT_EQ(log.text(), "value-after-cancel");
}

TEST_F(ResultRulesTest, rule_4_stopped_frames_die_before_any_other_task_runs) {
    run_sim([&]() -> Task<> {
        auto other = [&]() -> Task<> {
            co_await sleep(10ms);
            log.say("other");
        };
        auto bounded = [&]() -> Task<> { co_await move_on_after(10ms, dies("frame")); };
        co_await gather(other, bounded);
    });
    EXPECT_EQ(log.text(), "frame other");
}

TEST_F(ResultRulesTest, rule_4_they_die_before_the_parent_of_who_cancelled_them) {
    run_sim([&]() -> Task<> {
        TaskHandle<> victim = create_task(dies("frame"));
        co_await yield();
        co_await gather([&]() -> Task<> {
            victim.cancel();
            co_return;
        });
        log.say("parent");
    });
    EXPECT_EQ(log.text(), "frame parent");
}

TEST_F(ResultRulesTest, rule_5_the_memory_of_an_operation_lives_until_its_terminal_completion) {
    run_sim([&]() -> Task<> {
        auto borrower = [&]() -> Task<> {
            const AtEnd end(log, "frame");
            SlowOperation operation(5ms, false);  // aborts when destroyed in flight
            co_await operation;
        };
        const TimePoint before = now();
        co_await move_on_after(1ms, borrower);
        EXPECT_EQ(now() - before, 5ms);
    });
    EXPECT_EQ(log.text(), "frame");
}

TEST_F(ResultRulesTest, rule_5_the_cancel_of_a_socket_operation_takes_no_time) {
    run_sim([&]() -> Task<> {
        int fds[2] = {-1, -1};
        EXPECT_EQ(current_loop().driver().socket_pair(fds), 0);
        char byte = 0;
        const TimePoint before = now();
        const auto result =
            co_await move_on_after(1ms, AwaitOperation(OperationKind::receive, fds[0], &byte, 1));
        EXPECT_FALSE(result);
        EXPECT_EQ(now() - before, 1ms);
        EXPECT_EQ(current_loop().stats().operations, 0U);
        co_await AwaitOperation(OperationKind::close, fds[0]);
        co_await AwaitOperation(OperationKind::close, fds[1]);
    });
}

TEST_F(ResultRulesTest, rule_5_the_cancel_of_a_socket_operation_takes_effect_in_the_same_turn) {
    run_sim([&]() -> Task<> {
        int fds[2] = {-1, -1};
        EXPECT_EQ(current_loop().driver().socket_pair(fds), 0);
        auto receiver = [&]() -> Task<> {
            const AtEnd end(log, "frame");
            char byte = 0;
            co_await AwaitOperation(OperationKind::receive, fds[0], &byte, 1);
        };
        TaskHandle<> handle = create_task(receiver);
        co_await yield();
        EXPECT_EQ(current_loop().stats().operations, 1U);
        handle.cancel();
        co_await yield();
        log.say("next-turn");
        EXPECT_TRUE(handle.cancelled());
        EXPECT_EQ(current_loop().stats().operations, 0U);
        co_await AwaitOperation(OperationKind::close, fds[0]);
        co_await AwaitOperation(OperationKind::close, fds[1]);
    });
    EXPECT_EQ(log.text(), "frame next-turn");
}

/// Cancels its group from inside its own await_suspend.
class CancelsWhileSuspending : detail::Waiter {
public:
    CancelsWhileSuspending(TaskGroup& group, Log& log) noexcept : group_(&group), log_(&log) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(detail::Awaiting frame) noexcept {
        if (detail::park(*this, frame, leaf)) {
            group_->cancel();
            log_->say("suspending");
        }
    }
    void await_resume() const noexcept {}

private:
    static void poke(detail::Leaf&, detail::Scope& at) noexcept { detail::local.push_stop(at); }
    static constexpr detail::LeafKind leaf{&poke, "a cancel"};
    TaskGroup* group_;
    Log* log_;
};

TEST_F(ResultRulesTest, rule_5_no_frame_dies_inside_its_await_suspend) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            const AtEnd end(log, "frame");
            CancelsWhileSuspending wait(group, log);
            co_await wait;
            log.say("never");
        });
    });
    EXPECT_EQ(log.text(), "suspending frame");
}

TEST_F(ResultRulesTest, rule_5_no_frame_dies_below_a_frame_of_the_driver) {
    detail::Scope* victim = nullptr;
    PointDriver* point = nullptr;
    auto strike = [&] {
        if (victim != nullptr) {
            detail::cancel(*std::exchange(victim, nullptr), Reason::caller);
            point->acted();
            log.say("in-the-driver");
        }
    };
    auto driver = std::make_unique<PointDriver>(
        make_driver(DriverOptions{DriverKind::sim, Schedule::fifo, 1}), 0, strike);
    point = driver.get();
    EventLoop loop(std::move(driver), sim_options());
    auto body = [&]() -> Task<> {
        const AtEnd end(log, "frame");
        victim = detail::local.current;
        co_await sleep(1h);
        log.say("never");
    };
    detail::MainScope<void, detail::StarterOf<decltype(body)&>> main(std::in_place, body);
    main.start(loop);
    loop.run_main(main);
    loop.shut_down();
    EXPECT_EQ(main.state, detail::ScopeState::stopped);
    EXPECT_EQ(log.text(), "in-the-driver frame");
}

TEST_F(ResultRulesTest, rule_6_a_reused_number_never_receives_another_connections_bytes) {
    run_sim([&]() -> Task<> {
        Driver& driver = current_loop().driver();
        int old[2] = {-1, -1};
        EXPECT_EQ(driver.socket_pair(old), 0);
        char sent = 'o';
        const int moved = co_await AwaitOperation(OperationKind::send_all, old[1], &sent, 1);
        EXPECT_EQ(moved, 1);
        co_await AwaitOperation(OperationKind::close, old[0]);
        int fresh[2] = {-1, -1};
        EXPECT_EQ(driver.socket_pair(fresh), 0);
        char byte = 0;
        const auto result =
            co_await move_on_after(1ms, AwaitOperation(OperationKind::receive, fresh[0], &byte, 1));
        EXPECT_FALSE(result) << "bytes of the closed connection";
        for (const int fd : {old[1], fresh[0], fresh[1]}) {
            const int closed = co_await AwaitOperation(OperationKind::close, fd);
            EXPECT_EQ(closed, 0);
            const int again = co_await AwaitOperation(OperationKind::close, fd);
            EXPECT_EQ(again, -EBADF);
        }
    });
}

}  // namespace
}  // namespace rondo::test
