// SPDX-License-Identifier: Apache-2.0
// gather takes plain functions beside tasks. Each begins in its turn, in the order of the
// arguments: a plain function runs to its end there, a task runs to its first wait.
#include <cstdio>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;

void write_log() { std::puts("log written"); }

int count_friends() {
    std::puts("friends counted");
    return 42;
}
rondo::Task<int> call_foursquare_api() {
    std::puts("foursquare call started");
    co_await rondo::sleep(2s);
    std::puts("foursquare call finished");
    co_return 7;
}
rondo::Task<int> call_spotify_api() {
    std::puts("spotify call started");
    co_await rondo::sleep(1s);
    std::puts("spotify call finished");
    co_return 3;
}
rondo::Task<> async_main() {
    auto [logged, venues, friends, songs] =  // `logged` is a std::monostate, what void becomes
        co_await rondo::gather(write_log, call_foursquare_api(), count_friends, call_spotify_api());
    std::printf("%d venues, %d friends, %d songs\n", venues, friends, songs);
}
int main() { rondo::run(async_main()); }
