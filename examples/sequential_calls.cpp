// SPDX-License-Identifier: Apache-2.0
// Two calls that block, one after the other: 2 s and 1 s make 3 s. The thread is busy waiting for
// an answer, and nothing else can run on it. The other examples do better.
#include <cstdio>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;

void call_foursquare_api() {
    std::puts("foursquare call started");
    rondo::blocking_sleep(2s);
    std::puts("foursquare call finished");
}
void call_spotify_api() {
    std::puts("spotify call started");
    rondo::blocking_sleep(1s);
    std::puts("spotify call finished");
}
void call_one_after_the_other() {
    const rondo::TimePoint start = rondo::now();
    call_foursquare_api();
    call_spotify_api();
    const std::chrono::duration<double> taken = rondo::now() - start;
    std::printf("done everything after %.0f s\n", taken.count());
}
int main() { rondo::run(call_one_after_the_other); }  // run takes a plain function, too
