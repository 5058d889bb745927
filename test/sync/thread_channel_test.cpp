// SPDX-License-Identifier: Apache-2.0
// On one loop; what several threads do to it is in thread_channel_stress_test.cpp.
#include "rondo/sync/thread_channel.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/fragile.hpp"
#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

struct ThreadSend : CaseBase {
    static constexpr const char* name = "send";
    ThreadChannel<int> channel{1};
    int waiters;
    int filled = 0;
    int got = 0;

    explicit ThreadSend(int count) : waiters(count) {}
    Task<> block() {
        filled += channel.try_send(1) ? 1 : 0;
        co_return;
    }
    auto make(Nothing) { return channel.send(2); }
    Task<> open() {
        for (int i = 0; i < waiters; ++i) {
            got += channel.try_receive() ? 1 : 0;
        }
        co_return;
    }
    bool whole() {
        while (channel.try_receive()) {
            ++got;
        }
        return got == filled + passed;
    }
};

struct ThreadReceive : CaseBase {
    static constexpr const char* name = "receive";
    ThreadChannel<int> channel;
    int waiters;
    int sent = 0;
    int drained = 0;

    explicit ThreadReceive(int count) : channel(static_cast<std::size_t>(count)), waiters(count) {}
    Task<> block() {
        while (channel.try_receive()) {
            ++drained;
        }
        co_return;
    }
    auto make(Nothing) { return channel.receive(); }
    Task<> open() {
        for (int i = 0; i < waiters; ++i) {
            sent += channel.try_send(i) ? 1 : 0;
        }
        co_return;
    }
    bool whole() {
        while (channel.try_receive()) {
            ++drained;
        }
        return drained + passed == sent;
    }
};

