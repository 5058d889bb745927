// SPDX-License-Identifier: Apache-2.0
// Planted deadlocks: the simulation finds each one, and says by name who waits for what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/sync/barrier.hpp"
#include "rondo/sync/channel.hpp"
#include "rondo/sync/condition.hpp"
#include "rondo/sync/event.hpp"
#include "rondo/sync/lock.hpp"
#include "rondo/sync/queue.hpp"
#include "rondo/sync/rw_lock.hpp"
#include "rondo/sync/semaphore.hpp"
#include "rondo/sync/value.hpp"
#include "support/ledger.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class DeadlockTest : public LedgerTest {};

template <class Main>
std::string deadlock_of(Main&& main) {
    try {
        run_sim(std::forward<Main>(main));
    } catch (const Deadlock& deadlock) {
        return deadlock.what();
    }
    return "no deadlock";
}

Task<> lock_both(Lock& first, Lock& second) {
    Lock::Guard outer = co_await first.acquire();
    co_await sleep(1ms);
    Lock::Guard inner = co_await second.acquire();
}

TEST_F(DeadlockTest, two_locks_in_opposite_order) {
    const std::string text = deadlock_of([]() -> Task<> {
        Lock accounts("accounts");
        Lock journal("journal");
        auto block = task_group([&](TaskGroup& group) -> Task<> {
            TaskHandle<> one = group.spawn(lock_both(accounts, journal));
            one.set_name("transfer");
            TaskHandle<> two = group.spawn(lock_both(journal, accounts));
            two.set_name("audit");
            co_return;
        });
        co_await block;
    });
    EXPECT_THAT(
        text,
        AllOf(HasSubstr("- task \"transfer\": waits for lock.acquire \"journal\", held by task "
                        "\"audit\"\n"),
              HasSubstr("- task \"audit\": waits for lock.acquire \"accounts\", held by task "
                        "\"transfer\"\n"),
              HasSubstr("in rondo::test::lock_both (" __FILE__ ":")));
}

TEST_F(DeadlockTest, a_lock_taken_twice_by_one_task) {
    const std::string text = deadlock_of([]() -> Task<> {
        Lock lock("config");
        co_await lock_both(lock, lock);
    });
    EXPECT_THAT(text, HasSubstr("waits for lock.acquire \"config\", held by main"));
}

TEST_F(DeadlockTest, a_lock_whose_holder_waits_for_who_wants_it) {
    const std::string text = deadlock_of([]() -> Task<> {
        Lock lock("cache");
        Event loaded("loaded");
        auto loader = [&]() -> Task<> {
            Lock::Guard guard = co_await lock.acquire();
            loaded.set();
        };
        auto user = [&]() -> Task<> {
            Lock::Guard guard = co_await lock.acquire();
            co_await loaded.wait();
        };
        auto block = task_group([&](TaskGroup& group) -> Task<> {
            TaskHandle<> first = group.spawn(user);
            first.set_name("user");
            TaskHandle<> second = group.spawn(loader);
            second.set_name("loader");
            co_return;
        });
        co_await block;
    });
    EXPECT_THAT(text, AllOf(HasSubstr("- task \"user\": waits for event.wait \"loaded\"\n"),
                            HasSubstr("- task \"loader\": waits for lock.acquire \"cache\", held "
                                      "by task \"user\"\n")));
}

TEST_F(DeadlockTest, a_queue_that_nobody_fills) {
    const std::string text = deadlock_of([]() -> Task<> {
        Queue<int> jobs(8, "jobs");
        const int job = co_await jobs.get();
        static_cast<void>(job);
    });
    EXPECT_THAT(text, HasSubstr("- main: waits for queue.get \"jobs\"\n"));
}

TEST_F(DeadlockTest, a_full_queue_that_its_consumer_fills) {
    const std::string text = deadlock_of([]() -> Task<> {
        Queue<int> jobs(2, "jobs");
        for (int job = 0; job < 3; ++job) {
            co_await jobs.put(job);
        }
    });
    EXPECT_THAT(text, HasSubstr("- main: waits for queue.put \"jobs\", 2 items in it\n"));
}

