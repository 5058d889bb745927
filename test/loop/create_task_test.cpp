// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/create_task.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class CreateTaskTest : public LedgerTest {
protected:
    Task<int> dies(std::string word) {
        const AtEnd end(log, std::move(word));
        co_return co_await forever();
    }
};

TEST_F(CreateTaskTest, it_starts_in_the_next_turn) {
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task([&] { log.say("task"); });
        log.say("main");
        co_await handle;
    });
    EXPECT_EQ(log.text(), "main task");
}

TEST_F(CreateTaskTest, it_outlives_its_creator_and_not_run) {
    run_sim([&]() -> Task<> {
        auto creates = [&]() -> Task<> {
            create_task(dies("left")).detach();
            create_task([&]() -> Task<> {
                co_await sleep(2ms);
                log.say("done");
            }).detach();
            co_return;
        };
        co_await creates();
        co_await sleep(5ms);
        log.say("main");
    });
    EXPECT_EQ(log.text(), "done main left");
}

TEST_F(CreateTaskTest, it_is_no_child_of_who_creates_it) {
    run_sim([&]() -> Task<> {
        std::optional<TaskHandle<int>> handle;
        auto creates = [&]() -> Task<> {
            handle.emplace(create_task(value_after(3ms, 4)));
            co_await forever();
        };
        co_await move_on_after(1ms, creates);
        const int value = co_await *std::move(handle);
        EXPECT_EQ(value, 4);
    });
}

TEST_F(CreateTaskTest, an_error_cancels_nobody) {
    run_sim([&]() -> Task<> {
        TaskHandle<int> bad = create_task(fail_at_once("x"));
        TaskHandle<int> good = create_task(value_after(2ms, 1));
        const int value = co_await good;
        EXPECT_EQ(value, 1);
        bool caught = false;
        try {
            co_await bad;
        } catch (const std::runtime_error&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    });
}

TEST_F(CreateTaskTest, a_task_created_while_run_ends_never_runs) {
    run_sim([&]() -> Task<> {
        struct Creates {
            Log& log;
            ~Creates() {
                create_task([this, end = AtEnd(log, "freed")] { log.say("never"); }).detach();
            }
        };
        create_task([&]() -> Task<> {
            const Creates creates{log};
            co_await forever();
        }).detach();
        co_await yield();
        co_await yield();
    });
    EXPECT_EQ(log.text(), "freed");
}

class SpawnOnTest : public LedgerTest {
protected:
    /// A loop on a thread of its own that runs until `stop`.
    struct Elsewhere {
        std::promise<LoopHandle> started;
        std::optional<LoopHandle> loop;
        Gate stop;
        std::thread thread;

        Elsewhere() {
            std::future<LoopHandle> handle = started.get_future();
            thread = std::thread([this] {
                RunOptions options;
                options.driver = DriverKind::epoll;
                run(
                    [this]() -> Task<> {
                        started.set_value(current_loop().handle());
                        co_await stop.wait();
                    },
                    options);
            });
            loop.emplace(handle.get());
        }
        void end() {
            if (thread.joinable()) {
                loop->post([this] { stop.open(); });
                thread.join();
            }
        }
        ~Elsewhere() { end(); }
    };
};

TEST_F(SpawnOnTest, a_value_comes_back_from_the_other_thread) {
    Elsewhere other;
    auto where = []() -> Task<std::thread::id> {
        co_await sleep(1ms);
        co_return std::this_thread::get_id();
    };
    EXPECT_EQ(spawn_on(*other.loop, where).get(), other.thread.get_id());
    EXPECT_EQ(spawn_on(*other.loop, [](int x) { return x + 1; }, 4).get(), 5);
    spawn_on(*other.loop, sleep(1ms)).get();
}

TEST_F(SpawnOnTest, an_error_comes_back) {
    Elsewhere other;
    EXPECT_THROW(spawn_on(*other.loop, [] { throw std::runtime_error("x"); }).get(),
                 std::runtime_error);
}

TEST_F(SpawnOnTest, what_is_stopped_with_its_loop_is_cancelled) {
    Elsewhere other;
    std::future<int> running = spawn_on(*other.loop, [] { return forever(); });
    other.end();
    EXPECT_THROW(running.get(), Cancelled);
}

TEST_F(SpawnOnTest, a_loop_that_ended_is_closed) {
    Elsewhere other;
    other.end();
    try {
        static_cast<void>(spawn_on(*other.loop, [held = Tracked(1)] { return held.number(); }));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::closed);
    }
}

}  // namespace
}  // namespace rondo::test
