// SPDX-License-Identifier: Apache-2.0
// In-process workloads on one loop, written as a user writes them; docs/benchmarks.md says what
// each one is. Start-up is not counted: the stopwatch runs inside the main task.
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "report.hpp"
#include "rondo/rondo.hpp"

#ifndef RONDO_PEER
#define RONDO_PEER "rondo"
#endif

namespace {

using namespace std::chrono_literals;
using rondo::gather;
using rondo::Task;
using rondo::TaskGroup;
using rondo::TaskHandle;

constexpr long batch = 1000;

[[gnu::noinline]] Task<int> child(int i) { co_return i; }

Task<> call(long n) {
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

Task<> recursion(long n) {
    const int got = co_await fib(static_cast<int>(n));
    bench::require(got > 0, "W2");
}

Task<> yielder(long rounds) {
    for (long i = 0; i < rounds; ++i) {
        co_await rondo::yield();
    }
}

Task<> yields(long n) {
    std::vector<Task<>> tasks;
    for (long i = 0; i < batch; ++i) {
        tasks.push_back(yielder(n / batch));
    }
    co_await gather(std::move(tasks));
}

Task<> count(long& ran) {
    ++ran;
    co_return;
}

Task<> spawn_and_join(long n) {
    long ran = 0;
    for (long done = 0; done < n; done += batch) {
        co_await rondo::task_group([&](TaskGroup& group) -> Task<> {
            for (long i = 0; i < batch; ++i) {
                group.spawn(count(ran));
            }
            co_return;
        });
    }
    bench::require(ran >= n, "W4");
}

Task<> spawn_with_handles(long n) {
    long ran = 0;
    std::vector<TaskHandle<void>> handles;
    handles.reserve(batch);
    for (long done = 0; done < n; done += batch) {
        handles.clear();
        co_await rondo::task_group([&](TaskGroup& group) -> Task<> {
            for (long i = 0; i < batch; ++i) {
                handles.push_back(group.spawn(count(ran)));
            }
            co_return;
        });
    }
    bench::require(ran >= n, "W4h");
}

Task<> spawn_by_gather(long n) {
    long ran = 0;
    for (long done = 0; done < n; done += batch) {
        std::vector<Task<>> tasks;
        tasks.reserve(batch);
        for (long i = 0; i < batch; ++i) {
            tasks.push_back(count(ran));
        }
        co_await gather(std::move(tasks));
    }
    bench::require(ran >= n, "W4g");
}

Task<> sleeper(std::chrono::milliseconds length, long& woken) {
    co_await rondo::sleep(length);
    ++woken;
}

Task<> sleepers(long n) {
    long woken = 0;
    bench::SleepLengths lengths;
    co_await rondo::task_group([&](TaskGroup& group) -> Task<> {
        for (long i = 0; i < n; ++i) {
            group.spawn(sleeper(lengths.next(), woken));
        }
        co_return;
    });
    bench::require(woken == n, "W5");
}

Task<> one_yield() { co_await rondo::yield(); }

Task<> under_timeout(long n) {
    for (long i = 0; i < n; ++i) {
        co_await rondo::timeout(10s, one_yield());
    }
}

Task<> produce(rondo::Queue<long>& queue, long n) {
    for (long i = 0; i < n; ++i) {
        co_await queue.put(i);
    }
}

Task<> consume(rondo::Queue<long>& queue, long n, long& sum) {
    for (long i = 0; i < n; ++i) {
        const long item = co_await queue.get();
        sum += item;
    }
}

Task<> through_queue(std::size_t capacity, long n) {
    rondo::Queue<long> queue(capacity);
    long sum = 0;
    co_await gather(produce(queue, n), consume(queue, n, sum));
    bench::require(sum == n * (n - 1) / 2, "W7");
}

Task<> through_queue_of_1(long n) { return through_queue(1, n); }
Task<> through_queue_of_128(long n) { return through_queue(128, n); }

Task<> locker(rondo::Lock& lock, long rounds, long& held) {
    for (long i = 0; i < rounds; ++i) {
        const rondo::Lock::Guard guard = co_await lock.acquire();
        const long before = held;
        co_await rondo::yield();
        held = before + 1;  // loses one unless the lock excludes
    }
}

Task<> contend(long n) {
    constexpr long tasks = 100;
    rondo::Lock lock;
    long held = 0;
    co_await rondo::task_group([&](TaskGroup& group) -> Task<> {
        for (long i = 0; i < tasks; ++i) {
            group.spawn(locker(lock, n / tasks, held));
        }
        co_return;
    });
    bench::require(held == n / tasks * tasks, "W8");
}

struct CountDestroyed {
    long& destroyed;
    ~CountDestroyed() { ++destroyed; }
};

Task<> blocked(rondo::Event& never, long& destroyed) {
    const CountDestroyed guard{destroyed};
    co_await never.wait();
}

Task<> cancel_all(long n) {
    long destroyed = 0;
    rondo::Event never;
    co_await rondo::task_group([&](TaskGroup& group) -> Task<> {
        for (long i = 0; i < n; ++i) {
            group.spawn(blocked(never, destroyed));
        }
        co_await rondo::yield();
        co_await rondo::yield();
        group.cancel();
    });
    bench::require(destroyed == n, "W10");
}

constexpr std::pair<std::string_view, Task<> (*)(long)> workloads[] = {
    {"W1", call},
    {"W2", recursion},
    {"W3", yields},
    {"W4", spawn_and_join},
    {"W4h", spawn_with_handles},
    {"W4g", spawn_by_gather},
    {"W5", sleepers},
    {"W6", under_timeout},
    {"W7a", through_queue_of_1},
    {"W7b", through_queue_of_128},
    {"W8", contend},
    {"W10", cancel_all},
};

Task<double> timed(Task<> (*workload)(long), long n) {
    Task<> work = workload(n);
    const bench::Stopwatch watch;
    co_await std::move(work);
    co_return watch.seconds();
}

}  // namespace

int main(int argc, char** argv) {
    const auto arguments = bench::parse(argc, argv);
    if (!arguments) {
        return bench::usage(argv[0]);
    }
    for (const auto& [name, workload] : workloads) {
        if (name == arguments->workload) {
            bench::report(RONDO_PEER, *arguments, rondo::run(timed(workload, arguments->n)));
            return 0;
        }
    }
    return bench::usage(argv[0]);
}
