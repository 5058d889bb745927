// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <deque>
#include <functional>
#include <future>
#include <latch>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace rondo::detail {
namespace {

struct Work : Job {
    std::function<void()> body;

    explicit Work(std::function<void()> what) : body(std::move(what)) {
        run = [](Job& job) noexcept { static_cast<Work&>(job).body(); };
    }
};

}  // namespace

TEST(ThreadPool, runs_every_job_once) {
    std::atomic<int> sum{0};
    std::deque<Work> jobs;
    {
        ThreadPool pool(4, "test");
        for (int i = 1; i <= 1000; ++i) {
            jobs.emplace_back([&sum, i] { sum += i; });
            ASSERT_TRUE(pool.submit(jobs.back()));
        }
    }
    EXPECT_EQ(sum, 500'500);
}

TEST(ThreadPool, one_thread_keeps_the_order) {
    std::vector<int> order;
    std::deque<Work> jobs;
    {
        ThreadPool pool(1, "test");
        for (int i = 0; i < 100; ++i) {
            jobs.emplace_back([&order, i] { order.push_back(i); });
            ASSERT_TRUE(pool.submit(jobs.back()));
        }
    }
    ASSERT_EQ(order.size(), 100u);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
    }
}

TEST(ThreadPool, blocked_jobs_do_not_hold_up_the_next_while_threads_are_left) {
    std::latch all_run(3);
    std::deque<Work> jobs;
    ThreadPool pool(3, "test");
    for (int i = 0; i < 3; ++i) {
        jobs.emplace_back([&all_run] { all_run.arrive_and_wait(); });
        ASSERT_TRUE(pool.submit(jobs.back()));
    }
    all_run.wait();
}

TEST(ThreadPool, never_runs_more_threads_than_it_may) {
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::deque<Work> jobs;
    {
        ThreadPool pool(2, "test");
        for (int i = 0; i < 200; ++i) {
            jobs.emplace_back([&] {
                const int now = ++running;
                int seen = most;
                while (now > seen && !most.compare_exchange_weak(seen, now)) {
                }
                std::this_thread::yield();
                --running;
            });
            ASSERT_TRUE(pool.submit(jobs.back()));
        }
    }
    EXPECT_LE(most, 2);
    EXPECT_GE(most, 1);
}

TEST(ThreadPool, jobs_one_after_another_need_no_more_threads_than_allowed) {
    std::set<std::thread::id> threads;
    std::deque<std::promise<std::thread::id>> ran(20);
    std::deque<Work> jobs;
    ThreadPool pool(8, "test");
    for (std::promise<std::thread::id>& one : ran) {
        jobs.emplace_back([&one] { one.set_value(std::this_thread::get_id()); });
        ASSERT_TRUE(pool.submit(jobs.back()));
        threads.insert(one.get_future().get());
    }
    EXPECT_LE(threads.size(), 8u);
}

TEST(ThreadPool, a_queued_job_can_be_taken_back) {
    std::promise<void> started;
    std::promise<void> release;
    Work blocker([&] {
        started.set_value();
        release.get_future().wait();
    });
    std::atomic<int> ran{0};
    Work first([&ran] { ran += 1; });
    Work last([&ran] { ran += 10; });
    Work after([&ran] { ran += 100; });
    ThreadPool pool(1, "test");
    ASSERT_TRUE(pool.submit(blocker));
    started.get_future().wait();
    ASSERT_TRUE(pool.submit(first));
    ASSERT_TRUE(pool.submit(last));
    EXPECT_FALSE(pool.try_cancel(blocker));
    EXPECT_TRUE(pool.try_cancel(last));
    EXPECT_FALSE(pool.try_cancel(last));
    ASSERT_TRUE(pool.submit(after));
    release.set_value();
    while (ran != 101) {
        std::this_thread::yield();
    }
    EXPECT_FALSE(pool.try_cancel(first));
}

TEST(ThreadPool, jobs_are_taken_back_from_every_place_of_the_queue) {
    std::promise<void> started;
    std::promise<void> release;
    Work blocker([&] {
        started.set_value();
        release.get_future().wait();
    });
    std::vector<int> order;
    std::deque<Work> jobs;
    {
        ThreadPool pool(1, "test");
        ASSERT_TRUE(pool.submit(blocker));
        started.get_future().wait();
        for (int i = 0; i < 6; ++i) {
            jobs.emplace_back([&order, i] { order.push_back(i); });
            ASSERT_TRUE(pool.submit(jobs.back()));
        }
        for (const std::size_t place : {0U, 3U, 5U, 2U}) {
            EXPECT_TRUE(pool.try_cancel(jobs[place]));
            EXPECT_FALSE(pool.try_cancel(jobs[place]));
        }
        ASSERT_TRUE(pool.submit(jobs[0]));
        release.set_value();
    }
    EXPECT_EQ(order, (std::vector<int>{1, 4, 0}));
}

