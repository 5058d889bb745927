// SPDX-License-Identifier: Apache-2.0
// Other programs: run to their end, talked to, timed out, many at once; and signals.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string>
#include <vector>
using namespace std::chrono_literals;
namespace os = rondo::os;

rondo::Task<> run_to_the_end() {
    const os::CompletedProcess sorted =
        co_await os::run(os::command("sort", "-r"), rondo::Bytes("apple\npear\nfig\n"));
    std::printf("sorted: %s", sorted.out.c_str());
    try {
        co_await os::run(os::shell("echo 'no such flavour' >&2; exit 3"));
    } catch (const os::ProcessFailed& error) {
        std::printf("%s\n", error.what());
    }
}
rondo::Task<> talk() {
    os::ProcessOptions options = os::command("tr", "a-z", "A-Z");
    options.in = os::Stdio::pipe();
    options.out = os::Stdio::pipe();
    options.environment.set("LC_ALL", "C");
    os::Process process = os::spawn(options);
    co_await process.in.write_all("hello");
    process.in.close();
    std::string buffer(100, '\0');
    const std::size_t got = co_await process.out.read_some(buffer);
    const os::ExitStatus status = co_await process.wait();
    std::printf("%s, %s\n", buffer.substr(0, got).c_str(), status.to_string().c_str());
}
rondo::Task<> give_up() {
    try {
        co_await rondo::timeout(50ms, os::run(os::command("sleep", "1000")));
    } catch (const rondo::TimeoutError&) {
        std::puts("sleep took too long; it is gone");
    }
}
rondo::Task<int> square(int number) {
    const os::CompletedProcess done =
        co_await os::run(os::shell("echo $(($1 * $1))", std::to_string(number)));
    co_return std::stoi(done.out);
}
rondo::Task<> many_at_once() {
    std::vector<rondo::Task<int>> tasks;
    for (int number = 1; number <= 20; ++number) {
        tasks.push_back(square(number));
    }
    const std::vector<int> squares =
        co_await rondo::gather(rondo::limit(4), std::move(tasks));  // four at a time
    std::printf("20 squared is %d\n", squares.back());
}
rondo::Task<> reload_on_hangup() {
    os::Signals hangups = os::signals({SIGHUP});
    co_await os::run(os::shell("kill -HUP $1", std::to_string(getpid())));
    co_await hangups.next();
    std::puts("reloading");
}
rondo::Task<> async_main() {
    co_await run_to_the_end();
    co_await talk();
    co_await give_up();
    co_await many_at_once();
    co_await reload_on_hangup();
}
int main() { rondo::run(async_main()); }
