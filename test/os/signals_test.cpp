// SPDX-License-Identifier: Apache-2.0
// Signals as values.
#include "rondo/os/signals.hpp"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "os/os_test.hpp"
#include "rondo/loop/create_task.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

using os::ReceivedSignal;
using os::Signals;

using Handler = void (*)(int);

Handler handler_of(int signal) {
    struct sigaction action{};
    sigaction(signal, nullptr, &action);
    return action.sa_handler;
}

class SignalsTest : public OsTest {
protected:
    void TearDown() override {
        for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGTERM, SIGCHLD}) {
            EXPECT_EQ(handler_of(signal), SIG_DFL) << "of signal " << signal;
        }
        OsTest::TearDown();
    }
};

TEST_P(SignalsTest, one_that_came_before_is_there_at_once) {
    on_driver([]() -> Task<> {
        Signals hups = os::signals({SIGHUP});
        raise(SIGHUP);
        raise(SIGHUP);
        const ReceivedSignal received = co_await hups.next();
        EXPECT_EQ(received.number, SIGHUP);
        EXPECT_EQ(received.count, 2U);
        const auto more = co_await move_on_after(1ms, hups.next());
        EXPECT_FALSE(more);
    });
}

TEST_P(SignalsTest, an_awaitable_with_a_name_waits_for_another_one_each_time) {
    on_driver([]() -> Task<> {
        Signals hups = os::signals({SIGHUP});
        raise(SIGHUP);
        auto next = hups.next();
        co_await next;
        auto again = [&]() -> Task<> { co_await next; };
        const auto more = co_await move_on_after(1ms, again);
        EXPECT_FALSE(more);
        raise(SIGHUP);
        raise(SIGHUP);
        const ReceivedSignal received = co_await next;
        EXPECT_EQ(received.count, 2U);
    });
}

TEST_P(SignalsTest, awaited_again_in_a_cancelled_scope_it_stops) {
    on_driver([]() -> Task<> {
        Signals hups = os::signals({SIGHUP});
        raise(SIGHUP);
        TaskHandle<>* self = nullptr;
        bool passed = false;
        auto waiter = [&]() -> Task<> {
            auto next = hups.next();
            co_await next;
            self->cancel();
            co_await next;
            passed = true;
        };
        auto task = create_task(waiter);
        self = &task;
        while (!task.done()) {
            co_await yield();
        }
        EXPECT_TRUE(task.cancelled());
        EXPECT_FALSE(passed);
    });
}

TEST_P(SignalsTest, one_that_comes_while_waiting) {
    on_driver([]() -> Task<> {
        auto sender = []() -> Task<> {
            co_await turns(3);
            ::kill(getpid(), SIGUSR1);
        };
        auto waiter = []() -> Task<int> { return os::wait_signal(SIGUSR2, SIGUSR1); };
        const auto [number, nothing] = co_await gather(waiter(), sender());
        static_cast<void>(nothing);
        EXPECT_EQ(number, SIGUSR1);
    });
}

TEST_P(SignalsTest, it_wakes_a_loop_that_sleeps) {
    std::jthread other;
    on_driver([&]() -> Task<> {
        Task<int> wait = os::wait_signal(SIGUSR1);
        other = std::jthread([] { ::kill(getpid(), SIGUSR1); });
        const int number = co_await timeout(10s, std::move(wait));
        EXPECT_EQ(number, SIGUSR1);
    });
}

TEST_P(SignalsTest, several_signals_come_in_turn) {
    on_driver([]() -> Task<> {
        Signals both = os::signals({SIGUSR2, SIGUSR1, SIGUSR1});
        raise(SIGUSR1);
        raise(SIGUSR2);
        ReceivedSignal received = co_await both.next();
        EXPECT_EQ(received.number, SIGUSR1);
        raise(SIGUSR1);
        received = co_await both.next();
        EXPECT_EQ(received.number, SIGUSR2) << "SIGUSR1 does not starve it";
        received = co_await both.next();
        EXPECT_EQ(received.number, SIGUSR1);
    });
}