TEST_F(DeadlockTest, a_join_of_a_queue_with_a_forgotten_task_done) {
    const std::string text = deadlock_of([]() -> Task<> {
        Queue<int> jobs(8, "jobs");
        co_await jobs.put(1);
        co_await jobs.put(2);
        const int first = co_await jobs.get();
        const int second = co_await jobs.get();
        static_cast<void>(first + second);
        jobs.task_done();
        co_await jobs.join();
    });
    EXPECT_THAT(text, HasSubstr("- main: waits for queue.join \"jobs\", 1 items not done\n"));
}

TEST_F(DeadlockTest, a_semaphore_whose_permits_are_all_kept) {
    const std::string text = deadlock_of([]() -> Task<> {
        Semaphore connections(2, "connections");
        auto first = co_await connections.acquire();
        auto second = co_await connections.acquire();
        auto third = co_await connections.acquire();
    });
    EXPECT_THAT(text, HasSubstr("- main: waits for semaphore.acquire \"connections\"\n"));
}

TEST_F(DeadlockTest, a_barrier_with_too_few_parties) {
    const std::string text = deadlock_of([]() -> Task<> {
        Barrier start(3, "start");
        auto party = [&]() -> Task<> {
            const std::size_t index = co_await start.wait();
            static_cast<void>(index);
        };
        co_await gather(party, party);
    });
    EXPECT_THAT(text, HasSubstr("- task: waits for barrier.wait \"start\", 2 of 3 there\n"));
}

TEST_F(DeadlockTest, a_condition_that_nobody_notifies) {
    const std::string text = deadlock_of([]() -> Task<> {
        Lock lock;
        Condition changed(lock, "changed");
        Lock::Guard guard = co_await lock.acquire();
        co_await changed.wait(guard);
    });
    EXPECT_THAT(text, HasSubstr("- main: waits for condition.wait \"changed\"\n"));
}

TEST_F(DeadlockTest, two_tasks_that_await_each_other) {
    const std::string text = deadlock_of([]() -> Task<> {
        std::optional<TaskHandle<>> hen;
        std::optional<TaskHandle<>> egg;
        hen.emplace(create_task([&]() -> Task<> { co_await egg->wait(); }));
        egg.emplace(create_task([&]() -> Task<> { co_await hen->wait(); }));
        hen->set_name("hen");
        egg->set_name("egg");
        co_await hen->wait();
    });
    EXPECT_THAT(text, AllOf(HasSubstr("- task \"hen\": waits for the end of task \"egg\"\n"),
                            HasSubstr("- task \"egg\": waits for the end of task \"hen\"\n"),
                            HasSubstr("- main: waits for the end of task \"hen\"\n")));
}

TEST_F(DeadlockTest, a_reader_that_wants_to_write) {
    const std::string text = deadlock_of([]() -> Task<> {
        RwLock table("table");
        auto reading = co_await table.read();
        auto writing = co_await table.write();
    });
    EXPECT_THAT(text, HasSubstr("- main: waits for rw_lock \"table\", to write; readers: 1\n"));
}

TEST_F(DeadlockTest, a_channel_whose_sender_is_gone_without_closing_it) {
    const std::string text = deadlock_of([]() -> Task<> {
        Channel<int> results(4, "results");
        auto sender = [&]() -> Task<> { co_await results.send(1); };
        auto receiver = [&]() -> Task<> {
            for (;;) {
                const std::optional<int> value = co_await results.receive();
                if (!value) {
                    break;
                }
            }
        };
        co_await gather(sender, receiver);
    });
    EXPECT_THAT(text, HasSubstr("- task: waits for queue.get \"results\"\n"));
}

TEST_F(DeadlockTest, a_value_that_skips_the_awaited_state) {
    const std::string text = deadlock_of([]() -> Task<> {
        Value<int> step(0, "step");
        auto jump = [&]() -> Task<> {
            co_await sleep(1ms);
            step.set(2);
        };
        auto wait_for_one = [&]() -> Task<> {
            const int seen = co_await step.wait_value(1);
            static_cast<void>(seen);
        };
        co_await gather(jump, wait_for_one);
    });
    EXPECT_THAT(text, HasSubstr("- task: waits for value.wait \"step\"\n"));
}

}  // namespace
}  // namespace rondo::test
