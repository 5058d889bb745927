// SPDX-License-Identifier: Apache-2.0
// asyncio has no channel; its Queue with shutdown() is nearest. Here the end is a value.
#include "rondo/sync/channel.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "support/fragile.hpp"
#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

struct ChannelSend : CaseBase {
    static constexpr const char* name = "send";
    Channel<int> channel{1};
    int waiters;
    int filled = 0;
    int got = 0;

    explicit ChannelSend(int count) : waiters(count) {}
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
    bool whole() const { return static_cast<int>(channel.size()) + got == filled + passed; }
};

/// With capacity 0 the sender waits for its receiver.
struct RendezvousSend : CaseBase {
    static constexpr const char* name = "rendezvous_send";
    Channel<int> channel;
    int waiters;
    int got = 0;

    explicit RendezvousSend(int count) : waiters(count) {}
    Task<> block() { co_return; }
    auto make(Nothing) { return channel.send(2); }
    Task<> open() {
        for (int i = 0; i < waiters; ++i) {
            got += channel.try_receive() ? 1 : 0;
        }
        co_return;
    }
    bool whole() const { return got == passed; }
};

struct ChannelReceive : CaseBase {
    static constexpr const char* name = "receive";
    Channel<int> channel;
    int sent = 0;
    int waiters;

