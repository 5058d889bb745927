// SPDX-License-Identifier: Apache-2.0
// From other threads into a loop: post, spawn_on, and a channel between two loops.
#include <cstdio>
#include <functional>
#include <future>
#include <optional>
#include <rondo/rondo.hpp>
#include <thread>

rondo::Task<int> double_it(int number) {
    co_await rondo::yield();
    co_return 2 * number;
}
// On a thread without a loop. It may block, and it may ask the loop to do something.
int blocking_part(rondo::LoopHandle loop) {
    loop.post([] { std::puts("posted: this runs on the loop's thread"); });
    std::future<int> answer = rondo::spawn_on(loop, double_it(21));
    return answer.get();
}

rondo::Task<> send_numbers(rondo::ThreadChannel<int>& numbers) {
    for (int number = 1; number <= 100; ++number) {
        co_await numbers.send(number);  // waits for room; its thread does other work
    }
    numbers.close();
}
// A thread with a loop of its own. Signals are the main thread's business.
void other_thread(rondo::ThreadChannel<int>& numbers) {
    rondo::RunOptions options;
    options.handle_signals = false;
    try {
        rondo::run(send_numbers(numbers), options);
    } catch (const rondo::QueueClosed&) {
        std::puts("nobody wants the numbers any more");
    }
}
rondo::Task<int> add_up(rondo::ThreadChannel<int>& numbers) {
    struct CloseAtEnd {
        rondo::ThreadChannel<int>& channel;
        ~CloseAtEnd() { channel.close(); }
    } const close_at_end{numbers};  // whichever way this ends, the sender does not wait for ever
    int sum = 0;
    for (;;) {
        std::optional<int> number = co_await numbers.receive();
        if (!number) {
            break;
        }
        sum += *number;
    }
    co_return sum;
}
rondo::Task<> async_main() {
    const int answer = co_await rondo::to_thread(blocking_part, rondo::current_loop().handle());
    std::printf("the blocking part got %d\n", answer);
}
int main() {
    rondo::run(async_main());

    rondo::ThreadChannel<int> numbers(8);
    const std::jthread other(other_thread, std::ref(numbers));
    const int sum = rondo::run(add_up(numbers));
    std::printf("the sum of what the other loop sent is %d\n", sum);
}
