// SPDX-License-Identifier: Apache-2.0
// What other threads may do to a loop.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/loop/create_task.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class PostTest : public LedgerTest {
protected:
    static RunOptions real_options() {
        RunOptions options = sim_options();
        options.driver = DriverKind::epoll;
        return options;
    }
};

TEST_F(PostTest, functions_run_in_order_of_arrival_after_the_present_task) {
    run_sim([&]() -> Task<> {
        for (int i = 0; i < 3; ++i) {
            current_loop().post([&, i] { log.say(std::to_string(i)); });
        }
        log.say("main");
        co_await yield();
        log.say("later");
    });
    EXPECT_EQ(log.text(), "main 0 1 2 later");
}

TEST_F(PostTest, what_a_function_returns_is_discarded) {
    run_sim([&]() -> Task<> {
        int calls = 0;
        std::array<char, 100> large{};
        current_loop().post([&calls] { return ++calls; });
        current_loop().post([&calls, large] { return calls += 2 + large[0]; });
        co_await yield();
        co_await yield();
        EXPECT_EQ(calls, 3);
    });
}

TEST_F(PostTest, a_post_wakes_a_loop_that_sleeps) {
    Gate gate;
    std::thread other;
    run(
        [&]() -> Task<> {
            const LoopHandle loop = current_loop().handle();
            other = std::thread([&gate, loop] { loop.post([&gate] { gate.open(); }); });
            co_await gate.wait();
        },
        real_options());
    other.join();
}

TEST_F(PostTest, from_many_threads_each_ones_order_is_kept) {
    constexpr int threads_count = 4;
    constexpr int posts = 500;
    std::vector<int> last(threads_count, -1);
    int arrived = 0;
    std::vector<std::thread> threads;
    run(
        [&]() -> Task<> {
            Gate gate;
            const LoopHandle loop = current_loop().handle();
            for (int me = 0; me < threads_count; ++me) {
                threads.emplace_back([&, loop, me] {
                    for (int i = 0; i < posts; ++i) {
                        loop.post([&, me, i] {
                            const int before = std::exchange(last[static_cast<std::size_t>(me)], i);
                            EXPECT_EQ(before, i - 1);
                            if (++arrived == threads_count * posts) {
                                gate.open();
                            }
                        });
                    }
                });
            }
            co_await gate.wait();
        },
        real_options());
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(arrived, threads_count * posts);
}

TEST_F(PostTest, what_a_function_throws_is_reported_and_the_loop_goes_on) {
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        current_loop().post([] { throw std::runtime_error("from a post"); });
        current_loop().post([&] { log.say("next"); });
        co_await yield();
    });
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("from a post"), std::string::npos) << text;
    EXPECT_EQ(log.text(), "next");
}

TEST_F(PostTest, a_post_that_came_before_the_end_still_runs) {
    run_sim([&]() -> Task<> {
        current_loop().post([&] {
            log.say("ran");
            create_task([&, end = AtEnd(log, "freed")] { log.say("never"); }).detach();
        });
        co_return;
    });
    EXPECT_EQ(log.text(), "ran freed");
}

TEST_F(PostTest, after_the_end_a_post_is_an_error_and_frees_its_function) {
    std::optional<LoopHandle> loop;
    run_sim([&]() -> Task<> {
        loop.emplace(current_loop().handle());
        EXPECT_TRUE(loop->try_post([] {}));
        co_return;
    });
    EXPECT_FALSE(loop->try_post([held = Tracked(1)] {}));
    try {
        loop->post([held = Tracked(2)] {});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::closed);
    }
}

TEST_F(PostTest, posts_race_with_the_end_and_each_runs_or_fails) {
    for (int round = 0; round < 30; ++round) {
        std::atomic<int> ran{0};
        std::atomic<int> accepted{0};
        std::thread other;
        run(
            [&]() -> Task<> {
                Gate first;
                const LoopHandle loop = current_loop().handle();
                other = std::thread([&, loop] {
                    loop.post([&] { first.open(); });
                    while (loop.try_post([&] { ++ran; })) {
                        ++accepted;
                    }
                });
                co_await first.wait();
            },
            real_options());
        other.join();
        EXPECT_EQ(ran.load(), accepted.load());
    }
}

TEST_F(PostTest, a_function_may_cancel_and_start_tasks) {
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task([&]() -> Task<> {
            const AtEnd end(log, "stopped");
            co_await forever();
        });
        co_await yield();
        current_loop().post([&] {
            handle.cancel();
            create_task([&] { log.say("started"); }).detach();
        });
        co_await sleep(1ms);
    });
    EXPECT_EQ(log.text(), "stopped started");
}

}  // namespace
}  // namespace rondo::test
