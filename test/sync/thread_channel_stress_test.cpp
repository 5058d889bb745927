// SPDX-License-Identifier: Apache-2.0
// Several loops on several threads, and threads without a loop: no value is lost or doubled,
// whatever is cancelled meanwhile.
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "rondo/base/config.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/sync/thread_channel.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitized = true;
#elif defined(__has_feature)
inline constexpr bool thread_sanitized = __has_feature(thread_sanitizer);
#else
inline constexpr bool thread_sanitized = false;
#endif
inline constexpr bool sanitized = thread_sanitized || RONDO_ASAN != 0;

/// What went in or came out, without order.
struct Sum {
    std::atomic<long> count{0};
    std::atomic<std::uint64_t> values{0};
    std::atomic<std::uint64_t> squares{0};

    void add(std::uint64_t value) {
        count.fetch_add(1, std::memory_order_relaxed);
        values.fetch_add(value, std::memory_order_relaxed);
        squares.fetch_add(value * value, std::memory_order_relaxed);
    }
    void expect_same(const Sum& other) const {
        EXPECT_EQ(count.load(), other.count.load());
        EXPECT_EQ(values.load(), other.values.load());
        EXPECT_EQ(squares.load(), other.squares.load());
    }
};

class ThreadChannelStressTest : public LedgerTest {
protected:
    using Channel = ThreadChannel<std::uint64_t>;

    static void run_loop(const std::function<Task<>()>& main) {
        RunOptions options;
        options.handle_signals = false;
        // liburing unmaps by bare system calls, which the thread sanitizer does not see: a ring at
        // the address of an ended thread's ring looks like a race.
        if (thread_sanitized) {
            options.driver = DriverKind::epoll;
        }
        run(main, options);
    }
    /// A number that no other sender sends.
    static std::uint64_t value_of(int sender, int i) {
        return static_cast<std::uint64_t>(sender) * 10'000'000 + static_cast<std::uint64_t>(i);
    }

    Task<> send_one(Channel& to, std::uint64_t value) {
        co_await to.send(value);
        sent.add(value);
    }
    Task<> send_all(Channel& to, int sender, int count) {
        for (int i = 0; i < count; ++i) {
            co_await send_one(to, value_of(sender, i));
        }
    }
    Task<> receive_one(Channel& from) {
        const std::optional<std::uint64_t> value = co_await from.receive();
        if (value) {
            received.add(*value);
        }
    }
    Task<> receive_all(Channel& from) {
        for (;;) {
            const std::optional<std::uint64_t> value = co_await from.receive();
            if (!value) {
                co_return;
            }
            received.add(*value);
        }
    }

    Sum sent;
    Sum received;
};

TEST_F(ThreadChannelStressTest, loops_on_many_threads_lose_and_double_nothing) {
    constexpr int senders = 4;
    constexpr int each = sanitized ? 10'000 : 30'000;
    Channel channel(16);
    std::vector<std::thread> sending;
    std::vector<std::thread> receiving;
    for (int i = 0; i < senders; ++i) {
        sending.emplace_back([&, i] { run_loop([&] { return send_all(channel, i, each); }); });
        receiving.emplace_back([&] {
            run_loop([&]() -> Task<> {
                TaskHandle<> other = create_task(receive_all(channel));
                co_await receive_all(channel);
                co_await other;
            });
        });
    }
    for (std::thread& thread : sending) {
        thread.join();
    }
    channel.close();
    for (std::thread& thread : receiving) {
        thread.join();
    }
    EXPECT_EQ(sent.count.load(), senders * each);
    sent.expect_same(received);
}

TEST_F(ThreadChannelStressTest, values_of_one_sender_arrive_in_order) {
    constexpr int count = sanitized ? 10'000 : 30'000;
    Channel channel(4);
    std::thread sender([&] {
        run_loop([&]() -> Task<> {
            co_await send_all(channel, 0, count);
            channel.close();
        });
    });
    std::uint64_t next = 0;
    run_loop([&]() -> Task<> {
        for (;;) {
            const std::optional<std::uint64_t> value = co_await channel.receive();
            if (!value) {
                break;
            }
            EXPECT_EQ(*value, next);
            ++next;
        }
    });
    sender.join();
    EXPECT_EQ(next, static_cast<std::uint64_t>(count));
}

TEST_F(ThreadChannelStressTest, cancels_that_race_with_deliveries_lose_nothing) {
    constexpr int threads = 3;
    constexpr int rounds = sanitized ? 5'000 : 15'000;
    Channel channel(2);
    // Each round starts one send or receive, which its loop cancels some turns later. The last ones
    // may have their result by then, and end after the main task.
    auto senders_main = [&](int number) -> Task<> {
        Random random(static_cast<std::uint64_t>(number) + 1);
        for (int i = 0; i < rounds; ++i) {
            TaskHandle<> handle = create_task(send_one(channel, value_of(number, i)));
            for (int turn = random.below(4); turn > 0; --turn) {
                co_await yield();
            }
            handle.cancel();
        }
    };
    auto receivers_main = [&](int number) -> Task<> {
        Random random(static_cast<std::uint64_t>(number) + 100);
        for (int i = 0; i < rounds; ++i) {
            TaskHandle<> handle = create_task(receive_one(channel));
            for (int turn = random.below(4); turn > 0; --turn) {
                co_await yield();
            }
            handle.cancel();
        }
    };
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i) {
        all.emplace_back([&, i] { run_loop([&] { return senders_main(i); }); });
        all.emplace_back([&, i] { run_loop([&] { return receivers_main(i); }); });
    }
    for (std::thread& thread : all) {
        thread.join();
    }
    EXPECT_GT(received.count.load(), 0);
    while (const std::optional<std::uint64_t> value = channel.try_receive()) {
        received.add(*value);
    }
    sent.expect_same(received);
}

