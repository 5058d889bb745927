// SPDX-License-Identifier: Apache-2.0
// One producer, two workers and a queue of two places between them.
#include <cstdio>
#include <optional>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;

rondo::Task<> produce(rondo::Queue<int>& jobs) {
    for (int job = 1; job <= 6; ++job) {
        co_await jobs.put(job);  // waits while the queue is full
        std::printf("job %d queued\n", job);
    }
    jobs.close();  // no more will come; what is in it can still be got
}
rondo::Task<> work(const char* name, rondo::Queue<int>& jobs) {
    try {
        for (;;) {
            const int job = co_await jobs.get();
            co_await rondo::sleep(1s);
            std::printf("  %s did job %d\n", name, job);
        }
    } catch (const rondo::QueueClosed&) {
        std::printf("  %s goes home\n", name);
    }
}
// The same with a Channel, whose end is a value instead of an exception.
rondo::Task<> send_words(rondo::Channel<const char*>& words) {
    for (const char* word : {"the", "end", "is", "a", "value"}) {
        co_await words.send(word);
    }
    words.close();
}
rondo::Task<> print_words(rondo::Channel<const char*>& words) {
    std::printf("received:");
    for (;;) {
        std::optional<const char*> word = co_await words.receive();
        if (!word) {
            break;
        }
        std::printf(" %s", *word);
    }
    std::puts("");
}
rondo::Task<> async_main() {
    rondo::Queue<int> jobs(2);
    co_await rondo::gather(produce(jobs), work("Ann", jobs), work("Bob", jobs));

    rondo::Channel<const char*> words;
    co_await rondo::gather(send_words(words), print_words(words));
}
int main() { rondo::run(async_main()); }
