// SPDX-License-Identifier: Apache-2.0
// timeout throws when the time is up, move_on_after gives an empty optional. Both stop the task
// first and wait until it has cleaned up; the inner of two deadlines may be the one that strikes.
#include <cstdio>
#include <optional>
#include <rondo/rondo.hpp>
#include <string>
using namespace std::chrono_literals;

struct Connection {
    ~Connection() { std::puts("  connection closed"); }
};

rondo::Task<std::string> call_slow_api() {
    Connection connection;
    co_await rondo::sleep(10s);
    co_return "a late answer";
}
rondo::Task<std::string> call_quick_api() {
    co_await rondo::sleep(500ms);
    co_return "a quick answer";
}
rondo::Task<> throwing() {
    std::puts("timeout:");
    const std::string answer = co_await rondo::timeout(1s, call_quick_api());
    std::printf("  %s\n", answer.c_str());
    try {
        co_await rondo::timeout(1s, call_slow_api());
    } catch (const rondo::TimeoutError& error) {
        std::printf("  %s\n", error.what());
    }
}
rondo::Task<> moving_on() {
    std::puts("move_on_after:");
    std::optional<std::string> answer = co_await rondo::move_on_after(1s, call_quick_api());
    std::printf("  %s\n", answer.value_or("no answer").c_str());
    answer = co_await rondo::move_on_after(1s, call_slow_api());
    std::printf("  %s\n", answer.value_or("no answer").c_str());
}
rondo::Task<> one_deadline_for_many() {
    std::puts("three calls with 2 s in all:");
    int answered = 0;
    co_await rondo::move_on_after(2s, [&]() -> rondo::Task<> {
        for (int number = 0; number < 3; ++number) {
            co_await call_quick_api();
            ++answered;
        }
        co_await call_slow_api();
    });
    std::printf("  %d answered\n", answered);
}
rondo::Task<> async_main() {
    const rondo::TimePoint start = rondo::now();
    co_await throwing();
    co_await moving_on();
    co_await one_deadline_for_many();
    const std::chrono::duration<double> taken = rondo::now() - start;
    std::printf("done after %.0f s\n", taken.count());
}
int main() { rondo::run(async_main()); }
