// SPDX-License-Identifier: Apache-2.0
// What comes after `co_await gather(...)` runs when everything has ended, not before: gather is a
// block with an end, and no task outlives it.
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
rondo::Task<> call_everything() {
    std::puts("started everything");
    co_await rondo::gather(call_foursquare_api(), call_spotify_api());
    std::puts("done everything");
}
int main() {
    rondo::run(call_everything());
    std::puts("the loop has ended, too");
}
