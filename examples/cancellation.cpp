// SPDX-License-Identifier: Apache-2.0
// Cancelling a task stops it where it waits. Its destructors run, innermost first; `catch (...)`
// does not see it, since a stop is not an exception. Clean-up that has to wait itself goes into
// finally.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string>
using namespace std::chrono_literals;

struct Connection {
    const char* name;
    ~Connection() { std::printf("%s connection closed\n", name); }
};

rondo::Task<> receive_prices() {
    Connection connection{"inner"};
    for (int price = 100;; ++price) {
        co_await rondo::sleep(1s);
        std::printf("price %d\n", price);
    }
}
rondo::Task<> watch_prices() {
    Connection connection{"outer"};
    try {
        co_await receive_prices();
    } catch (...) {
        std::puts("never printed");
    }
}
rondo::Task<> say_goodbye() {
    co_await rondo::sleep(1s);  // the cancelled task may still wait here, for 5 s at most
    std::puts("goodbye said");
}
rondo::Task<> hold_session() {
    std::puts("session opened");
    co_await rondo::finally(watch_prices(), say_goodbye());
    std::puts("never printed either");
}
rondo::Task<> async_main() {
    rondo::TaskHandle<> session = rondo::create_task(hold_session());
    co_await rondo::sleep(2500ms);
    std::puts("cancelling");
    session.cancel();
    try {
        co_await session;  // the task has ended, with all that belongs to it
    } catch (const rondo::Cancelled& cancelled) {
        const std::string by(rondo::to_string(cancelled.reason()));  // what() names the place, too
        std::printf("cancelled by the %s\n", by.c_str());
    }
}
int main() { rondo::run(async_main()); }
