// SPDX-License-Identifier: Apache-2.0
// What a cancelled task does: it finishes what has happened, stops where it waits, and leaves
// through its destructors.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string>
using namespace std::chrono_literals;

struct Connection {
    const char* name;
    ~Connection() { std::printf("%s connection closed\n", name); }
};
rondo::Task<> read_news(rondo::Queue<std::string>& news) {
    const Connection connection{"inner"};
    for (;;) {
        const std::string item = co_await news.get();
        std::printf("read: %s\n", item.c_str());
    }
}
rondo::Task<> reader(rondo::Queue<std::string>& news) {
    const Connection connection{"outer"};
    for (;;) {
        try {
            co_await read_news(news);
        } catch (...) {
            std::puts("never printed: a stop is not an exception");
        }
    }
}
rondo::Task<> async_main() {
    rondo::Queue<std::string> news;
    co_await rondo::task_group([&](rondo::TaskGroup& group) -> rondo::Task<> {
        rondo::TaskHandle<> reading = group.spawn(reader(news));
        co_await rondo::sleep(1s);
        co_await news.put("first");
        co_await rondo::sleep(1s);

        co_await news.put("second");  // the reader has it now, though it did not run yet
        reading.cancel();
        std::puts("cancelled");
        co_await news.put("third");
        co_await reading.wait();
        std::printf("%zu item left in the queue\n", news.size());
        try {
            co_await reading;
        } catch (const rondo::Cancelled& cancelled) {
            const std::string who(rondo::to_string(cancelled.reason()));
            std::printf("reading was cancelled by its %s\n", who.c_str());
        }
    });
}
int main() { rondo::run(async_main()); }