// With a scan of the queue for each it would take minutes.
TEST(ThreadPool, very_many_jobs_are_taken_back) {
    constexpr std::size_t count = 200'000;
    std::promise<void> release;
    Work blocker([&] { release.get_future().wait(); });
    std::vector<Job> jobs(count);
    ThreadPool pool(1, "test");
    ASSERT_TRUE(pool.submit(blocker));
    for (Job& job : jobs) {
        job.run = [](Job&) noexcept {};
        ASSERT_TRUE(pool.submit(job));
    }
    for (std::size_t i = count; i > 0; --i) {
        ASSERT_TRUE(pool.try_cancel(jobs[i - 1]));
    }
    release.set_value();
}

TEST(ThreadPool, a_job_may_be_submitted_again_by_itself) {
    std::promise<void> done;
    int left = 50;
    Work job([] {});
    ThreadPool pool(2, "test");
    job.body = [&] {
        if (--left == 0) {
            done.set_value();
        } else {
            pool.submit(job);
        }
    };
    ASSERT_TRUE(pool.submit(job));
    done.get_future().wait();
    EXPECT_EQ(left, 0);
}

TEST(ThreadPool, its_threads_take_no_signals_and_have_a_name) {
    std::promise<bool> blocked;
    std::promise<std::string> name;
    Work job([&] {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        blocked.set_value(sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1);
        char own[32];
        pthread_getname_np(pthread_self(), own, sizeof own);
        name.set_value(own);
    });
    ThreadPool pool(1, "a name that is too long for a thread");
    ASSERT_TRUE(pool.submit(job));
    EXPECT_TRUE(blocked.get_future().get());
    EXPECT_EQ(name.get_future().get(), "a name that is ");
}

namespace {

/// A job that can be abandoned, and says what became of it.
struct Endless : Work {
    std::promise<void> started;
    std::promise<void> release;
    std::promise<bool> abandoned;

    Endless()
        : Work([this] {
              started.set_value();
              release.get_future().wait();
          }) {
        ended = [](Job& job, bool was_abandoned) noexcept {
            static_cast<Endless&>(job).abandoned.set_value(was_abandoned);
        };
    }
};

}  // namespace

TEST(ThreadPool, only_a_job_that_runs_can_be_abandoned_and_once) {
    Endless first;
    Endless queued;
    ThreadPool pool(1, "test");
    ASSERT_TRUE(pool.submit(first));
    first.started.get_future().wait();
    ASSERT_TRUE(pool.submit(queued));
    EXPECT_FALSE(pool.try_abandon(queued, 5));
    EXPECT_FALSE(pool.try_abandon(first, 0)) << "at the limit";
    EXPECT_TRUE(pool.try_abandon(first, 1));
    EXPECT_FALSE(pool.try_abandon(first, 2));
    EXPECT_EQ(pool.abandoned(), 1u);
    queued.started.get_future().wait();  // on a thread in place of the lost one
    first.release.set_value();
    EXPECT_TRUE(first.abandoned.get_future().get());
    queued.release.set_value();
    EXPECT_FALSE(queued.abandoned.get_future().get());
    EXPECT_FALSE(pool.try_abandon(queued, 5)) << "it has ended";
}

TEST(ThreadPool, closing_within_a_time_leaves_behind_what_still_runs) {
    Endless stuck;
    Endless ends;
    ThreadPool pool(2, "test");
    ASSERT_TRUE(pool.submit(stuck));
    ASSERT_TRUE(pool.submit(ends));
    stuck.started.get_future().wait();
    ends.started.get_future().wait();
    ends.release.set_value();
    EXPECT_FALSE(ends.abandoned.get_future().get());
    ASSERT_TRUE(pool.try_abandon(stuck, 1));
    EXPECT_EQ(pool.close_within(std::chrono::milliseconds(20)), 1u);
    stuck.release.set_value();
    EXPECT_TRUE(stuck.abandoned.get_future().get());
}

TEST(ThreadPool, a_close_with_the_longest_grace_waits_for_the_end) {
    Endless slow;
    ThreadPool pool(1, "test");
    ASSERT_TRUE(pool.submit(slow));
    slow.started.get_future().wait();
    std::thread releases([&slow] { slow.release.set_value(); });
    EXPECT_EQ(pool.close_within(std::chrono::nanoseconds::max()), 0u);
    EXPECT_FALSE(slow.abandoned.get_future().get());
    releases.join();
}

TEST(ThreadPool, starts_no_thread_before_the_first_job) { const ThreadPool pool(4, "test"); }

}  // namespace rondo::detail
