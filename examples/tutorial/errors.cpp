// SPDX-License-Identifier: Apache-2.0
// One of several calls fails: what happens to the others, and three ways to deal with it.
#include <cstdio>
#include <exception>
#include <rondo/rondo.hpp>
#include <stdexcept>
#include <string>
using namespace std::chrono_literals;

struct Connection {
    std::string to;
    explicit Connection(std::string host) : to(std::move(host)) {}
    ~Connection() { std::printf("  connection to %s closed\n", to.c_str()); }
};
rondo::Task<int> call(std::string host, std::chrono::seconds wait) {
    const Connection connection(host);
    co_await rondo::sleep(wait);
    std::printf("  %s answered\n", host.c_str());
    co_return 200;
}
rondo::Task<int> call_broken(std::string host, std::chrono::seconds wait) {
    co_await rondo::sleep(wait);
    throw std::runtime_error(host + " is down");
}
rondo::Task<> first_failure() {
    std::puts("the first failure cancels the others:");
    try {
        co_await rondo::gather(call("a", 1s), call_broken("b", 2s), call("c", 3s));
    } catch (const std::runtime_error& error) {
        std::printf("  caught: %s\n", error.what());
    }
}
rondo::Task<> settled() {
    std::puts("settle lets all of them end:");
    auto [a, b] = co_await rondo::gather(rondo::settle, call("a", 3s), call_broken("b", 2s));
    std::printf("  a: %d\n", a.value());
    if (b.has_error()) {
        std::printf("  b: %s\n", rondo::describe(b.error()).c_str());
    }
}
rondo::Task<> two_failures() {
    std::puts("two fail at the same moment:");
    try {
        co_await rondo::gather(call_broken("a", 1s), call_broken("b", 1s));
    } catch (const std::runtime_error& error) {
        std::printf("  caught: %s\n", error.what());
        for (const std::exception_ptr& other : rondo::suppressed_errors()) {
            std::printf("  suppressed: %s\n", rondo::describe(other).c_str());
        }
    }
}
rondo::Task<> async_main() {
    co_await first_failure();
    co_await settled();
    co_await two_failures();
}
int main() { rondo::run(async_main()); }
