// SPDX-License-Identifier: Apache-2.0
// What a consumer of the core library writes.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <rondo/version.hpp>

rondo::Task<int> answer() {
    co_await rondo::sleep(std::chrono::milliseconds(1));
    co_return 42;
}

int main() { std::printf("rondo %s: %d\n", rondo::version, rondo::run(answer())); }
