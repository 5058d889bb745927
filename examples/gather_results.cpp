// SPDX-License-Identifier: Apache-2.0
// Results come in the order of the arguments, whichever task finishes first. When one task fails,
// gather cancels the others and throws that failure; gather(settle, ...) lets all of them end.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <stdexcept>
#include <string>
#include <vector>
using namespace std::chrono_literals;

rondo::Task<std::string> call(std::string name, std::chrono::seconds wait) {
    co_await rondo::sleep(wait);
    std::printf("  %s answered\n", name.c_str());
    co_return "answer of " + name;
}
rondo::Task<int> call_broken_api() {
    co_await rondo::sleep(1s);
    throw std::runtime_error("500 Internal Server Error");
}
rondo::Task<> results_in_argument_order() {
    std::puts("a tuple:");
    auto [slow, count, fast] =
        co_await rondo::gather(call("slow", 2s), [] { return 3; }, call("fast", 1s));
    std::printf("  %s, %d, %s\n", slow.c_str(), count, fast.c_str());

    std::puts("a list, two at a time:");
    std::vector<rondo::Task<std::string>> calls;
    for (int number = 1; number <= 4; ++number) {
        calls.push_back(call(std::to_string(number), std::chrono::seconds(5 - number)));
    }
    auto answers = co_await rondo::gather(rondo::limit(2), std::move(calls));
    for (const std::string& answer : answers) {
        std::printf("  %s\n", answer.c_str());
    }
}
rondo::Task<> one_fails() {
    std::puts("the first failure wins:");
    try {
        co_await rondo::gather(call("slow", 2s), call_broken_api());
    } catch (const std::runtime_error& error) {
        std::printf("  %s\n", error.what());
    }

    std::puts("all of them, settled:");
    auto [good, bad] = co_await rondo::gather(rondo::settle, call("slow", 2s), call_broken_api());
    std::printf("  %s; %s\n", good.value().c_str(), rondo::describe(bad.error()).c_str());
}
rondo::Task<> async_main() {
    co_await results_in_argument_order();
    co_await one_fails();
}
int main() { rondo::run(async_main()); }
