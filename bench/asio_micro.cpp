// SPDX-License-Identifier: Apache-2.0
// The same workloads with standalone Asio: one io_context told that one thread runs it, concrete
// executor types, results as tuples instead of exceptions where a wait is cancelled. Asio has no
// task group: tasks count down and the last one wakes a timer that the parent waits on.
#include <asio.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/channel.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <utility>

#include "report.hpp"

namespace {

using namespace std::chrono_literals;
using Executor = asio::io_context::executor_type;
template <class T>
using Task = asio::awaitable<T, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
constexpr asio::use_awaitable_t<Executor> use_task;
constexpr auto as_tuple = asio::experimental::as_tuple(use_task);

constexpr long batch = 1000;

/// Waits until as many tasks have ended as were spawned.
class Join {
public:
    Join(Executor executor, long tasks) : done_(executor, Timer::time_point::max()), left_(tasks) {}

    auto ended() {
        return [this](std::exception_ptr error) {
            bench::require(error == nullptr, "a task failed");
            if (--left_ == 0) {
                done_.cancel();
            }
        };
    }
    Task<void> wait() {
        while (left_ != 0) {
            co_await done_.async_wait(as_tuple);
        }
    }

private:
    Timer done_;
    long left_;
};

[[gnu::noinline]] Task<int> child(int i) { co_return i; }

Task<void> call(Executor, long n) {
    std::uint64_t sum = 0;
    for (long i = 0; i < n; ++i) {
        const int got = co_await child(static_cast<int>(i & 0xff));
        sum += static_cast<std::uint64_t>(got);
    }
    bench::require(sum <= static_cast<std::uint64_t>(n) * 0xff, "W1");
}

[[gnu::noinline]] Task<int> fib(int n) {
    if (n < 2) {
        co_return n;
    }
    const int one = co_await fib(n - 1);
    const int two = co_await fib(n - 2);
    co_return one + two;
}

Task<void> recursion(Executor, long n) {
    const int got = co_await fib(static_cast<int>(n));
    bench::require(got > 0, "W2");
}

Task<void> yielder(Executor executor, long rounds) {
    for (long i = 0; i < rounds; ++i) {
        co_await asio::post(executor, use_task);
    }
}

Task<void> yields(Executor executor, long n) {
    Join join(executor, batch);
    for (long i = 0; i < batch; ++i) {
        asio::co_spawn(executor, yielder(executor, n / batch), join.ended());
    }
    co_await join.wait();
}

Task<void> count(long& ran) {
    ++ran;
    co_return;
}

Task<void> spawn_and_join(Executor executor, long n) {
    long ran = 0;
    for (long done = 0; done < n; done += batch) {
        Join join(executor, batch);
        for (long i = 0; i < batch; ++i) {
            asio::co_spawn(executor, count(ran), join.ended());
        }
        co_await join.wait();
    }
    bench::require(ran >= n, "W4");
}

Task<void> sleeper(Executor executor, std::chrono::milliseconds length, long& woken) {
    Timer timer(executor, length);
    co_await timer.async_wait(use_task);
    ++woken;
}

Task<void> sleepers(Executor executor, long n) {
    long woken = 0;
    bench::SleepLengths lengths;
    Join join(executor, n);
    for (long i = 0; i < n; ++i) {
        asio::co_spawn(executor, sleeper(executor, lengths.next(), woken), join.ended());
    }
    co_await join.wait();
    bench::require(woken == n, "W5");
}

Task<void> one_yield(Executor executor) { co_await asio::post(executor, use_task); }

// By hand, the fastest way there is: the timer's handler cancels the task's slot.
Task<void> under_timeout(Executor executor, long n) {
    Timer timer(executor);
    for (long i = 0; i < n; ++i) {
        asio::cancellation_signal stop;
        timer.expires_after(10s);
        timer.async_wait([&stop](const asio::error_code& error) {
            if (!error) {
                stop.emit(asio::cancellation_type::terminal);
            }
        });
        co_await asio::co_spawn(executor, one_yield(executor),
                                asio::bind_cancellation_slot(stop.slot(), use_task));
        if (timer.cancel() == 0) {
            co_await asio::post(executor, use_task);  // it fired: its handler still needs `stop`
        }
    }
}

// In one expression, as Asio's examples show it.
Task<void> under_timeout_operator(Executor executor, long n) {
    using namespace asio::experimental::awaitable_operators;
    for (long i = 0; i < n; ++i) {
        Timer timer(executor, 10s);
        co_await (one_yield(executor) || timer.async_wait(use_task));
    }
}

using Items = asio::experimental::channel<Executor, void(asio::error_code, long)>;

Task<void> produce(Items& items, long n) {
    for (long i = 0; i < n; ++i) {
        co_await items.async_send(asio::error_code(), i, use_task);
    }
}

Task<void> consume(Items& items, long n, long& sum) {
    for (long i = 0; i < n; ++i) {
        const long item = co_await items.async_receive(use_task);
        sum += item;
    }
}

Task<void> through_channel(Executor executor, std::size_t capacity, long n) {
    Items items(executor, capacity);
    long sum = 0;
    Join join(executor, 2);
    asio::co_spawn(executor, produce(items, n), join.ended());
    asio::co_spawn(executor, consume(items, n, sum), join.ended());
    co_await join.wait();
    bench::require(sum == n * (n - 1) / 2, "W7");
}

Task<void> through_channel_of_1(Executor executor, long n) {
    return through_channel(executor, 1, n);
}
Task<void> through_channel_of_128(Executor executor, long n) {
    return through_channel(executor, 128, n);
}

/// Asio has no lock for coroutines: a channel with one place is one. It is held by whose message
/// lies there, and who waits to send waits in order.
class Lock {
public:
    explicit Lock(Executor executor) : place_(executor, 1) {}
    auto acquire() { return place_.async_send(asio::error_code(), true, use_task); }
    void release() {
        place_.try_receive([](asio::error_code, bool) {});
    }

private:
    asio::experimental::channel<Executor, void(asio::error_code, bool)> place_;
};

Task<void> locker(Executor executor, Lock& lock, long rounds, long& held) {
    for (long i = 0; i < rounds; ++i) {
        co_await lock.acquire();
        const long before = held;
        co_await asio::post(executor, use_task);
        held = before + 1;  // loses one unless the lock excludes
        lock.release();
    }
}

Task<void> contend(Executor executor, long n) {
    constexpr long tasks = 100;
    Lock lock(executor);
    long held = 0;
    Join join(executor, tasks);
    for (long i = 0; i < tasks; ++i) {
        asio::co_spawn(executor, locker(executor, lock, n / tasks, held), join.ended());
    }
    co_await join.wait();
    bench::require(held == n / tasks * tasks, "W8");
}

struct CountDestroyed {
    long& destroyed;
    ~CountDestroyed() { ++destroyed; }
};

Task<void> blocked(Executor executor, long& destroyed) {
    const CountDestroyed guard{destroyed};
    Timer never(executor, Timer::time_point::max());
    co_await never.async_wait(as_tuple);
}

Task<void> cancel_all(Executor executor, long n) {
    long destroyed = 0;
    std::deque<asio::cancellation_signal> stops;
    Join join(executor, n);
    for (long i = 0; i < n; ++i) {
        asio::co_spawn(executor, blocked(executor, destroyed),
                       asio::bind_cancellation_slot(stops.emplace_back().slot(), join.ended()));
    }
    co_await asio::post(executor, use_task);
    co_await asio::post(executor, use_task);
    for (asio::cancellation_signal& stop : stops) {
        stop.emit(asio::cancellation_type::terminal);
    }
    co_await join.wait();
    bench::require(destroyed == n, "W10");
}

using Workload = Task<void> (*)(Executor, long);

constexpr std::pair<std::string_view, Workload> workloads[] = {
    {"W1", call},
    {"W2", recursion},
    {"W3", yields},
    {"W4", spawn_and_join},
    {"W5", sleepers},
    {"W6", under_timeout},
    {"W6o", under_timeout_operator},
    {"W7a", through_channel_of_1},
    {"W7b", through_channel_of_128},
    {"W8", contend},
    {"W10", cancel_all},
};

Task<void> timed(Executor executor, Workload workload, long n, double& seconds) {
    Task<void> work = workload(executor, n);
    const bench::Stopwatch watch;
    co_await std::move(work);
    seconds = watch.seconds();
}

double run(Workload workload, long n) {
    asio::io_context context(1);
    double seconds = 0;
    asio::co_spawn(context.get_executor(), timed(context.get_executor(), workload, n, seconds),
                   [](std::exception_ptr error) {
                       if (error) {
                           std::rethrow_exception(error);
                       }
                   });
    context.run();
    return seconds;
}

}  // namespace

int main(int argc, char** argv) {
    const auto arguments = bench::parse(argc, argv);
    if (!arguments) {
        return bench::usage(argv[0]);
    }
    for (const auto& [name, workload] : workloads) {
        if (name == arguments->workload) {
            bench::report("asio", *arguments, run(workload, arguments->n));
            return 0;
        }
    }
    return bench::usage(argv[0]);
}
