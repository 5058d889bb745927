// SPDX-License-Identifier: Apache-2.0
// A cancel of the first who waits against the release that would hand over, RONDO_RACES times:
// whichever comes first decides, nobody owns twice, and who waits behind is not forgotten.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/sync/event.hpp"
#include "rondo/sync/lock.hpp"
#include "rondo/sync/semaphore.hpp"
#include "sim/random.hpp"
#include "support/drivers.hpp"
#include "support/ledger.hpp"
#include "support/races.hpp"

namespace rondo::test {
namespace {

/// A thread that posts a race's functions to the loop, each at a random instant.
class Poster {
public:
    struct Order {
        bool release = false;
        bool cancel = false;
        bool cancel_first = false;
        std::size_t before = 0;
        std::size_t between = 0;
    };

    template <class Race>
    explicit Poster(Race& race)
        : thread_([this, &race, loop = current_loop().handle()] {
              for (long number = 0; wait(number); ++number) {
                  post(race, loop, *order_);
              }
          }) {}
    Poster(const Poster&) = delete;
    Poster& operator=(const Poster&) = delete;
    ~Poster() {
        order_ = std::nullopt;
        give();
        thread_.join();
    }

    void start(const Order& order) {
        order_ = order;
        give();
    }

private:
    void give() {
        given_.fetch_add(1, std::memory_order_release);
        given_.notify_one();
    }
    bool wait(long number) const {
        given_.wait(number, std::memory_order_acquire);
        return order_.has_value();
    }

    template <class Race>
    static void post(Race& race, const LoopHandle& loop, const Order order) {
        spin(order.before);
        for (const bool cancels : {order.cancel_first, !order.cancel_first}) {
            if (cancels && order.cancel) {
                loop.post([&race] { race.cancel(); });
            }
            if (!cancels && order.release) {
                loop.post([&race] { race.release(); });
            }
            spin(order.between);
        }
    }

    std::atomic<long> given_ = 0;
    std::optional<Order> order_;
    std::thread thread_;
};

/// One race after the other for what one task at a time may hold: a Lock, or a Semaphore's permit.
template <class Primitive>
class Contest {
public:
    using Guard = typename decltype(std::declval<Primitive&>().try_acquire())::value_type;

    explicit Contest(std::uint64_t seed) : dice(seed) {}

    /// What the holder and the canceller do, on the loop.
    void release() {
        released_ = true;
        owed_ = !cancelled_;
        held_.reset();
        note();
    }
    void cancel() {
        cancelled_ = true;
        first_->cancel();
        note();
    }

    /// `start()` sees to it that both happen, now or later.
    template <class Start>
    Task<> race(Start start) {
        released_ = cancelled_ = owed_ = has_ = false;
        waiting_ = 0;
        both_.clear();
        held_ = primitive_.try_acquire();
        EXPECT_TRUE(held_.has_value());
        first_ = create_task(wait(has_));
        co_await waiting_for(1);
        bool behind_has = false;
        TaskHandle<> behind = create_task(wait(behind_has));
        co_await waiting_for(2);
        start();
        co_await both_.wait();
        co_await behind;
        try {
            co_await *first_;
        } catch (const Cancelled&) {
        }
        first_.reset();
        EXPECT_EQ(has_, owed_) << "race " << races;
        EXPECT_TRUE(behind_has) << "race " << races;
        EXPECT_EQ(inside_, 0);
        ++races;
        acquired += has_ ? 1 : 0;
    }

    /// Whether it is as nobody ever had it.
    bool whole() {
        const std::optional<Guard> guard = primitive_.try_acquire();
        return guard.has_value() && !primitive_.try_acquire().has_value();
    }

    detail::SimRandom dice;
    long races = 0;
    long acquired = 0;

private:
    class Inside {
    public:
        explicit Inside(int& count) : count_(count) { EXPECT_EQ(++count_, 1) << "owned twice"; }
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;
        ~Inside() { --count_; }

    private:
        int& count_;
    };

    void note() {
        if (released_ && cancelled_) {
            both_.set();
        }
    }

    /// Until so many stand in the line.
    Task<> waiting_for(int count) {
        while (waiting_ < count) {
            co_await yield();
        }
    }

    Task<> wait(bool& has) {
        ++waiting_;
        const Guard guard = co_await primitive_.acquire();
        const Inside inside(inside_);
        has = true;
        co_await yield();
    }

    static Primitive make() {
        if constexpr (std::is_same_v<Primitive, Semaphore>) {
            return Primitive(1);
        } else {
            return Primitive();
        }
    }

