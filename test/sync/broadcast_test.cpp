// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/broadcast.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

struct BroadcastReceive : CaseBase {
    static constexpr const char* name = "receive";
    Broadcast<int> broadcast{4};
    int sent = 0;

    explicit BroadcastReceive(int) {}
    Task<> block() { co_return; }
    Broadcast<int>::Subscription prepare() { return broadcast.subscribe(); }
    auto make(Broadcast<int>::Subscription& by) { return by.receive(); }
    Task<> open() {
        broadcast.send(++sent);
        co_return;
    }
    bool whole() const { return broadcast.subscribers() == 0; }
};

using BroadcastCases = testing::Types<BroadcastReceive>;
INSTANTIATE_TYPED_TEST_SUITE_P(broadcast, Laws, BroadcastCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(broadcast, OpenLaws, BroadcastCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(broadcast, AgainLaws, BroadcastCases, CaseNames);

class BroadcastTest : public LedgerTest {
protected:
    using Subscription = Broadcast<int>::Subscription;

    /// Says the message, "end", or by how many it lagged.
    Task<> receive(Subscription& by) {
        try {
            const std::optional<int> message = co_await by.receive();
            log.say(message ? std::to_string(*message) : "end");
        } catch (const Lagged& lag) {
            log.say("lagged" + std::to_string(lag.missed()));
        }
    }
};
using BroadcastDeathTest = BroadcastTest;

TEST_F(BroadcastTest, every_subscriber_gets_every_message_after_it_subscribed) {
    Broadcast<int> radio(8);
    auto main = [&]() -> Task<> {
        Subscription early = radio.subscribe();
        EXPECT_EQ(radio.send(1), 1U);
        Subscription late = radio.subscribe();
        EXPECT_EQ(radio.send(2), 2U);
        co_await receive(early);
        co_await receive(early);
        co_await receive(late);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 2 2");
}

TEST_F(BroadcastTest, without_subscribers_nothing_is_kept) {
    Broadcast<Tracked> radio(8);
    EXPECT_EQ(radio.send(Tracked(1)), 0U);
    EXPECT_EQ(Tracked::live(), 0);
    {
        const Broadcast<Tracked>::Subscription one = radio.subscribe();
        radio.send(Tracked(2));
        EXPECT_EQ(Tracked::live(), 1);
    }
    radio.send(Tracked(3));
    EXPECT_EQ(Tracked::live(), 0);
}

TEST_F(BroadcastTest, a_newcomer_after_messages_to_nobody_waits_for_the_next) {
    Broadcast<int> radio(2);
    auto main = [&]() -> Task<> {
        {
            Subscription first = radio.subscribe();
            radio.send(1);
        }
        radio.send(2);
        Subscription next = radio.subscribe();
        TaskHandle<> handle = create_task(receive(next));
        co_await turns(2);
        EXPECT_FALSE(handle.done());
        radio.send(3);
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "3");
}

TEST_F(BroadcastTest, one_who_lags_is_told_once_and_goes_on_with_the_oldest_kept) {
    Broadcast<int> radio(2);
    auto main = [&]() -> Task<> {
        Subscription slow = radio.subscribe();
        for (int i = 1; i <= 5; ++i) {
            radio.send(i);
        }
        co_await receive(slow);
        co_await receive(slow);
        co_await receive(slow);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "lagged3 4 5");
}

TEST_F(BroadcastTest, a_woken_receive_may_lag_too_when_many_were_sent_before_its_turn) {
    Broadcast<int> radio(1);
    auto main = [&]() -> Task<> {
        Subscription slow = radio.subscribe();
        TaskHandle<> handle = create_task(receive(slow));
        co_await yield();
        radio.send(1);
        radio.send(2);
        co_await handle;
        co_await receive(slow);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "lagged1 2");
}

TEST_F(BroadcastTest, closing_lets_subscribers_read_what_is_kept) {
    Broadcast<int> radio(4);
    auto main = [&]() -> Task<> {
        Subscription one = radio.subscribe();
        Subscription two = radio.subscribe();
        TaskHandle<> waiting = create_task(receive(two));
        co_await yield();
        radio.send(1);
        radio.close();
        co_await waiting;
        co_await receive(two);
        co_await receive(one);
        co_await receive(one);
        co_await receive(one);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 end 1 end end");
}

TEST_F(BroadcastTest, closing_ends_waiting_receives) {
    Broadcast<int> radio(1);
    auto main = [&]() -> Task<> {
        Subscription one = radio.subscribe();
        TaskHandle<> waiting = create_task(receive(one));
        co_await yield();
        radio.close();
        co_await waiting;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "end");
}

TEST_F(BroadcastTest, a_subscription_moves_and_ends_once) {
    Broadcast<int> radio(1);
    {
        Subscription one = radio.subscribe();
        Subscription two = std::move(one);
        EXPECT_EQ(radio.subscribers(), 1U);
        Subscription three = radio.subscribe();
        EXPECT_EQ(radio.subscribers(), 2U);
        three = std::move(two);
        EXPECT_EQ(radio.subscribers(), 1U);
    }
    EXPECT_EQ(radio.subscribers(), 0U);
}

TEST_F(BroadcastTest, a_cancelled_receive_has_not_read_the_message) {
    Broadcast<int> radio(4);
    auto main = [&]() -> Task<> {
        Subscription one = radio.subscribe();
        TaskHandle<> waiting = create_task(receive(one));
        co_await yield();
        waiting.cancel();
        radio.send(1);
        co_await yield();
        EXPECT_TRUE(waiting.cancelled());
        co_await receive(one);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1");
}

struct ThrowsOnFirstCopy {
    int* copies;
    explicit ThrowsOnFirstCopy(int* count) : copies(count) {}
    ThrowsOnFirstCopy(const ThrowsOnFirstCopy& other) : copies(other.copies) {
        if (++*copies == 1) {
            throw std::runtime_error("copy");
        }
    }
    ThrowsOnFirstCopy(ThrowsOnFirstCopy&&) noexcept = default;
};

TEST_F(BroadcastTest, a_message_whose_copy_throws_is_still_there) {
    int copies = 0;
    auto main = [&]() -> Task<> {
        Broadcast<ThrowsOnFirstCopy> radio(2);
        Broadcast<ThrowsOnFirstCopy>::Subscription one = radio.subscribe();
        radio.send(ThrowsOnFirstCopy(&copies));
        radio.close();
        for (int i = 0; i < 3; ++i) {
            try {
                const std::optional<ThrowsOnFirstCopy> message = co_await one.receive();
                log.say(message ? "message" : "end");
            } catch (const std::runtime_error&) {
                log.say("error");
            }
        }
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "error message end");
}

TEST_F(BroadcastDeathTest, needs_capacity) {
    EXPECT_DEATH(Broadcast<int>(0), "a Broadcast keeps at least one message");
}

TEST_F(BroadcastDeathTest, a_closed_one_takes_no_message) {
    Broadcast<int> radio(1);
    radio.close();
    EXPECT_DEATH(radio.send(1), "send\\(\\) on a closed Broadcast");
}

TEST_F(BroadcastDeathTest, must_outlive_its_subscriptions) {
    EXPECT_DEATH(
        {
            std::optional<Broadcast<int>> radio(std::in_place, 1U);
            const Subscription one = radio->subscribe();
            radio.reset();
        },
        "a Broadcast died before a subscription");
}

TEST_F(BroadcastDeathTest, a_subscription_has_one_reader_at_a_time) {
    Broadcast<int> radio(1);
    auto main = [&]() -> Task<> {
        Subscription one = radio.subscribe();
        TaskHandle<> first = create_task(receive(one));
        TaskHandle<> second = create_task(receive(one));
        co_await turns(3);
    };
    EXPECT_DEATH(run_sim(main), "two tasks receive from one Subscription");
}

TEST_F(BroadcastDeathTest, nobody_reads_what_another_task_was_woken_for) {
    Broadcast<int> radio(1);
    auto main = [&]() -> Task<> {
        Subscription one = radio.subscribe();
        TaskHandle<> first = create_task(receive(one));
        co_await turns(2);
        radio.send(1);
        co_await receive(one);
    };
    EXPECT_DEATH(run_sim(main), "two tasks receive from one Subscription");
}

TEST_F(BroadcastDeathTest, a_subscription_must_not_die_or_move_while_a_task_receives) {
    Broadcast<int> radio(1);
    auto main = [&]() -> Task<> {
        auto one = std::make_unique<Subscription>(radio.subscribe());
        TaskHandle<> first = create_task(receive(*one));
        co_await turns(3);
        one.reset();
    };
    EXPECT_DEATH(run_sim(main), "a Subscription was moved or destroyed while a task receives");
}

TEST_F(BroadcastTest, every_message_is_read_or_counted_as_missed_for_all_seeds) {
    long all = 0;
    for (std::uint64_t seed = 1; seed <= stress_seeds; ++seed) {
        Random random(seed);
        Broadcast<int> radio(static_cast<std::size_t>(1 + random.below(4)));
        std::vector<Subscription> subscriptions;
        for (int i = 0; i < 10; ++i) {
            subscriptions.push_back(radio.subscribe());
        }
        std::vector<int> next(10);
        int sent = 0;
        auto round = [&](int worker) -> Task<> {
            if (worker < 3) {
                radio.send(sent++);
                co_return;
            }
            const auto at = static_cast<std::size_t>(worker);
            try {
                const std::optional<int> message = co_await subscriptions[at].receive();
                EXPECT_EQ(message, next[at]);
                ++next[at];
            } catch (const Lagged& lag) {
                next[at] += static_cast<int>(lag.missed());
            }
            EXPECT_LE(next[at], sent);
        };
        stress(seed, round, [] {});
        all += sent;
    }
    EXPECT_GT(all, 1000);
}

}  // namespace rondo::test
