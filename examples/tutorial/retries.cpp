// SPDX-License-Identifier: Apache-2.0
// Trying again after a failure, and asking a second time when an answer is slow.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <stdexcept>
#include <string>
using namespace std::chrono_literals;

rondo::TimePoint start;

void print(const char* what) {
    const std::chrono::duration<double> at = rondo::now() - start;
    std::printf("%4.1f s  %s\n", at.count(), what);
}
rondo::Task<std::string> flaky_call(int& tries) {
    print("a try");
    co_await rondo::sleep(1s);
    if (++tries < 3) {
        throw std::runtime_error("503 Service Unavailable");
    }
    co_return "an answer";
}
rondo::Task<> again_after_a_failure() {
    rondo::RetryPolicy policy;
    policy.attempts = 5;
    policy.base = 2s;
    policy.jitter = false;  // the whole pause, so that the times below are round
    int tries = 0;
    const std::string answer =
        co_await rondo::retry(policy, [&tries] { return flaky_call(tries); });
    print(answer.c_str());
}
rondo::Task<std::string> call_with_a_slow_day(int& calls) {
    const bool slow = ++calls == 1;
    print(slow ? "the slow server was asked" : "the quick server was asked");
    co_await rondo::sleep(slow ? 60s : 1s);
    co_return slow ? "a slow answer" : "a quick answer";
}
rondo::Task<> again_when_it_is_slow() {
    int calls = 0;
    const std::string answer =
        co_await rondo::hedge(2s, [&calls] { return call_with_a_slow_day(calls); });
    print(answer.c_str());
}
rondo::Task<> async_main() {
    start = rondo::now();
    co_await again_after_a_failure();
    start = rondo::now();
    co_await again_when_it_is_slow();
}
int main() { rondo::run(async_main()); }
