// SPDX-License-Identifier: Apache-2.0
// Forms that g++ 12 compiles correctly, where the shorter one would be compiled wrongly.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string>
#include <vector>
using namespace std::chrono_literals;

rondo::Task<bool> is_online() {
    co_await rondo::sleep(1s);
    co_return true;
}
rondo::Task<int> measure(std::string what) {
    co_await rondo::sleep(1s);
    co_return static_cast<int>(what.size());
}
rondo::Task<> conditions() {
    const bool online = co_await is_online();  // first the await, then the condition
    if (online) {
        std::puts("online");
    }
    int length = 0;
    if (online) {  // two statements, not one expression with ?:
        length = co_await measure("a long word");
    } else {
        length = co_await measure("short");
    }
    std::printf("%d\n", length);
}
rondo::Task<> lambdas() {
    std::string name = "rondo";
    auto by_value = [name]() -> rondo::Task<int> { return measure(name + "!"); };
    const int first = co_await rondo::timeout(5s, std::move(by_value));  // named, then moved

    const int second = co_await rondo::timeout(5s, [&] { return measure(name); });  // by reference
    std::printf("%d %d\n", first, second);
}
rondo::Task<> lists() {
    std::vector<rondo::Task<int>> tasks;  // statement by statement, not a braced list
    tasks.push_back(measure("one"));
    tasks.push_back(measure("three"));
    const std::vector<int> lengths = co_await rondo::gather(std::move(tasks));
    std::printf("%d %d\n", lengths[0], lengths[1]);
}
rondo::Task<> async_main() {
    co_await conditions();
    co_await lambdas();
    co_await lists();
}
int main() { rondo::run(async_main()); }