TEST_F(ThreadChannelStressTest, timeouts_that_race_with_deliveries_lose_nothing) {
    constexpr int count = sanitized ? 1'000 : 5'000;
    Channel channel(1);
    std::thread sender([&] {
        run_loop([&]() -> Task<> {
            Random random(5);
            for (int i = 0; i < count; ++i) {
                const std::uint64_t value = value_of(1, i);
                auto send = [&]() -> Task<> {
                    co_await channel.send(value);
                    sent.add(value);
                };
                co_await move_on_after(std::chrono::microseconds(random.below(50)), send());
            }
            channel.close();
        });
    });
    run_loop([&]() -> Task<> {
        bool open = true;
        auto receive = [&]() -> Task<> {
            const std::optional<std::uint64_t> value = co_await channel.receive();
            if (value) {
                received.add(*value);
            } else {
                open = false;
            }
        };
        while (open) {
            co_await move_on_after(1us, receive());
        }
    });
    sender.join();
    sent.expect_same(received);
}

// Who is answered may let the channel go at once, though the thread that answered has not returned.
TEST_F(ThreadChannelStressTest, a_channel_may_die_as_soon_as_its_waiter_was_served) {
    constexpr int count = sanitized ? 9'000 : 30'000;
    using Reply = ThreadChannel<int>;
    ThreadChannel<Reply*> requests(1);
    std::thread server([&] {
        run_loop([&]() -> Task<> {
            for (int i = 0;; ++i) {
                const std::optional<Reply*> to = co_await requests.receive();
                if (!to) {
                    break;
                }
                if (i % 3 == 0) {
                    EXPECT_TRUE((*to)->try_send(1));
                } else if (i % 3 == 1) {
                    EXPECT_TRUE((*to)->try_receive());
                } else {
                    (*to)->close();
                }
            }
        });
    });
    run_loop([&]() -> Task<> {
        for (int i = 0; i < count; ++i) {
            auto reply = std::make_unique<Reply>(1);
            if (i % 3 == 1) {
                EXPECT_TRUE(reply->try_send(1));
                co_await requests.send(reply.get());
                co_await reply->send(2);
            } else {
                co_await requests.send(reply.get());
                const std::optional<int> answer = co_await reply->receive();
                EXPECT_EQ(answer.has_value(), i % 3 == 0);
            }
        }
        requests.close();
    });
    server.join();
}

TEST_F(ThreadChannelStressTest, plain_threads_send_and_receive_beside_loops) {
    constexpr int each = 10'000;
    Channel channel(8);
    std::atomic<bool> open{true};
    std::thread plain_sender([&] {
        for (int i = 0; i < each; ++i) {
            while (!channel.try_send(value_of(1, i))) {
                std::this_thread::yield();
            }
            sent.add(value_of(1, i));
        }
    });
    std::thread loop_sender([&] { run_loop([&] { return send_all(channel, 2, each); }); });
    std::thread plain_receiver([&] {
        while (open) {
            if (const std::optional<std::uint64_t> value = channel.try_receive()) {
                received.add(*value);
            } else {
                std::this_thread::yield();
            }
        }
    });
    std::thread loop_receiver([&] { run_loop([&] { return receive_all(channel); }); });
    plain_sender.join();
    loop_sender.join();
    channel.close();
    loop_receiver.join();
    open = false;
    plain_receiver.join();
    EXPECT_EQ(sent.count.load(), 2 * each);
    sent.expect_same(received);
}

TEST_F(ThreadChannelStressTest, closing_reaches_waiters_on_every_thread) {
    constexpr int rounds = 20;
    for (int round = 0; round < rounds; ++round) {
        Channel channel(1);
        Channel full(1);
        ASSERT_TRUE(full.try_send(0));
        std::atomic<int> ready{0};
        std::atomic<int> ended{0};
        std::atomic<int> refused{0};
        auto main = [&]() -> Task<> {
            auto receive = [&]() -> Task<> {
                const std::optional<std::uint64_t> value = co_await channel.receive();
                ended += value ? 0 : 1;
            };
            auto send = [&]() -> Task<> {
                try {
                    co_await full.send(1);
                } catch (const QueueClosed&) {
                    ++refused;
                }
            };
            TaskHandle<> receiver = create_task(receive());
            TaskHandle<> sender = create_task(send());
            co_await yield();
            ++ready;
            co_await receiver;
            co_await sender;
        };
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i) {
            threads.emplace_back([&] { run_loop(main); });
        }
        while (round % 2 == 0 && ready < 3) {  // else the close races with the waits
            std::this_thread::yield();
        }
        channel.close();
        full.close();
        for (std::thread& thread : threads) {
            thread.join();
        }
        EXPECT_EQ(ended, 3);
        EXPECT_EQ(refused, 3);
    }
}

}  // namespace rondo::test
