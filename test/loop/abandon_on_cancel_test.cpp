// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/abandon_on_cancel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "rondo/coro/context_var.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

/// Something that blocks until the test lets it go. Shared, as abandoned calls may end last.
struct Blocker {
    std::promise<void> started;
    std::promise<void> release;
    std::promise<void> gone;  ///< set when the call's own objects are destroyed

    void block() {
        started.set_value();
        release.get_future().wait();
    }
};

/// An argument of a call that says when it dies.
class TellsWhenGone {
public:
    explicit TellsWhenGone(std::shared_ptr<Blocker> blocker) : blocker_(std::move(blocker)) {}
    TellsWhenGone(TellsWhenGone&&) noexcept = default;
    TellsWhenGone& operator=(TellsWhenGone&&) noexcept = default;
    ~TellsWhenGone() {
        if (blocker_ != nullptr) {
            blocker_->gone.set_value();
        }
    }

private:
    std::shared_ptr<Blocker> blocker_;
};

class AbandonTest : public LedgerTest {
protected:
    static RunOptions options(unsigned threads_max = 2) {
        RunOptions options = sim_options();
        options.driver = DriverKind::epoll;
        options.threads_max = threads_max;
        return options;
    }
    /// A task that blocks a thread; `log` says how it went on.
    Task<> blocked(std::shared_ptr<Blocker> blocker) {
        const AtEnd end(log, "frame gone");
        auto call = [blocker](const TellsWhenGone&) {
            blocker->block();
            return 7;
        };
        const int value = co_await to_thread(abandon_on_cancel, call, TellsWhenGone(blocker));
        log.say(std::to_string(value));
        co_await yield();
        log.say("never");
    }
    /// Until `handle`'s task was stopped.
    static Task<> end_of(TaskHandle<>& handle) {
        try {
            co_await handle;
        } catch (const Cancelled&) {
        }
    }
};

TEST_F(AbandonTest, the_result_comes_back) {
    for (const DriverKind driver : {DriverKind::sim, DriverKind::epoll}) {
        RunOptions here = options();
        here.driver = driver;
        run(
            []() -> Task<> {
                auto add = [](int a, int b) { return a + b; };
                const int sum = co_await to_thread(abandon_on_cancel, add, 2, 3);
                EXPECT_EQ(sum, 5);
                auto make = [] { return std::make_unique<Tracked>(1); };
                const auto moved = co_await to_thread(abandon_on_cancel, make);
                EXPECT_TRUE(moved->whole());
                auto number = std::make_unique<int>(1);
                auto same = [](int& given) -> int& { return ++given; };
                int& given_back = co_await to_thread(abandon_on_cancel, same, std::ref(*number));
                EXPECT_EQ(&given_back, number.get());
                auto nothing = [] {};
                co_await to_thread(abandon_on_cancel, nothing);
                expect_idle(current_loop().stats());
            },
            here);
    }
}

TEST_F(AbandonTest, an_error_comes_back) {
    run(
        [&]() -> Task<> {
            try {
                auto fails = [] { throw std::runtime_error("x"); };
                co_await to_thread(abandon_on_cancel, fails);
            } catch (const std::runtime_error& error) {
                log.say(error.what());
            }
        },
        options());
    EXPECT_EQ(log.text(), "x");
}

TEST_F(AbandonTest, context_variables_go_along) {
    static ContextVar<int> number(1);
    run(
        []() -> Task<> {
            number.set(5);
            auto look = [] { return number.get(); };
            const int seen = co_await to_thread(abandon_on_cancel, look);
            EXPECT_EQ(seen, 5);
        },
        options());
}

TEST_F(AbandonTest, one_thread_makes_the_calls_in_order) {
    std::vector<int> order;
    run(
        [&]() -> Task<> {
            std::vector<decltype(to_thread(abandon_on_cancel, std::function<void()>()))> calls;
            for (int i = 0; i < 20; ++i) {
                calls.push_back(to_thread(abandon_on_cancel,
                                          std::function<void()>([&, i] { order.push_back(i); })));
            }
            co_await gather(std::move(calls));
        },
        options(1));
    ASSERT_EQ(order.size(), 20U);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
    }
}

TEST_F(AbandonTest, in_a_cancelled_scope_it_does_not_start) {
    run(
        [&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.cancel();
                co_await to_thread(abandon_on_cancel, [&] { log.say("never"); });
            });
        },
        options());
    EXPECT_TRUE(log.empty());
}

