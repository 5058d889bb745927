// SPDX-License-Identifier: Apache-2.0
// Rule 3 of cancellation: in a cancelled scope every await of an operation or combinator stops
// before it starts. Here they are all, each where it would not have to wait.
#include <gtest/gtest.h>
#include <poll.h>

#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/await_operation.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/loop/to_thread.hpp"
#include "rondo/sync/barrier.hpp"
#include "rondo/sync/channel.hpp"
#include "rondo/sync/event.hpp"
#include "rondo/sync/lock.hpp"
#include "rondo/sync/queue.hpp"
#include "rondo/sync/rate_limiter.hpp"
#include "rondo/sync/rw_lock.hpp"
#include "rondo/sync/semaphore.hpp"
#include "rondo/sync/thread_channel.hpp"
#include "rondo/sync/value.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class CheckpointRulesTest : public LedgerTest {
protected:
    /// Awaits it where it lies, and drops the result.
    template <class A>
    static Task<> pass(A& awaitable) {
        if constexpr (std::is_void_v<await_result_t<A>>) {
            co_await awaitable;
        } else {
            [[maybe_unused]] auto&& result = co_await awaitable;
        }
    }
    /// What `make` makes is ready: it stops in a scope that was cancelled before, and passes in one
    /// that was not.
    template <class Make>
    static Task<> expect_checkpoint(const char* name, Make make) {
        bool passed = false;
        auto body = [&](TaskGroup& group) -> Task<> {
            group.cancel();
            auto awaitable = make();
            co_await pass(awaitable);
            passed = true;
        };
        co_await task_group(body);
        EXPECT_FALSE(passed) << name;
        auto again = make();
        co_await pass(again);
    }
    auto says(const char* word) {
        return [this, word] { log.say(word); };
    }
};

TEST_F(CheckpointRulesTest, rule_3_every_combinator) {
    run_sim([&]() -> Task<> {
        co_await expect_checkpoint("gather", [&] { return gather(says("gather")); });
        co_await expect_checkpoint("gather of a range",
                                   [&] { return gather(std::vector<Task<int>>()); });
        co_await expect_checkpoint("race", [&] { return race(says("race")); });
        co_await expect_checkpoint("task_group", [&] {
            return task_group([&](TaskGroup&) -> Task<> {
                log.say("group");
                co_return;
            });
        });
        co_await expect_checkpoint("timeout", [&] { return timeout(1s, says("timeout")); });
        co_await expect_checkpoint("timeout_at", [&] { return timeout_at(now(), says("at")); });
        co_await expect_checkpoint("move_on_after", [&] { return move_on_after(1s, says("on")); });
        co_await expect_checkpoint("move_on_at", [&] { return move_on_at(now(), says("on-at")); });
        co_await expect_checkpoint("finally", [&] { return finally(says("body"), says("end")); });
        co_await expect_checkpoint("to_thread", [&] { return to_thread(says("thread")); });
    });
    EXPECT_EQ(log.text(), "gather race group timeout at on on-at body end thread") << "once each";
}

TEST_F(CheckpointRulesTest, rule_3_every_wait_of_the_loop) {
    run_sim([&]() -> Task<> {
        TaskHandle<> ended = create_task([] {});
        co_await yield();
        co_await expect_checkpoint("yield", [] { return yield(); });
        co_await expect_checkpoint("sleep", [] { return sleep(0s); });
        co_await expect_checkpoint("sleep_until", [] { return sleep_until(now()); });
        co_await expect_checkpoint("a handle's end", [&] { return ended.wait(); });
        co_await expect_checkpoint("a handle", [&] { return ended.operator co_await(); });
    });
}

TEST_F(CheckpointRulesTest, rule_3_every_primitive_that_is_open) {
    Event event;
    event.set();
    Lock lock;
    RwLock rw_lock;
    Semaphore semaphore(1);
    Barrier barrier(1);
    Queue<int> queue;
    Channel<int> channel(9);
    ThreadChannel<int> between(9);
    Value<int> value(1);
    RateLimiter limiter(1000.0, 1s, 9.0);
    run_sim([&]() -> Task<> {
        co_await expect_checkpoint("event", [&] { return event.wait(); });
        co_await expect_checkpoint("lock", [&] { return lock.acquire(); });
        co_await expect_checkpoint("semaphore", [&] { return semaphore.acquire(); });
        co_await expect_checkpoint("barrier", [&] { return barrier.wait(); });
        co_await expect_checkpoint("queue put", [&] { return queue.put(1); });
        co_await expect_checkpoint("queue get", [&] { return queue.get(); });
        queue.task_done();
        co_await expect_checkpoint("queue join", [&] { return queue.join(); });
        co_await expect_checkpoint("channel send", [&] { return channel.send(1); });
        co_await expect_checkpoint("channel receive", [&] { return channel.receive(); });
        co_await expect_checkpoint("thread channel send", [&] { return between.send(1); });
        co_await expect_checkpoint("thread channel receive", [&] { return between.receive(); });
        co_await expect_checkpoint(
            "value", [&] { return value.wait([](int state) { return state == 1; }); });
        co_await expect_checkpoint("limiter", [&] { return limiter.acquire(); });
        co_await expect_checkpoint("reader", [&] { return rw_lock.read(); });
        co_await expect_checkpoint("writer", [&] { return rw_lock.write(); });
    });
    EXPECT_TRUE(queue.empty());
}

TEST_F(CheckpointRulesTest, rule_3_every_operation_of_the_driver) {
    run_sim([&]() -> Task<> {
        int fds[2] = {-1, -1};
        EXPECT_EQ(current_loop().driver().socket_pair(fds), 0);
        char byte = 'x';
        co_await expect_checkpoint(
            "send", [&] { return AwaitOperation(OperationKind::send_all, fds[0], &byte, 1); });
        co_await expect_checkpoint(
            "poll", [&] { return AwaitOperation(OperationKind::poll, fds[1], nullptr, POLLIN); });
        co_await expect_checkpoint(
            "receive", [&] { return AwaitOperation(OperationKind::receive, fds[1], &byte, 1); });
        co_await expect_checkpoint("close",
                                   [&] { return AwaitOperation(OperationKind::close, fds[0]); });
        const int closed = co_await AwaitOperation(OperationKind::close, fds[1]);
        EXPECT_EQ(closed, 0);
    });
}

}  // namespace
}  // namespace rondo::test
