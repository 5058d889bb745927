// SPDX-License-Identifier: Apache-2.0
// Semaphore, Lock, Event and Condition: who may go on, and when.
#include <cstdio>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;

int balance = 0;

rondo::Task<> deposit(int amount, rondo::Lock& lock) {
    rondo::Lock::Guard guard = co_await lock.acquire();
    const int before = balance;  // read, wait, write: nobody may come in between
    co_await rondo::sleep(1s);
    balance = before + amount;
}
rondo::Task<> visit(int guest, rondo::Semaphore& seats) {
    rondo::Semaphore::Permit seat = co_await seats.acquire();
    std::printf("guest %d sits down\n", guest);
    co_await rondo::sleep(1s);
}
rondo::Task<> run_race(int runner, rondo::Event& gun) {
    co_await gun.wait();
    std::printf("runner %d starts\n", runner);
}
rondo::Task<> fire(rondo::Event& gun) {
    std::puts("ready, set, go");
    gun.set();  // wakes all who wait
    co_return;
}
rondo::Task<> buy_ticket(rondo::Lock& lock, rondo::Condition& changed) {
    rondo::Lock::Guard guard = co_await lock.acquire();
    co_await changed.wait(guard, [] { return balance >= 50; });
    balance -= 50;
    std::printf("ticket bought, %d left\n", balance);
}
rondo::Task<> earn(rondo::Lock& lock, rondo::Condition& changed) {
    for (int day = 1; day <= 3; ++day) {
        co_await rondo::sleep(24h);
        rondo::Lock::Guard guard = co_await lock.acquire();
        balance += 10;
        std::printf("day %d: %d\n", day, balance);
        changed.notify_all();
    }
}
rondo::Task<> async_main() {
    rondo::Lock lock;
    co_await rondo::gather(deposit(10, lock), deposit(20, lock));
    std::printf("balance %d\n", balance);

    rondo::Semaphore seats(2);
    co_await rondo::gather(visit(1, seats), visit(2, seats), visit(3, seats));

    rondo::Event gun;
    co_await rondo::gather(run_race(1, gun), run_race(2, gun), fire(gun));

    rondo::Condition changed(lock);
    co_await rondo::gather(buy_ticket(lock, changed), earn(lock, changed));
}
int main() { rondo::run(async_main()); }
