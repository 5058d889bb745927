// SPDX-License-Identifier: Apache-2.0
// Workloads of two threads, written as a user writes them; docs/benchmarks.md says what each is.
#include <future>
#include <string_view>
#include <thread>

#include "report.hpp"
#include "rondo/rondo.hpp"
#include "threads.hpp"

namespace {

using rondo::LoopHandle;
using rondo::Task;

Task<> take_posts(long n, double& seconds) {
    rondo::Event all_ran;
    long ran = 0;
    const bench::Stopwatch watch;
    std::thread poster([&, loop = rondo::current_loop().handle()] {
        bench::pin_to(1);
        for (long i = 0; i < n; ++i) {
            loop.post([&] {
                if (++ran == n) {
                    all_ran.set();
                }
            });
        }
    });
    co_await all_ran.wait();
    seconds = watch.seconds();
    poster.join();
}

/// Posts to the other side and waits for its answer.
struct Player {
    LoopHandle other;
    Player* opponent = nullptr;
    rondo::Event served{};

    Task<> play(long rounds, bool serves) {
        for (long i = 0; i < rounds; ++i) {
            if (serves) {
                serve();
            }
            co_await served.wait();
            served.clear();
            if (!serves) {
                serve();
            }
        }
    }
    void serve() {
        other.post([to = opponent] { to->served.set(); });
    }
};

Task<> ping_pong(long n, int second_cpu, double& seconds) {
    std::promise<LoopHandle> theirs;
    std::promise<Player*> met;
    std::promise<void> begin;
    LoopHandle here = rondo::current_loop().handle();
    Player* opponent = nullptr;
    std::thread other([&] {
        bench::pin_to(second_cpu);
        rondo::run([&]() -> Task<> {
            Player player{here};
            theirs.set_value(rondo::current_loop().handle());
            met.set_value(&player);
            begin.get_future().wait();
            player.opponent = opponent;
            co_await player.play(n, false);
        });
    });
    Player player{theirs.get_future().get()};
    player.opponent = met.get_future().get();
    opponent = &player;
    begin.set_value();
    const bench::Stopwatch watch;
    co_await player.play(n, true);
    seconds = watch.seconds();
    other.join();
}

}  // namespace

int main(int argc, char** argv) {
    const auto arguments = bench::parse(argc, argv);
    if (!arguments) {
        return bench::usage(argv[0]);
    }
    const std::string_view workload = arguments->workload;
    double seconds = 0;
    bench::pin_to(0);
    if (workload == "W9a") {
        rondo::run(take_posts(arguments->n, seconds));
    } else if (workload == "W9b") {
        rondo::run(ping_pong(arguments->n, 1, seconds));
    } else if (workload == "W9c") {
        rondo::run(ping_pong(arguments->n, 0, seconds));
    } else {
        return bench::usage(argv[0]);
    }
    bench::report("rondo", *arguments, seconds);
    return 0;
}
