// SPDX-License-Identifier: Apache-2.0
// The same two calls, awaited one after the other and then together.
#include <cstdio>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;

rondo::Task<> call_foursquare_api() {
    std::puts("  foursquare call started");
    co_await rondo::sleep(2s);
    std::puts("  foursquare call finished");
}
rondo::Task<> call_spotify_api() {
    std::puts("  spotify call started");
    co_await rondo::sleep(1s);
    std::puts("  spotify call finished");
}
void print_time_since(rondo::TimePoint start) {
    const std::chrono::duration<double> taken = rondo::now() - start;
    std::printf("  %.0f s\n", taken.count());
}
rondo::Task<> one_after_the_other() {
    std::puts("one after the other:");
    const rondo::TimePoint start = rondo::now();
    co_await call_foursquare_api();
    co_await call_spotify_api();
    print_time_since(start);
}
rondo::Task<> together() {
    std::puts("together:");
    const rondo::TimePoint start = rondo::now();
    co_await rondo::gather(call_foursquare_api(), call_spotify_api());
    print_time_since(start);
}
rondo::Task<> async_main() {
    co_await one_after_the_other();
    co_await together();
}
int main() { rondo::run(async_main()); }
