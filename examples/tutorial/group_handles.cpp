// SPDX-License-Identifier: Apache-2.0
// A task group: start tasks as you go, ask some of them for their results, cancel one.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string>
using namespace std::chrono_literals;

rondo::Task<int> find_user(std::string name) {
    co_await rondo::sleep(1s);
    std::printf("found %s\n", name.c_str());
    co_return 17;
}
rondo::Task<> show_progress(int& steps) {
    for (;;) {
        co_await rondo::sleep(300ms);
        ++steps;
    }
}
rondo::Task<> send_mail(int user) {
    co_await rondo::sleep(1s);
    std::printf("mail to user %d sent\n", user);
}
rondo::Task<> async_main() {
    int steps = 0;  // the children use it, so it is declared outside the body
    co_await rondo::task_group([&](rondo::TaskGroup& group) -> rondo::Task<> {
        rondo::TaskHandle<> progress = group.spawn(show_progress(steps));
        rondo::TaskHandle<int> ann = group.spawn(find_user("Ann"));
        rondo::TaskHandle<int> bob = group.spawn(find_user("Bob"));

        const int first = co_await ann;
        const int second = co_await bob;
        group.spawn(send_mail(first));  // the handle is not needed: the group owns the task
        group.spawn(send_mail(second + 1));
        progress.cancel();
        std::puts("the body has ended");
    });
    std::printf("the group has ended, after %d steps\n", steps);
}
int main() { rondo::run(async_main()); }
