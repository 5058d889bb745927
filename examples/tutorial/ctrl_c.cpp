// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM cancel the main task: destructors and finally run, and run() throws
// Interrupted.
#include <csignal>
#include <cstdio>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;

struct File {
    ~File() { std::puts("file closed"); }
};
rondo::Task<> write_pages() {
    const File file;
    for (int page = 1; page <= 60; ++page) {
        std::printf("page %d\n", page);
        co_await rondo::sleep(1s);
    }
}
rondo::Task<> say_goodbye() {
    co_await rondo::sleep(1s);
    std::puts("goodbye said");
}
rondo::Task<> send_signal() {
    co_await rondo::sleep(2500ms);
    std::raise(SIGTERM);  // as `kill` does; the terminal's Ctrl-C is SIGINT
}
rondo::Task<> async_main() {
    co_await rondo::gather(rondo::finally(write_pages(), say_goodbye()), send_signal());
}
int main() {
    try {
        rondo::run(async_main());
    } catch (const rondo::Interrupted& interrupted) {
        std::printf("interrupted by signal %d\n", interrupted.signal());
    }
}
