// SPDX-License-Identifier: Apache-2.0
// The same with Asio.
#include <asio.hpp>
#include <string_view>
#include <thread>

#include "report.hpp"
#include "threads.hpp"

namespace {

void take_posts(long n, double& seconds) {
    asio::io_context loop;
    auto work = asio::make_work_guard(loop);
    long ran = 0;
    const bench::Stopwatch watch;
    std::thread poster([&] {
        bench::pin_to(1);
        for (long i = 0; i < n; ++i) {
            asio::post(loop, [&] {
                if (++ran == n) {
                    work.reset();
                }
            });
        }
    });
    loop.run();
    seconds = watch.seconds();
    poster.join();
    bench::require(ran == n, "W9a");
}

struct Player {
    asio::io_context loop;
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(loop);
    Player* opponent = nullptr;
    long left;
    bool serves;

    Player(long rounds, bool serves_first) : left(rounds), serves(serves_first) {}
    void serve() {
        asio::post(opponent->loop, [to = opponent] { to->served(); });
    }
    void served() {
        --left;
        if (!serves || left > 0) {
            serve();
        }
        if (left == 0) {
            work.reset();
        }
    }
};

void ping_pong(long n, int second_cpu, double& seconds) {
    Player one(n, true);
    Player two(n, false);
    one.opponent = &two;
    two.opponent = &one;
    std::thread other([&] {
        bench::pin_to(second_cpu);
        two.loop.run();
    });
    const bench::Stopwatch watch;
    one.serve();
    one.loop.run();
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
        take_posts(arguments->n, seconds);
    } else if (workload == "W9b" || workload == "W9c") {
        ping_pong(arguments->n, workload == "W9b" ? 1 : 0, seconds);
    } else {
        return bench::usage(argv[0]);
    }
    bench::report("asio", *arguments, seconds);
    return 0;
}
