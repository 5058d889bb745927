// SPDX-License-Identifier: Apache-2.0
// The same two calls as in sequential_calls, together: gather starts both, and while one waits the
// other one runs. 2 s and 1 s make 2 s, on one thread.
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
    const rondo::TimePoint start = rondo::now();
    co_await rondo::gather(call_foursquare_api(), call_spotify_api());
    const std::chrono::duration<double> taken = rondo::now() - start;
    std::printf("both after %.0f s\n", taken.count());
}
int main() { rondo::run(async_main()); }
