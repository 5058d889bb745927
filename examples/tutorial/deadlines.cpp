// SPDX-License-Identifier: Apache-2.0
// timeout throws, move_on_after gives an empty optional, and deadlines nest.
#include <cstdio>
#include <optional>
#include <rondo/rondo.hpp>
#include <string>
using namespace std::chrono_literals;

rondo::Task<std::string> call_api(std::chrono::seconds wait) {
    co_await rondo::sleep(wait);
    co_return "an answer after " + std::to_string(wait.count()) + " s";
}
rondo::Task<> both_forms() {
    std::string answer = co_await rondo::timeout(2s, call_api(1s));
    std::puts(answer.c_str());
    try {
        answer = co_await rondo::timeout(2s, call_api(3s));
    } catch (const rondo::TimeoutError& error) {
        std::printf("%s\n", error.what());
    }
    std::optional<std::string> maybe = co_await rondo::move_on_after(2s, call_api(3s));
    std::printf("move_on_after: %s\n", maybe.value_or("nothing").c_str());
}
// Its own deadline is an answer for this function, and it goes on. Another's is not its business.
rondo::Task<std::string> patient_call(std::chrono::seconds patience) {
    try {
        co_return co_await rondo::timeout(patience, call_api(60s));
    } catch (const rondo::TimeoutError&) {
        co_return "the inner deadline";
    }
}
rondo::Task<> nested() {
    auto first = co_await rondo::move_on_after(5s, patient_call(1s));
    std::printf("5 s around 1 s: %s\n", first.value_or("the outer deadline").c_str());
    auto second = co_await rondo::move_on_after(5s, patient_call(30s));
    std::printf("5 s around 30 s: %s\n", second.value_or("the outer deadline").c_str());
}
// One deadline for several steps: put the steps into a lambda.
rondo::Task<> for_a_block() {
    int steps = 0;
    co_await rondo::move_on_after(5s, [&]() -> rondo::Task<> {
        for (;;) {
            co_await call_api(2s);
            ++steps;
        }
    });
    std::printf("%d steps within 5 s\n", steps);
}
rondo::Task<> async_main() {
    co_await both_forms();
    co_await nested();
    co_await for_a_block();
}
int main() { rondo::run(async_main()); }
