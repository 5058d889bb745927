// SPDX-License-Identifier: Apache-2.0
// One call that waits without blocking. A function that returns a Task is a coroutine: calling it
// runs nothing yet, `co_await` runs it to its end and gives what it returned.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string>
using namespace std::chrono_literals;

rondo::Task<std::string> call_spotify_api() {
    std::puts("spotify call started");
    co_await rondo::sleep(1s);  // while this waits, the loop runs other tasks, if there are any
    std::puts("spotify call finished");
    co_return "a song";
}
rondo::Task<> async_main() {
    rondo::Task<std::string> call = call_spotify_api();
    std::puts("nothing has happened yet");
    const std::string song = co_await call;
    std::printf("the answer is %s\n", song.c_str());
}
int main() { rondo::run(async_main()); }
