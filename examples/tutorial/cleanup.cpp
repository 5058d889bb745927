// SPDX-License-Identifier: Apache-2.0
// Clean-up that has to wait: finally, and shield for what must not be cut in two.
#include <cstdio>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;

rondo::Task<> work() {
    std::puts("working");
    co_await rondo::sleep(60s);
    std::puts("never printed");
}
rondo::Task<> log_out() {
    co_await rondo::sleep(1s);  // a stopped task may wait here
    std::puts("logged out");
}
rondo::Task<> session() {
    std::puts("logged in");
    co_await rondo::finally(work(), log_out());
}
rondo::Task<> move_money() {
    std::puts("taken from one account");
    co_await rondo::sleep(2s);
    std::puts("given to the other");
}
rondo::Task<> transfer() {
    co_await rondo::shield(move_money());
    std::puts("so far it comes");
    co_await rondo::sleep(0s);  // a cancelled task stops at its next await
    std::puts("never printed");
}
rondo::Task<> hang() { co_await rondo::sleep(1h); }

rondo::Task<> async_main() {
    const rondo::TimePoint start = rondo::now();
    co_await rondo::move_on_after(1s, session());
    co_await rondo::move_on_after(1s, transfer());
    co_await rondo::move_on_after(1s, rondo::shield(hang(), 3s));  // 1 s, and 3 s of grace
    const std::chrono::duration<double> taken = rondo::now() - start;
    std::printf("%.0f s\n", taken.count());
}
int main() { rondo::run(async_main()); }