TEST_F(AbandonTest, in_the_simulation_a_call_that_has_not_begun_is_withdrawn) {
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task([&]() -> Task<> {
            const AtEnd end(log, "withdrawn");
            co_await to_thread(abandon_on_cancel, [&] { log.say("never"); });
        });
        handle.cancel();
        co_await yield();
        co_await yield();
        TaskHandle<> other = create_task([&]() -> Task<> {
            const AtEnd end(log, "withdrawn");
            co_await to_thread(abandon_on_cancel, [&] { log.say("never"); });
        });
        co_await yield();
        other.cancel();
        co_await end_of(other);
        expect_idle(current_loop().stats());
    });
    EXPECT_EQ(log.text(), "withdrawn");
}

TEST_F(AbandonTest, a_cancelled_call_that_runs_is_abandoned_at_once) {
    const auto blocker = std::make_shared<Blocker>();
    run(
        [&]() -> Task<> {
            TaskHandle<> handle = create_task(blocked(blocker));
            co_await yield();
            blocker->started.get_future().wait();
            handle.cancel();
            co_await end_of(handle);
            EXPECT_TRUE(handle.cancelled());
            log.say("main");
            EXPECT_EQ(current_loop().stats().abandoned_jobs, 1U);
            EXPECT_EQ(current_loop().stats().thread_jobs, 0U);
            blocker->release.set_value();
            blocker->gone.get_future().wait();
            while (current_loop().stats().abandoned_jobs != 0) {
                co_await yield();
            }
            expect_idle(current_loop().stats());
        },
        options());
    EXPECT_EQ(log.text(), "frame gone main");
}

TEST_F(AbandonTest, a_timeout_ends_the_await_and_not_the_call) {
    const auto blocker = std::make_shared<Blocker>();
    run(
        [&]() -> Task<> {
            bool timed_out = false;
            try {
                co_await timeout(1ms, blocked(blocker));
            } catch (const TimeoutError&) {
                timed_out = true;
            }
            EXPECT_TRUE(timed_out);
            blocker->release.set_value();
        },
        options());
    EXPECT_EQ(log.text(), "frame gone");
}

TEST_F(AbandonTest, the_error_of_an_abandoned_call_is_dropped) {
    const auto blocker = std::make_shared<Blocker>();
    run(
        [&]() -> Task<> {
            TaskHandle<> handle = create_task([&]() -> Task<> {
                auto fails = [blocker] {
                    blocker->block();
                    throw std::runtime_error("nobody hears it");
                };
                co_await to_thread(abandon_on_cancel, std::move(fails));
            });
            co_await yield();
            blocker->started.get_future().wait();
            handle.cancel();
            co_await end_of(handle);
            blocker->release.set_value();
        },
        options());
}

TEST_F(AbandonTest, a_call_that_waits_for_a_thread_is_withdrawn) {
    const auto blocker = std::make_shared<Blocker>();
    run(
        [&]() -> Task<> {
            TaskHandle<> blocks = create_task([&]() -> Task<> {
                auto call = [&] { blocker->block(); };
                co_await to_thread(call);
            });
            TaskHandle<> waits = create_task([&]() -> Task<> {
                auto call = [&, held = Tracked(1)] { log.say("never"); };
                co_await to_thread(abandon_on_cancel, std::move(call));
            });
            co_await yield();
            blocker->started.get_future().wait();
            waits.cancel();
            co_await end_of(waits);
            EXPECT_TRUE(waits.cancelled());
            EXPECT_EQ(current_loop().stats().abandoned_jobs, 0U);
            blocker->release.set_value();
            co_await blocks;
        },
        options(1));
    EXPECT_TRUE(log.empty());
}

TEST_F(AbandonTest, the_result_of_a_call_that_has_ended_wins) {
    const auto blocker = std::make_shared<Blocker>();
    run(
        [&]() -> Task<> {
            TaskHandle<> handle = create_task(blocked(blocker));
            co_await yield();
            blocker->started.get_future().wait();
            blocker->release.set_value();
            while (!current_loop().inbox().arrived()) {
                std::this_thread::yield();
            }
            handle.cancel();
            co_await end_of(handle);
            EXPECT_EQ(current_loop().stats().abandoned_jobs, 0U);
        },
        options());
    EXPECT_EQ(log.text(), "7 frame gone");
}