TEST_P(SignalsTest, each_of_several_receivers_gets_it) {
    on_driver([]() -> Task<> {
        Signals one = os::signals({SIGUSR1});
        Signals two = os::signals({SIGUSR1, SIGHUP});
        raise(SIGUSR1);
        const ReceivedSignal first = co_await one.next();
        const ReceivedSignal second = co_await two.next();
        EXPECT_EQ(first.count, 1U);
        EXPECT_EQ(second.count, 1U);
        {
            const Signals gone = std::move(one);
        }
        raise(SIGUSR1);
        const ReceivedSignal third = co_await two.next();
        EXPECT_EQ(third.number, SIGUSR1);
    });
}

TEST_P(SignalsTest, waiters_of_one_receiver_share) {
    on_driver([]() -> Task<> {
        Signals usr = os::signals({SIGUSR1});
        std::vector<int> order;
        auto waiter = [&](int number) -> Task<> {
            co_await usr.next();
            order.push_back(number);
        };
        auto first = create_task(waiter(1));
        auto second = create_task(waiter(2));
        auto third = create_task(waiter(3));
        co_await turns(2);
        first.cancel();
        raise(SIGUSR1);
        co_await second;
        raise(SIGUSR1);
        co_await third;
        EXPECT_EQ(order, (std::vector<int>{2, 3}));
    });
}

TEST_P(SignalsTest, a_signal_that_woke_a_waiter_is_not_lost_by_a_cancel) {
    on_driver([]() -> Task<> {
        Signals usr = os::signals({SIGUSR1});
        bool got = false;
        auto waiter = [&]() -> Task<> {
            co_await usr.next();
            got = true;
        };
        auto task = create_task(waiter);
        co_await turns(2);
        raise(SIGUSR1);
        while (!got) {
            co_await yield();
            task.cancel();
        }
        EXPECT_TRUE(got);
    });
}

TEST_P(SignalsTest, the_disposition_before_is_back_afterwards) {
    std::signal(SIGUSR1, SIG_IGN);
    on_driver([]() -> Task<> {
        {
            const Signals one = os::signals({SIGUSR1});
            const Signals two = os::signals({SIGUSR1});
            EXPECT_NE(handler_of(SIGUSR1), SIG_IGN);
        }
        EXPECT_EQ(handler_of(SIGUSR1), SIG_IGN);
        co_return;
    });
    std::signal(SIGUSR1, SIG_DFL);
}

TEST_P(SignalsTest, what_cannot_be_received_is_an_error) {
    on_driver([]() -> Task<> {
        for (const int number : {SIGKILL, SIGSTOP, SIGSEGV, 0, -1, 65, 1000}) {
            Errc code = Errc::unexpected;
            try {
                const Signals none = os::signals({SIGUSR1, number});
            } catch (const Error& error) {
                code = error.code();
            }
            EXPECT_EQ(code, Errc::invalid) << number;
            EXPECT_EQ(handler_of(SIGUSR1), SIG_DFL) << number;
        }
        co_return;
    });
}

// --------------------------------------------------------------- SIGINT, SIGTERM and run()

RunOptions with_signals(RunOptions options) {
    options.handle_signals = true;
    return options;
}

TEST_P(SignalsTest, who_receives_sigint_takes_it_over_for_the_time) {
    bool stopped = false;
    auto main = [&]() -> Task<> {
        {
            Signals interrupts = os::signals({SIGINT, SIGTERM});
            for (int i = 0; i < 3; ++i) {
                raise(SIGINT);
                const ReceivedSignal received = co_await interrupts.next();
                EXPECT_EQ(received.number, SIGINT);
            }
        }
        stopped = true;
        raise(SIGINT);
        co_await sleep(1h);
        stopped = false;
    };
    EXPECT_THROW(run(main, with_signals(GetParam())), Interrupted);
    EXPECT_TRUE(stopped);
}

// The receiver was there first, and the guard of the second run() stays when the receiver goes.
TEST_P(SignalsTest, a_loop_that_begins_meanwhile_gets_its_sigterm_afterwards) {
    std::atomic<int> stage{0};
    std::thread other;
    on_driver([&]() -> Task<> {
        {
            Signals receiver = os::signals({SIGTERM});
            other = std::thread([&] {
                auto main = [&]() -> Task<> {
                    stage = 1;
                    co_await sleep(1h);
                };
                try {
                    run(main, with_signals(GetParam()));
                } catch (const Interrupted&) {
                    stage = 2;
                }
            });
            while (stage != 1) {
                co_await sleep(1ms);
            }
            ::kill(getpid(), SIGTERM);
            co_await receiver.next();
            EXPECT_EQ(stage, 1);
        }
        ::kill(getpid(), SIGTERM);
        while (stage != 2) {
            co_await sleep(1ms);
        }
    });
    other.join();
}