using ThreadCases = testing::Types<ThreadSend, ThreadReceive>;
using ThreadAgainCases = testing::Types<ThreadReceive>;
INSTANTIATE_TYPED_TEST_SUITE_P(thread_channel, Laws, ThreadCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(thread_channel, OpenLaws, ThreadCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(thread_channel, AgainLaws, ThreadAgainCases, CaseNames);

class ThreadChannelTest : public LedgerTest {
protected:
    Task<> send(ThreadChannel<int>& to, int value) {
        try {
            co_await to.send(value);
            log.say("sent" + std::to_string(value));
        } catch (const QueueClosed&) {
            log.say("refused");
        }
    }
    Task<> receive(ThreadChannel<int>& from) {
        const std::optional<int> value = co_await from.receive();
        log.say(value ? std::to_string(*value) : "end");
    }
};
using ThreadChannelDeathTest = ThreadChannelTest;

TEST_F(ThreadChannelTest, carries_values_in_order_to_its_end) {
    auto main = [&]() -> Task<> {
        ThreadChannel<int> channel(2);
        auto producer = [&]() -> Task<> {
            for (int i = 1; i <= 5; ++i) {
                co_await channel.send(i);
            }
            channel.close();
        };
        TaskHandle<> handle = create_task(producer());
        for (;;) {
            const std::optional<int> value = co_await channel.receive();
            if (!value) {
                break;
            }
            log.say(std::to_string(*value));
        }
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 2 3 4 5");
}

TEST_F(ThreadChannelTest, closing_ends_waiting_receives) {
    ThreadChannel<int> channel(1);
    auto main = [&]() -> Task<> {
        TaskHandle<> one = create_task(receive(channel));
        TaskHandle<> two = create_task(receive(channel));
        co_await turns(2);
        channel.close();
        co_await one;
        co_await two;
        co_await receive(channel);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "end end end");
}

TEST_F(ThreadChannelTest, closing_refuses_waiting_sends_and_keeps_what_was_sent) {
    ThreadChannel<int> channel(1);
    auto main = [&]() -> Task<> {
        co_await send(channel, 1);
        TaskHandle<> waiting = create_task(send(channel, 2));
        co_await turns(2);
        channel.close();
        co_await waiting;
        co_await send(channel, 3);
        EXPECT_THROW(channel.try_send(4), QueueClosed);
        co_await receive(channel);
        co_await receive(channel);
        EXPECT_FALSE(channel.try_receive().has_value());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "sent1 refused refused 1 end");
}

TEST_F(ThreadChannelTest, a_send_cancelled_beside_the_close_is_refused_or_stopped) {
    ThreadChannel<int> channel(1);
    auto main = [&]() -> Task<> {
        co_await send(channel, 1);
        TaskHandle<> first = create_task(send(channel, 2));
        TaskHandle<> second = create_task(send(channel, 3));
        co_await turns(2);
        first.cancel();
        channel.close();
        second.cancel();
        co_await turns(3);
        EXPECT_TRUE(first.cancelled());
        EXPECT_FALSE(second.cancelled());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "sent1 refused");
}

TEST_F(ThreadChannelTest, a_value_on_its_way_keeps_run_until_it_arrived) {
    ThreadChannel<int> channel(1);
    auto main = [&]() -> Task<> {
        create_task(receive(channel)).detach();
        co_await turns(2);
        channel.try_send(1);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1");
}

TEST_F(ThreadChannelTest, a_thread_without_a_loop_sends_and_receives_too) {
    ThreadChannel<int> channel(2);
    std::thread([&] {
        EXPECT_TRUE(channel.try_send(1));
        EXPECT_TRUE(channel.try_send(2));
        EXPECT_FALSE(channel.try_send(3));
        EXPECT_EQ(channel.try_receive(), 1);
    }).join();
    auto main = [&]() -> Task<> { co_await receive(channel); };
    run_sim(main);
    EXPECT_EQ(log.text(), "2");
}

TEST_F(ThreadChannelTest, values_of_stopped_sends_and_values_left_are_destroyed) {
    auto main = []() -> Task<> {
        ThreadChannel<Tracked> channel(1);
        auto producer = [&]() -> Task<> {
            for (int i = 0; i < 3; ++i) {
                co_await channel.send(Tracked(i));
            }
        };
        TaskHandle<> handle = create_task(producer());
        co_await turns(2);
        handle.cancel();
        co_await turns(2);
    };
    run_sim(main);
    EXPECT_EQ(Tracked::live(), 0);
}

TEST_F(ThreadChannelTest, a_send_whose_value_cannot_be_moved_leaves_the_receive_waiting) {
    auto main = [&]() -> Task<> {
        ThreadChannel<Fragile> channel(1);
        auto receives = [&](std::string word) -> Task<> {
            const std::optional<Fragile> value = co_await channel.receive();
            log.say(word + std::to_string(value->number()));
        };
        TaskHandle<> first = create_task(receives("first"));
        TaskHandle<> second = create_task(receives("second"));
        co_await turns(2);
        Fragile::arm(1);
        EXPECT_THROW(channel.try_send(Fragile(6)), MoveFailed);
        EXPECT_TRUE(channel.try_send(Fragile(7)));
        EXPECT_TRUE(channel.try_send(Fragile(8)));
        co_await first;
        co_await second;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "first7 second8");
}

TEST_F(ThreadChannelTest, a_receive_whose_value_cannot_be_moved_takes_nothing) {
    auto main = [&]() -> Task<> {
        ThreadChannel<Fragile> channel(1);
        auto sends = [&]() -> Task<> {
            co_await channel.send(Fragile(2));
            log.say("sent2");
        };
        channel.try_send(Fragile(1));
        TaskHandle<> sender = create_task(sends());
        co_await turns(2);
        Fragile::arm(1);
        EXPECT_THROW(channel.try_receive(), MoveFailed);
        Fragile::arm(2);
        const std::optional<Fragile> first = channel.try_receive();
        EXPECT_FALSE(Fragile::disarm()) << "the sender's value could not be moved";
        EXPECT_EQ(first->number(), 1);
        co_await turns(2);
        EXPECT_FALSE(sender.done()) << "the send waits on";
        const std::optional<Fragile> second = channel.try_receive();
        EXPECT_EQ(second->number(), 2);
        co_await sender;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "sent2");
}

TEST_F(ThreadChannelTest, what_was_sent_was_received_or_is_left_for_all_seeds) {
    int all = 0;
    for (std::uint64_t seed = 1; seed <= stress_seeds; ++seed) {
        Random random(seed);
        ThreadChannel<int> channel(static_cast<std::size_t>(1 + random.below(3)));
        int sent = 0;
        int received = 0;
        int next = 0;
        auto round = [&](int worker) -> Task<> {
            if (worker % 2 == 0) {
                try {
                    const int value = ++next;
                    co_await channel.send(value);
                    sent += value;
                } catch (const QueueClosed&) {
                }
            } else {
                const std::optional<int> value = co_await channel.receive();
                received += value.value_or(0);
            }
            if (next > 30 && random.one_in(20)) {
                channel.close();
            }
        };
        stress(seed, round, [&] {
            while (const std::optional<int> value = channel.try_receive()) {
                received += *value;
            }
        });
        EXPECT_EQ(sent, received) << "seed " << seed;
        all += next;
    }
    EXPECT_GT(all, 800);
}

TEST_F(ThreadChannelDeathTest, needs_capacity) {
    EXPECT_DEATH(ThreadChannel<int>(0), "a ThreadChannel holds at least one value");
}

TEST_F(ThreadChannelDeathTest, a_send_is_awaited_once) {
    auto main = []() -> Task<> {
        ThreadChannel<int> channel(2);
        auto send = channel.send(1);
        co_await send;
        co_await send;
    };
    EXPECT_DEATH(run_sim(main), "a send was awaited twice");
}

TEST_F(ThreadChannelDeathTest, must_not_die_while_a_task_waits) {
    auto main = [&]() -> Task<> {
        auto mine = std::make_unique<ThreadChannel<int>>(1);
        TaskHandle<> handle = create_task(receive(*mine));
        co_await turns(2);
        mine.reset();
    };
    EXPECT_DEATH(run_sim(main), "a ThreadChannel was destroyed while a task waits");
}

}  // namespace rondo::test
