// SPDX-License-Identifier: Apache-2.0
// Ctrl-C cancels the main task: destructors and finally run, and run() throws Interrupted.
#include <csignal>
#include <cstdio>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;

struct File {
    ~File() { std::puts("file closed"); }
};
rondo::Task<> write_pages() {
    const File file;
    for (int page = 1;; ++page) {
        std::printf("page %d\n", page);
        co_await rondo::sleep(1s);
    }
}
rondo::Task<> say_goodbye() {
    co_await rondo::sleep(1s);
    std::puts("goodbye said");
}
rondo::Task<> press_ctrl_c() {
    co_await rondo::sleep(2500ms);
    std::raise(SIGINT);  // what the terminal does when you press the keys
}
rondo::Task<> async_main() {
    co_await rondo::gather(rondo::finally(write_pages(), say_goodbye()), press_ctrl_c());
}
int main() {
    try {
        rondo::run(async_main());
    } catch (const rondo::Interrupted& interrupted) {
        std::printf("interrupted by signal %d\n", interrupted.signal());
    }
}
