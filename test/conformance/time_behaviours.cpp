// SPDX-License-Identifier: Apache-2.0
// Timers, deadlines and turns: small real times, and the same on the virtual clock.
#include <chrono>

#include "conformance/over_tcp.hpp"
#include "rondo/loop/shield.hpp"

namespace rondo::test {
namespace {

using Say = std::string;

Task<> says(Say& log, Duration after, std::string_view word) {
    co_await sleep(after);
    log += word;
}

Task<> waits(Duration duration) { co_await sleep(duration); }

template <class F>
Task<bool> lasts_at_least(Duration duration, F call) {
    const TimePoint start = now();
    co_await call();
    co_return now() - start >= duration;
}

RONDO_BEHAVIOUR(time, "a sleep is never too short", "true") {
    const bool long_enough = co_await lasts_at_least(3ms, [] { return waits(3ms); });
    co_return observed(long_enough);
}

RONDO_BEHAVIOUR(time, "a sleep of a nanosecond is never too short", "true") {
    const bool long_enough = co_await lasts_at_least(1ns, [] { return waits(1ns); });
    co_return observed(long_enough);
}

RONDO_BEHAVIOUR(time, "sleeps end in the order of their deadlines", "abc") {
    Say log;
    co_await gather(says(log, 9ms, "c"), says(log, 1ms, "a"), says(log, 5ms, "b"));
    co_return log;
}

RONDO_BEHAVIOUR(time, "equal deadlines end first come, first served", "abcd") {
    Say log;
    const TimePoint when = now() + 2ms;
    auto at = [&](std::string_view word) -> Task<> {
        co_await sleep_until(when);
        log += word;
    };
    co_await gather(at("a"), at("b"), at("c"), at("d"));
    std::sort(log.begin(), log.end());
    co_return log;
}

RONDO_BEHAVIOUR(time, "a thousand sleeps all end", "1000") {
    int ended = 0;
    auto one = [&](int i) -> Task<> {
        co_await sleep(std::chrono::microseconds(i * 7 % 1000));
        ++ended;
    };
    std::vector<Task<>> sleepers;
    for (int i = 0; i < 1000; ++i) {
        sleepers.push_back(one(i));
    }
    co_await gather(std::move(sleepers));
    co_return observed(ended);
}

RONDO_BEHAVIOUR(time, "a sleep of nothing lets others run first", "other, me") {
    Say log;
    TaskHandle<void> other = create_task(says(log, 0ms, "other"));
    co_await yield();
    co_await sleep(1ms);
    co_await ended(other);
    co_return in_order(log, "me");
}

RONDO_BEHAVIOUR(time, "a negative sleep ends at once", "done") {
    co_return co_await outcome([] { return waits(-5h); });
}

RONDO_BEHAVIOUR(time, "sleep_until a time that has passed ends at once", "done") {
    auto past = []() -> Task<> { co_await sleep_until(now() - 1h); };
    co_return co_await outcome(past);
}

RONDO_BEHAVIOUR(time, "a sleep of all time can be cancelled", "true") {
    TaskHandle<void> sleeper = create_task(waits(Duration::max()));
    co_await yield();
    sleeper.cancel();
    bool stopped = false;
    try {
        co_await sleeper;
    } catch (const Cancelled&) {
        stopped = true;
    }
    co_return observed(stopped);
}

RONDO_BEHAVIOUR(time, "a deadline ends what waits", "timed_out") {
    auto bounded = []() -> Task<> { co_await timeout(2ms, waits(1h)); };
    co_return co_await outcome(bounded);
}

RONDO_BEHAVIOUR(time, "a deadline does nothing to what is done before", "7") {
    auto seven = []() -> Task<int> {
        co_await sleep(1ms);
        co_return 7;
    };
    auto bounded = [&]() -> Task<int> {
        const int value = co_await timeout(1h, seven());
        co_return value;
    };
    co_return co_await outcome(bounded);
}

RONDO_BEHAVIOUR(time, "a deadline of now ends what would wait", "timed_out") {
    auto bounded = []() -> Task<> { co_await timeout(0ms, waits(1h)); };
    co_return co_await outcome(bounded);
}

RONDO_BEHAVIOUR(time, "the nearer of two nested deadlines counts", "inner, outer") {
    auto inner = []() -> Task<std::string> {
        try {
            co_await timeout(1ms, waits(1h));
        } catch (const TimeoutError&) {
            co_return "inner";
        }
        co_return "none";
    };
    auto outer = []() -> Task<std::string> {
        try {
            co_await timeout(1h, waits(1h + 1s));
        } catch (const TimeoutError&) {
            co_return "inner";
        }
        co_return "none";
    };
    auto under = [&](Duration limit, auto call) -> Task<std::string> {
        try {
            const std::string seen = co_await timeout(limit, call());
            co_return seen;
        } catch (const TimeoutError&) {
            co_return "outer";
        }
    };
    const std::string first = co_await under(1h, inner);
    const std::string second = co_await under(1ms, outer);
    co_return in_order(first, second);
}

RONDO_BEHAVIOUR(time, "move_on_after gives nothing when time is up", "false, true") {
    auto soon = []() -> Task<int> {
        co_await sleep(1ms);
        co_return 1;
    };
    auto late = []() -> Task<int> {
        co_await sleep(1h);
        co_return 1;
    };
    const auto none = co_await move_on_after(1ms, late());
    const auto some = co_await move_on_after(1h, soon());
    co_return in_order(none.has_value(), some.has_value());
}

RONDO_BEHAVIOUR(time, "a shield keeps a deadline off until it is done", "inside, timed_out") {
    Say log;
    auto shielded = [&]() -> Task<> {
        co_await shield(says(log, 4ms, "inside"));
        co_await waits(1h);
    };
    auto bounded = [&]() -> Task<> { co_await timeout(1ms, shielded()); };
    const std::string seen = co_await outcome(bounded);
    co_return in_order(log, seen);
}

RONDO_BEHAVIOUR(time, "two waits pass at the same time", "ab, true") {
    Say log;
    const TimePoint start = now();
    co_await gather(says(log, 6ms, "b"), says(log, 3ms, "a"));
    const Duration taken = now() - start;
    co_return in_order(log, taken >= 6ms);
}

RONDO_BEHAVIOUR(time, "a task that is cancelled before its first turn never runs", "nothing") {
    Say log = "nothing";
    auto runs = [&]() -> Task<> {
        log = "ran";
        co_return;
    };
    TaskHandle<void> task = create_task(runs());
    task.cancel();
    co_await ended(task);
    co_return log;
}

RONDO_BEHAVIOUR(time, "the loop's clock does not go back", "true") {
    bool forward = true;
    TimePoint last = now();
    for (int i = 0; i < 200; ++i) {
        co_await yield();
        forward = forward && now() >= last;
        last = now();
    }
    co_return observed(forward);
}

}  // namespace
}  // namespace rondo::test