    explicit ChannelReceive(int count) : channel(static_cast<std::size_t>(count)), waiters(count) {}
    Task<> block() {
        while (channel.try_receive()) {
            --sent;
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
    bool whole() const { return static_cast<int>(channel.size()) + passed == sent; }
};

struct RendezvousReceive : CaseBase {
    static constexpr const char* name = "rendezvous_receive";
    Channel<int> channel;
    int waiters;

    explicit RendezvousReceive(int count) : waiters(count) {}
    Task<> block() { co_return; }
    auto make(Nothing) { return channel.receive(); }
    Task<> open() {
        for (int i = 0; i < waiters; ++i) {
            channel.try_send(i);
        }
        co_return;
    }
    bool whole() const { return channel.size() == 0; }
};

using ChannelCases = testing::Types<ChannelSend, ChannelReceive, RendezvousSend, RendezvousReceive>;
using ChannelOpenCases = testing::Types<ChannelSend, ChannelReceive>;
using ChannelAgainCases = testing::Types<ChannelReceive, RendezvousReceive>;
INSTANTIATE_TYPED_TEST_SUITE_P(channel, Laws, ChannelCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(channel, OpenLaws, ChannelOpenCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(channel, AgainLaws, ChannelAgainCases, CaseNames);

class ChannelTest : public LedgerTest {
protected:
    Task<> send(Channel<int>& to, int value) {
        try {
            co_await to.send(value);
            log.say("sent" + std::to_string(value));
        } catch (const QueueClosed&) {
            log.say("refused");
        }
    }
    Task<> receive(Channel<int>& from) {
        const std::optional<int> value = co_await from.receive();
        log.say(value ? std::to_string(*value) : "end");
    }
};
using ChannelDeathTest = ChannelTest;

TEST_F(ChannelTest, carries_values_in_order_to_its_end) {
    auto main = [&]() -> Task<> {
        Channel<int> channel(2);
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

TEST_F(ChannelTest, without_capacity_each_send_meets_its_receive) {
    Channel<int> channel;
    auto main = [&]() -> Task<> {
        EXPECT_FALSE(channel.try_send(0));
        TaskHandle<> sender = create_task(send(channel, 1));
        co_await turns(3);
        EXPECT_FALSE(sender.done());
        EXPECT_EQ(channel.size(), 0U);
        co_await receive(channel);
        co_await sender;
        TaskHandle<> receiver = create_task(receive(channel));
        co_await turns(3);
        co_await send(channel, 2);
        EXPECT_FALSE(receiver.done()) << "who meets a waiting receive does not suspend";
        co_await receiver;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 sent1 sent2 2");
}

TEST_F(ChannelTest, closing_ends_waiting_receives) {
    Channel<int> channel;
    auto main = [&]() -> Task<> {
        TaskHandle<> one = create_task(receive(channel));
        TaskHandle<> two = create_task(receive(channel));
        co_await yield();
        channel.close();
        co_await one;
        co_await two;
        co_await receive(channel);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "end end end");
    EXPECT_TRUE(channel.closed());
}

TEST_F(ChannelTest, closing_refuses_waiting_sends_and_keeps_what_was_sent) {
    Channel<int> channel(1);
    auto main = [&]() -> Task<> {
        co_await send(channel, 1);
        TaskHandle<> waiting = create_task(send(channel, 2));
        co_await yield();
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

TEST_F(ChannelTest, closing_without_capacity_refuses_the_sender_that_met_nobody) {
    Channel<int> channel;
    auto main = [&]() -> Task<> {
        TaskHandle<> waiting = create_task(send(channel, 1));
        co_await yield();
        channel.close();
        EXPECT_FALSE(channel.try_receive().has_value());
        co_await waiting;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "refused");
}

TEST_F(ChannelTest, a_value_that_met_its_receiver_before_the_close_arrives) {
    Channel<int> channel;
    auto main = [&]() -> Task<> {
        TaskHandle<> receiver = create_task(receive(channel));
        co_await yield();
        EXPECT_TRUE(channel.try_send(1));
        channel.close();
        receiver.cancel();
        co_await receiver;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1");
}

TEST_F(ChannelTest, carries_values_that_only_move) {
    auto main = []() -> Task<int> {
        Channel<std::unique_ptr<int>> channel;
        auto producer = [&]() -> Task<> { co_await channel.send(std::make_unique<int>(4)); };
        TaskHandle<> handle = create_task(producer());
        const std::optional<std::unique_ptr<int>> value = co_await channel.receive();
        co_await handle;
        co_return **value;
    };
    EXPECT_EQ(run_sim(main), 4);
}

TEST_F(ChannelTest, at_a_rendezvous_a_value_that_cannot_be_moved_stays_with_its_sender) {
    auto main = [&]() -> Task<> {
        Channel<Fragile> channel;
        auto sends = [&]() -> Task<> {
            co_await channel.send(Fragile(3));
            log.say("sent");
        };
        TaskHandle<> sender = create_task(sends());
        co_await turns(2);
        Fragile::arm(1);
        EXPECT_THROW(channel.try_receive(), MoveFailed);
        co_await turns(2);
        EXPECT_FALSE(sender.done());
        const std::optional<Fragile> value = channel.try_receive();
        EXPECT_EQ(value->number(), 3);
        co_await sender;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "sent");
}

TEST_F(ChannelDeathTest, a_send_is_awaited_once) {
    auto main = []() -> Task<> {
        Channel<int> channel(2);
        auto send = channel.send(1);
        co_await send;
        co_await send;
    };
    EXPECT_DEATH(run_sim(main), "a put was awaited twice");
}

TEST_F(ChannelDeathTest, must_not_die_while_a_task_waits) {
    auto main = [&]() -> Task<> {
        auto mine = std::make_unique<Channel<int>>();
        TaskHandle<> handle = create_task(receive(*mine));
        co_await yield();
        mine.reset();
    };
    EXPECT_DEATH(run_sim(main), "a queue was destroyed while a task waits");
}

TEST_F(ChannelTest, what_was_sent_was_received_or_is_left_for_all_seeds) {
    long all = 0;
    for (std::uint64_t seed = 1; seed <= stress_seeds; ++seed) {
        Random random(seed);
        Channel<int> channel(static_cast<std::size_t>(random.below(3)));
        std::vector<int> sent;
        std::vector<int> received;
        int next = 0;
        auto round = [&](int worker) -> Task<> {
            if (worker % 2 == 0) {
                const int value = next++;
                try {
                    co_await channel.send(value);
                    sent.push_back(value);
                } catch (const QueueClosed&) {
                }
            } else {
                const std::optional<int> value = co_await channel.receive();
                if (value) {
                    received.push_back(*value);
                }
            }
            if (next > 30 && random.one_in(20)) {
                channel.close();
            }
        };
        stress(seed, round, [&] {
            while (const std::optional<int> value = channel.try_receive()) {
                received.push_back(*value);
            }
        });
        all += static_cast<long>(received.size());
        std::sort(sent.begin(), sent.end());
        std::sort(received.begin(), received.end());
        EXPECT_EQ(sent, received) << "seed " << seed;
    }
    EXPECT_GT(all, 800);
}

}  // namespace rondo::test
