// SPDX-License-Identifier: Apache-2.0
#include "sim/planted_bugs.hpp"

#include <deque>
#include <optional>
#include <string>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/sync/condition.hpp"
#include "rondo/sync/event.hpp"
#include "rondo/sync/lock.hpp"
#include "sim/planted.hpp"

namespace rondo::test {
namespace {

Task<> work(int steps) {
    for (int i = 0; i < steps; ++i) {
        co_await yield();
    }
}

// An account is checked, and used after an await, when the check may not hold any more.
Task<> check_then_act(bool bug) {
    int balance = 100;
    auto withdraw = [&](int delay) -> Task<> {
        co_await work(delay);
        if (balance >= 80) {
            if (bug) {
                co_await work(1);
            }
            balance -= 80;
        }
        co_await work(3);
    };
    co_await gather(withdraw(0), withdraw(4));
    expect(balance >= 0, "overdrawn");
}

// The consumer clears the event after it looked, so what came in between is not seen.
Task<> lost_wake_up(bool bug) {
    Event arrived;
    std::deque<int> items;
    auto consumer = [&]() -> Task<> {
        for (int got = 0; got < 3;) {
            if (!bug) {
                arrived.clear();
            }
            if (!items.empty()) {
                items.pop_front();
                ++got;
                continue;
            }
            co_await yield();
            if (bug) {
                arrived.clear();
            }
            co_await arrived.wait();
        }
    };
    auto producer = [&]() -> Task<> {
        for (int i = 0; i < 3; ++i) {
            co_await work(4);
            items.push_back(i);
            arrived.set();
        }
    };
    co_await gather(consumer(), producer());
}

// Two locks, taken in two orders.
Task<> lock_order(bool bug) {
    Lock first;
    Lock second;
    auto take = [](Lock& a, Lock& b, int delay) -> Task<> {
        co_await work(delay);
        const Lock::Guard outer = co_await a.acquire();
        co_await yield();
        const Lock::Guard inner = co_await b.acquire();
        co_await yield();
    };
    auto forward = take(first, second, 0);
    auto backward = bug ? take(second, first, 5) : take(first, second, 5);
    co_await gather(std::move(forward), std::move(backward));
}

// A buffer of four that takes a fifth.
Task<> queue_off_by_one(bool bug) {
    const std::size_t capacity = 4;
    std::deque<int> buffer;
    auto producer = [&]() -> Task<> {
        for (int i = 0; i < 8; ++i) {
            while (bug ? buffer.size() > capacity : buffer.size() >= capacity) {
                co_await yield();
            }
            buffer.push_back(i);
            expect(buffer.size() <= capacity, "more than fits");
            co_await yield();
        }
    };
    auto consumer = [&]() -> Task<> {
        for (int got = 0; got < 8;) {
            if (!buffer.empty()) {
                buffer.pop_front();
                ++got;
            }
            co_await yield();
        }
    };
    co_await gather(producer(), consumer());
}

// Loaded by whoever comes first; who comes while it loads, loads it again.
Task<> loaded_twice(bool bug) {
    int loads = 0;
    bool loading = false;
    Event loaded;
    auto get = [&](int delay) -> Task<> {
        co_await work(delay);
        if (!loaded.is_set() && (bug || !loading)) {
            loading = true;
            co_await work(2);
            ++loads;
            loaded.set();
        }
        co_await loaded.wait();
    };
    co_await gather(get(0), get(6));
    expect(loads == 1, "loaded twice");
}

// Producers and consumers wait for one condition, and one notify may wake the wrong kind.
Task<> wrong_waiter(bool bug) {
    Lock lock;
    Condition changed(lock);
    std::optional<int> slot;
    auto tell = [&] { changed.notify(bug ? 1 : 10); };
    auto put = [&](int value) -> Task<> {
        Lock::Guard guard = co_await lock.acquire();
        co_await changed.wait(guard, [&] { return !slot.has_value(); });
        slot = value;
        tell();
    };
    auto take = [&]() -> Task<> {
        Lock::Guard guard = co_await lock.acquire();
        co_await changed.wait(guard, [&] { return slot.has_value(); });
        slot.reset();
        tell();
    };
    co_await gather(put(1), take(), put(2), take(), put(3), take());
}

// Replies are taken to come in the order of the requests.
Task<> replies_in_order(bool bug) {
    std::deque<int> replies;
    int wrong = 0;
    auto serve = [&](int request) -> Task<> {
        co_await work(3);
        replies.push_back(request);
    };
    co_await gather(serve(1), serve(2), serve(3));
    for (const int expected : {1, 2, 3}) {
        wrong += replies.front() != expected ? 1 : 0;
        replies.pop_front();
    }
    expect(!bug || wrong == 0, "somebody got another one's reply");
}

// The janitor closes what nobody uses; a user counts himself too late.
Task<> closed_in_use(bool bug) {
    int users = 0;
    bool open = true;
    auto user = [&]() -> Task<> {
        co_await work(6);
        if (!open) {
            co_return;
        }
        if (!bug) {
            ++users;
        }
        co_await yield();
        if (bug) {
            ++users;
        }
        expect(open, "used after it was closed");
        co_await work(2);
        --users;
    };
    auto janitor = [&]() -> Task<> {
        co_await yield();
        if (users == 0) {
            open = false;
        }
    };
    co_await gather(user(), janitor());
}

// Shows only if one writer is held up between its two writes while two others pass: depth 2, but
// rare.
Task<> half_written(bool bug) {
    int x = 0;
    int y = 0;
    bool copied = false;
    auto writer = [&]() -> Task<> {
        co_await work(2);
        x = 1;
        if (bug) {
            co_await yield();
        }
        y = 1;
        co_await work(4);
    };
    auto copier = [&]() -> Task<> {
        co_await work(8);
        const bool half = x != y;
        co_await yield();
        copied = half && x != y;
    };
    auto reader = [&]() -> Task<> {
        co_await work(12);
        expect(!copied || x == y, "half of it was read");
    };
    co_await gather(writer(), copier(), reader());
}

// A stack's head is compared after an await: it is the same, but not its successor.
Task<> same_head_again(bool bug) {
    int next[3] = {1, 2, -1};
    int head = 0;
    long version = 0;
    auto slow_pop = [&]() -> Task<> {
        for (;;) {
            const int seen = head;
            const long seen_version = version;
            const int successor = next[seen];
            co_await yield();
            if (head == seen && (bug || version == seen_version)) {
                expect(successor == next[seen], "the head's successor is another one");
                head = successor;
                co_return;
            }
        }
    };
    auto churn = [&]() -> Task<> {
        co_await work(3);
        head = 2;  // pops two
        ++version;
        next[0] = 2;  // and pushes the first again
        head = 0;
        ++version;
    };
    co_await gather(slow_pop(), churn());
}

// Who ends last closes; two may both find that they are the last.
Task<> closed_twice(bool bug) {
    int left = 2;
    int closes = 0;
    auto worker = [&](int steps) -> Task<> {
        co_await work(steps);
        const bool last = --left == 0;
        if (bug) {
            co_await yield();
        }
        if (bug ? left == 0 : last) {
            ++closes;
        }
    };
    co_await gather(worker(1), worker(7));
    expect(closes == 1, "closed twice");
}

// The first task sets up what the second uses, and nothing but their order says so.
Task<> started_in_order(bool bug) {
    std::string config;
    Event ready;
    auto set_up = [&]() -> Task<> {
        config = "loaded";
        ready.set();
        co_return;
    };
    auto use = [&]() -> Task<> {
        if (!bug) {
            co_await ready.wait();
        }
        expect(!config.empty(), "used before it was set up");
    };
    co_await gather(set_up(), use());
}

// A counter is read, and written after an await.
Task<> lost_update(bool bug) {
    int count = 0;
    Lock lock;
    auto add = [&](int delay) -> Task<> {
        co_await work(delay);
        std::optional<Lock::Guard> guard;
        if (!bug) {
            guard.emplace(co_await lock.acquire());
        }
        const int seen = count;
        co_await yield();
        count = seen + 1;
    };
    co_await gather(add(0), add(0));
    expect(count == 2, "an update was lost");
}

// Shows only if two tasks are held up, each at one step: depth 3.
Task<> looked_twice(bool bug) {
    bool open = false;
    auto door = [&]() -> Task<> {
        co_await work(2);
        open = true;
        co_await yield();
        open = false;
        co_await work(2);
    };
    auto visitor = [&]() -> Task<> {
        co_await work(6);
        const bool was_open = open;
        if (bug) {
            co_await yield();
        }
        expect(!was_open || open, "the door closed between two looks");
        co_await work(2);
    };
    co_await gather(door(), visitor());
}

}  // namespace

std::vector<PlantedBug> planted_bugs() {
    std::vector<PlantedBug> bugs;
    auto plant = [&](const char* name, Task<> (*program)(bool), bool fifo = false,
                     bool random = true, unsigned depth = 1) {
        bugs.push_back({name, fifo, random, depth, [=] { return program(true); },
                        [=] { return program(false); }});
    };
    plant("lost update", &lost_update, true);
    plant("check, then act", &check_then_act);
    plant("lost wake-up", &lost_wake_up);
    plant("two locks in two orders", &lock_order);
    plant("queue off by one", &queue_off_by_one);
    plant("loaded twice", &loaded_twice);
    plant("notify wakes the wrong waiter", &wrong_waiter);
    plant("replies taken in order", &replies_in_order);
    plant("closed while in use", &closed_in_use);
    plant("same head again (ABA)", &same_head_again);
    plant("closed twice", &closed_twice);
    plant("started in order", &started_in_order);
    plant("half written", &half_written, false, false, 2);
    plant("looked twice", &looked_twice, false, true, 3);
    return bugs;
}

}  // namespace rondo::test