    Primitive primitive_ = make();
    Event both_;  ///< have happened
    std::optional<Guard> held_;
    std::optional<TaskHandle<>> first_;
    int waiting_ = 0;
    int inside_ = 0;
    bool released_ = false;
    bool cancelled_ = false;
    bool owed_ = false;  ///< the release came first
    bool has_ = false;
};

/// What the thread does not do, the loop does, after some turns or a sleep.
template <class Primitive>
Task<> do_the_rest(Contest<Primitive>& contest, Poster::Order order) {
    if (order.release || order.cancel) {
        const std::size_t turns = contest.dice.below(100);
        if (turns < 50) {
            co_await sleep(std::chrono::microseconds(turns));
        } else {
            for (std::size_t i = 50; i < turns; ++i) {
                co_await yield();
            }
        }
    }
    for (const bool cancels : {order.cancel_first, !order.cancel_first}) {
        if (cancels && !order.cancel) {
            contest.cancel();
        }
        if (!cancels && !order.release) {
            contest.release();
        }
    }
}

/// Returns how often the thread came first, of the races in which each did one of both.
template <class Primitive>
Task<long> on_threads(Contest<Primitive>& contest, const long races) {
    Poster poster(contest);
    detail::SimRandom& dice = contest.dice;
    long thread_first = 0;
    while (contest.races < races) {
        Poster::Order order;
        const std::size_t who = dice.below(8);
        order.release = who == 0 || (who >= 2 && who % 2 == 0);
        order.cancel = who == 0 || (who >= 2 && who % 2 == 1);
        order.cancel_first = dice.one_in(2);
        order.before = dice.below(3000);
        order.between = dice.below(500);
        const long acquired = contest.acquired;
        std::optional<TaskHandle<>> rest;
        co_await contest.race([&] {
            if (order.release || order.cancel) {
                poster.start(order);
            }
            rest = create_task(do_the_rest(contest, order));
        });
        co_await *rest;
        thread_first += who >= 2 && order.release == (contest.acquired > acquired) ? 1 : 0;
    }
    co_return thread_first;
}

/// The simulation's order decides who comes first.
template <class Primitive>
Task<> in_drawn_order(Contest<Primitive>& contest, const long races) {
    auto release = [&contest]() -> Task<> {
        co_await yield();
        contest.release();
    };
    auto cancel = [&contest]() -> Task<> {
        co_await yield();
        contest.cancel();
    };
    while (contest.races < races) {
        std::optional<TaskHandle<>> first;
        std::optional<TaskHandle<>> second;
        const bool swap = contest.dice.one_in(2);
        co_await contest.race([&] {
            if (swap) {
                first = create_task(cancel);
                second = create_task(release);
            } else {
                first = create_task(release);
                second = create_task(cancel);
            }
        });
        co_await *first;
        co_await *second;
    }
}

}  // namespace

class SyncRaceSlow : public LedgerTest, public testing::WithParamInterface<RunOptions> {
protected:
    template <class Primitive>
    void contest(const char* name, const long races) {
        Contest<Primitive> contest(20'260'000 + GetParam().seed);
        const bool simulated = GetParam().driver == DriverKind::sim;
        long thread_first = 0;
        auto main = [&]() -> Task<> {
            if (simulated) {
                co_await in_drawn_order(contest, races / 20);
            } else {
                thread_first = co_await on_threads(contest, races);
            }
            EXPECT_TRUE(contest.whole());
            expect_idle(current_loop().stats());
        };
        run(main, GetParam());
        EXPECT_GT(contest.acquired, 0);
        EXPECT_LT(contest.acquired, contest.races);
        std::printf("%s on %s: %ld races, %ld acquired, %ld cancelled, thread first in %ld\n", name,
                    driver_name(GetParam()).c_str(), contest.races, contest.acquired,
                    contest.races - contest.acquired, thread_first);
    }
};

TEST_P(SyncRaceSlow, a_lock_is_handed_over_or_the_waiter_is_cancelled) {
    contest<Lock>("lock", race_count());
}

// A Lock and a Semaphore hand over by the same line of waiters: this shows the permits.
TEST_P(SyncRaceSlow, a_permit_is_handed_over_or_the_waiter_is_cancelled) {
    contest<Semaphore>("semaphore", race_count(20'000));
}

INSTANTIATE_TEST_SUITE_P(drivers, SyncRaceSlow, testing::ValuesIn(all_drivers()), param_name);

}  // namespace rondo::test