TEST_F(AbandonTest, at_the_limit_the_stop_waits_for_the_call) {
    const auto first = std::make_shared<Blocker>();
    const auto second = std::make_shared<Blocker>();
    RunOptions limited = options();
    limited.threads_abandoned_max = 1;
    run(
        [&]() -> Task<> {
            TaskHandle<> one = create_task(blocked(first));
            TaskHandle<> two = create_task(blocked(second));
            co_await yield();
            first->started.get_future().wait();
            second->started.get_future().wait();
            one.cancel();
            two.cancel();
            co_await end_of(one);
            for (int i = 0; i < 10; ++i) {
                co_await yield();
            }
            EXPECT_FALSE(two.done());
            EXPECT_EQ(current_loop().stats().abandoned_jobs, 1U);
            EXPECT_EQ(current_loop().stats().thread_jobs, 1U);
            second->release.set_value();
            co_await end_of(two);
            first->release.set_value();
        },
        limited);
    EXPECT_EQ(log.text(), "frame gone 7 frame gone");
}

TEST_F(AbandonTest, abandoned_calls_take_no_thread_from_others) {
    const auto blocker = std::make_shared<Blocker>();
    run(
        [&]() -> Task<> {
            TaskHandle<> handle = create_task(blocked(blocker));
            co_await yield();
            blocker->started.get_future().wait();
            // Queued behind it before it is abandoned, and after.
            TaskHandle<int> behind = create_task([]() -> Task<int> {
                auto give = [] { return 1; };
                co_return co_await to_thread(give);
            });
            co_await yield();
            handle.cancel();
            co_await end_of(handle);
            const int one = co_await behind;
            auto give = [] { return 2; };
            const int two = co_await to_thread(give);
            EXPECT_EQ(one + two, 3);
            blocker->release.set_value();
            blocker->gone.get_future().wait();
            const int three = co_await to_thread(give);
            EXPECT_EQ(three, 2);
        },
        options(1));
}

TEST_F(AbandonTest, the_end_of_the_loop_waits_for_it_within_the_grace) {
    const auto blocker = std::make_shared<Blocker>();
    std::atomic<bool> ended{false};
    std::thread releases;
    run(
        [&]() -> Task<> {
            create_task([&]() -> Task<> {
                auto call = [blocker, &ended] {
                    blocker->block();
                    ended = true;
                };
                co_await to_thread(abandon_on_cancel, std::move(call));
            }).detach();
            co_await yield();
            blocker->started.get_future().wait();
            releases = std::thread([blocker] { blocker->release.set_value(); });
        },
        options());
    EXPECT_TRUE(ended.load());
    releases.join();
}

TEST_F(AbandonTest, after_the_grace_its_thread_is_left_behind_and_it_says_so) {
    const auto blocker = std::make_shared<Blocker>();
    RunOptions short_grace = options();
    short_grace.grace = std::chrono::milliseconds(1);
    testing::internal::CaptureStderr();
    run(
        [&]() -> Task<> {
            create_task(blocked(blocker)).detach();
            co_await yield();
            blocker->started.get_future().wait();
        },
        short_grace);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(said, "rondo: the loop has ended, and 1 abandoned thread job still runs\n");
    EXPECT_EQ(log.text(), "frame gone");
    blocker->release.set_value();
    blocker->gone.get_future().wait();
}

TEST_F(AbandonTest, named_and_dropped) {
    {
        auto held = [tracked = Tracked(1)] { return tracked.number(); };
        const auto dropped = to_thread(abandon_on_cancel, std::move(held));
    }
    run(
        []() -> Task<> {
            auto call = [held = Tracked(2)] { return held.number(); };
            auto named = to_thread(abandon_on_cancel, std::move(call));
            auto moved = std::move(named);
            const int value = co_await moved;
            EXPECT_EQ(value, 2);
        },
        options());
}

TEST_F(AbandonTest, cancels_race_with_the_end_of_calls) {
    std::atomic<int> calls{0};
    int results = 0;
    run(
        [&]() -> Task<> {
            for (int round = 0; round < 300; ++round) {
                TaskHandle<> handle = create_task([&]() -> Task<> {
                    auto call = [&calls, held = Tracked(1)] { return ++calls; };
                    co_await to_thread(abandon_on_cancel, std::move(call));
                    ++results;
                });
                for (int i = 0; i < round % 4; ++i) {
                    co_await yield();
                }
                handle.cancel();
                co_await end_of(handle);
            }
            while (current_loop().stats().abandoned_jobs != 0) {
                co_await yield();
            }
            expect_idle(current_loop().stats());
        },
        options());
    EXPECT_LE(results, calls.load());
}

TEST(AbandonDeathTest, awaiting_it_twice_is_misuse) {
    auto main = []() -> Task<> {
        auto call = to_thread(abandon_on_cancel, [] {});
        co_await call;
        co_await call;
    };
    EXPECT_DEATH(run_sim(main), "a to_thread was awaited twice");
}

}  // namespace
}  // namespace rondo::test
