// SPDX-License-Identifier: Apache-2.0
// When the number of tasks is known only at run time they go into a list, and gather takes the
// list.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <vector>
using namespace std::chrono_literals;

rondo::Task<> foo() {
    std::puts("foo started");
    co_await rondo::sleep(2s);
    std::puts("foo finished");
}
rondo::Task<> bar() {
    std::puts("bar started");
    co_await rondo::sleep(1s);
    std::puts("bar finished");
}
rondo::Task<> async_main() {
    std::vector<rondo::Task<>> tasks;
    tasks.push_back(foo());
    tasks.push_back(bar());
    std::printf("%zu tasks, none of them started\n", tasks.size());
    co_await rondo::gather(std::move(tasks));
    std::puts("all tasks finished");
}
int main() { rondo::run(async_main()); }
