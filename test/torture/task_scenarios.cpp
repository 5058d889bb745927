// SPDX-License-Identifier: Apache-2.0
// What needs only memory and time: tasks, timers, what passes between tasks.
#include <new>
#include <string>

#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

Task<> timers() {
    int fired = 0;
    auto one = [&fired](int i) -> Task<> {
        co_await sleep(std::chrono::microseconds(i * 100));
        ++fired;
    };
    co_await gather(one(1), one(5), one(3), one(0));
    require(fired == 4, "a timer was lost");
}

Task<> throws(std::string what) {
    co_await yield();
    throw WrongResult(what);
}

// Two children fail: one error is thrown, the other is kept beside it.
Task<> suppressed() {
    std::size_t kept = 0;
    try {
        co_await gather(throws("one"), throws("other"));
    } catch (const WrongResult&) {
        kept = suppressed_errors().size();
    }
    require(kept <= 1, "more errors than were thrown");
}

Task<int> later(int value) {
    co_await sleep(100us);
    co_return value;
}

Task<> group_of_tasks() {
    int sum = 0;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        for (int i = 1; i <= 10; ++i) {
            group.spawn([&sum, i]() -> Task<> {
                const int value = co_await later(i);
                sum += value;
            });
        }
        co_await yield();
    });
    require(sum == 55, "a task was lost");
}

Task<> race_of_tasks() {
    auto slow = []() -> Task<int> {
        co_await sleep(10s);
        co_return 0;
    };
    const int winner = co_await race(slow(), later(7));
    require(winner == 7, "another winner");
    TaskHandle<int> handle = create_task(later(3));
    const int value = co_await handle;
    require(value == 3, "another value than the task's");
}

Task<> channel_of_tasks() {
    Channel<std::string> channel(2);
    auto send = [&channel]() -> Task<> {
        for (int i = 0; i < 10; ++i) {
            co_await channel.send("value " + std::to_string(i));
        }
        channel.close();
    };
    auto receive = [&channel]() -> Task<int> {
        int count = 0;
        for (;;) {
            const std::optional<std::string> value = co_await channel.receive();
            if (!value) {
                co_return count;
            }
            require(*value == "value " + std::to_string(count), "another value");
            ++count;
        }
    };
    auto [done, count] = co_await gather(send(), receive());
    require(count == 10, "a value was lost");
}

// The cleanup runs whatever became of the body.
Task<> cleaned_up() {
    int cleanups = 0;
    auto body = []() -> Task<> { co_await sleep(10s); };
    auto cleanup = [&cleanups]() -> Task<> {
        co_await yield();
        ++cleanups;
    };
    auto cleaned = [&]() -> Task<> { co_await finally(body, cleanup); };
    const auto none = co_await move_on_after(1ms, cleaned());
    require(!none, "a sleep that ended early");
    if (cleanups == 0) {
        throw std::bad_alloc();  // there was none for its frame; nobody hears of it in a stop
    }
    require(cleanups == 1, "too many cleanups");
}

Task<> repeated() {
    int calls = 0;
    RetryPolicy policy;
    policy.attempts = 10;
    policy.base = 100us;
    auto once = [&calls]() -> Task<int> {
        co_await yield();
        if (++calls < 3) {
            throw Error(Errc::reset, "call", "a peer", "gone");
        }
        co_return calls;
    };
    const int result = co_await retry(policy, once);
    require(result >= 3, "too few calls");
}

ContextVar<int> variable(0);

// What a task starts has its variables, or is not started.
Task<> variables_of_tasks() {
    auto reads = []() -> Task<int> {
        co_await yield();
        co_return variable.get();
    };
    int sum = 0;
    for (int i = 1; i <= 3; ++i) {
        variable.set(i);
        TaskHandle<int> task = create_task(reads());
        TaskHandle<int> called = create_task(reads);
        const int one = co_await task;
        const int other = co_await called;
        sum += one + other;
    }
    require(sum == 12, "a task with other variables");
}

}  // namespace

Scenarios task_scenarios() {
    return {
        {"timers", &timers},
        {"suppressed errors", &suppressed},
        {"group of tasks", &group_of_tasks},
        {"race of tasks", &race_of_tasks},
        {"channel of tasks", &channel_of_tasks},
        {"cleaned up", &cleaned_up},
        {"repeated", &repeated},
        {"variables of tasks", &variables_of_tasks},
    };
}

}  // namespace rondo::test