TEST_P(SignalsTest, loops_of_two_threads_get_it) {
    std::atomic<int> ready{0};
    std::atomic<int> got{0};
    const auto loop = [&] {
        on_driver([&]() -> Task<> {
            Signals usr = os::signals({SIGUSR2});
            ++ready;
            co_await usr.next();
            ++got;
        });
    };
    std::thread one(loop);
    std::thread two(loop);
    while (ready != 2) {
        std::this_thread::yield();
    }
    ::kill(getpid(), SIGUSR2);
    one.join();
    two.join();
    EXPECT_EQ(got, 2);
}

TEST_P(SignalsTest, a_storm_beside_input_and_output) {
    constexpr int storm = 100'000;
    std::uint64_t told = 0;
    on_driver([&]() -> Task<> {
        Signals usr = os::signals({SIGUSR1, SIGUSR2});
        Pair pair = co_await connected();
        os::PipePair pipe = os::make_pipe();
        const std::string text = numbered_text(1 << 20);
        std::atomic<bool> over{false};
        const pthread_t loop_thread = pthread_self();
        std::jthread sender([&] {
            for (int i = 0; i < storm; ++i) {
                pthread_kill(loop_thread, SIGUSR1);
            }
            over = true;
            pthread_kill(loop_thread, SIGUSR2);
        });
        auto count = [&]() -> Task<> {
            for (;;) {
                const ReceivedSignal received = co_await usr.next();
                if (received.number == SIGUSR2) {
                    break;
                }
                told += received.count;
            }
        };
        auto stream = [&]() -> Task<> {
            while (!over) {
                auto write = [&]() -> Task<> { co_await pair.client.write_all(text); };
                auto read = [&]() -> Task<> {
                    const std::string got = co_await read_exactly(pair.server, text.size());
                    EXPECT_TRUE(got == text);
                };
                co_await gather(write, read);
            }
        };
        auto piped = [&]() -> Task<> {
            std::string buffer(text.size(), '\0');
            while (!over) {
                auto write = [&]() -> Task<> { co_await pipe.writer.write_all(text); };
                auto read = [&]() -> Task<> {
                    std::size_t have = 0;
                    while (have < buffer.size()) {
                        auto* const at = reinterpret_cast<std::byte*>(buffer.data()) + have;
                        have +=
                            co_await pipe.reader.read_some(MutableBytes(at, buffer.size() - have));
                    }
                    EXPECT_TRUE(buffer == text);
                };
                co_await gather(write, read);
            }
        };
        auto processes = [&]() -> Task<> {
            while (!over) {
                const CompletedProcess done = co_await os::run(command("cat"), Bytes("storm"));
                EXPECT_EQ(done.out, "storm");
            }
        };
        co_await gather(count, stream, piped, processes);
    });
    EXPECT_GT(told, 0U);
    EXPECT_LE(told, std::uint64_t{storm});
}

TEST_P(SignalsTest, cancelled_everywhere) {
    Everywhere where;
    where.driver = GetParam().driver;
    cancel_everywhere(
        []() -> Task<> {
            Signals usr = os::signals({SIGUSR1});
            auto sender = []() -> Task<> {
                co_await turns(3);
                raise(SIGUSR1);
            };
            auto waiter = [&]() -> Task<> { co_await usr.next(); };
            co_await gather(waiter, sender);
        },
        where);
}

INSTANTIATE_TEST_SUITE_P(os, SignalsTest, testing::ValuesIn(real_drivers()), param_name);

TEST(SignalsSim, those_that_a_program_raises_itself_arrive) {
    run_sim([]() -> Task<> {
        Signals usr = os::signals({SIGUSR1});
        raise(SIGUSR1);
        const ReceivedSignal received = co_await usr.next();
        EXPECT_EQ(received.number, SIGUSR1);
        auto waiter = [&]() -> Task<> { co_await usr.next(); };
        auto sender = []() -> Task<> {
            co_await sleep(1h);
            raise(SIGUSR1);
        };
        co_await gather(waiter, sender);
    });
}

}  // namespace
}  // namespace rondo::test
