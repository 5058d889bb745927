// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;

rondo::Task<> call_foursquare_api() {
    std::puts("foursquare call started");
    co_await rondo::sleep(2s);
    std::puts("foursquare call finished");
}
rondo::Task<> call_spotify_api() {
    std::puts("spotify call started");
    co_await rondo::sleep(1s);
    std::puts("spotify call finished");
}
rondo::Task<> async_main() {
    co_await rondo::gather(call_foursquare_api(), call_spotify_api());  // 2 s, not 3
    std::puts("done everything");
}
int main() { rondo::run(async_main()); }
