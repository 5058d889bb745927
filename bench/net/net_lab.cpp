// SPDX-License-Identifier: Apache-2.0
// net_lab CONNECTIONS BYTES ROUNDS SERVER…: servers measured without a second processor.
//
// One thread at a time: the clients send a message on each connection (untimed), the server works
// until all echoes are out (timed), the clients read and check them (untimed). The servers take
// turns, a few milliseconds each, in an order that rotates. Prints `SERVER NS_PER_REQUEST` for each
// slice but the first three of each server.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <rondo/rondo.hpp>
#include <string_view>
#include <thread>
#include <vector>

#include "floor.h"
#include "lane.hpp"
#include "rondo_session.hpp"
#include "sockets.hpp"

namespace {

using bench::Lane;
using rondo::Task;
using rondo::net::TcpListener;
using rondo::net::TcpStream;

constexpr long warm_up = 3;

void run_floor(const floor_kind& kind, Lane& lane) {
    const int listener = bench::listen_on_loopback(SOCK_NONBLOCK);
    bench::set_option(listener, SOL_SOCKET, SO_SNDBUF, bench::socket_buffer);
    bench::set_option(listener, SOL_SOCKET, SO_RCVBUF, bench::socket_buffer);
    lane.clients.connect(bench::port_of(listener));
    floor_server* const server = kind.open();
    kind.listen(server, listener);
    while (lane.wait_for_slice()) {
        for (std::size_t i = 0; i < lane.batches(); ++i) {
            const std::size_t goal = kind.echoed(server) + lane.clients.send();
            lane.start_watch();
            while (kind.echoed(server) < goal) {
                kind.turn(server);
            }
            lane.stop_watch();
            lane.clients.receive();
        }
        lane.end_slice();
    }
    kind.release(server);
}

/// How many bytes the sessions have still to send back in this batch.
struct Batch {
    std::size_t left = 0;
    rondo::Event done;

    void sent(std::size_t bytes) {
        left -= bytes;
        if (left == 0) {
            done.set();
        }
    }
};

Task<> lead(Lane& lane, Batch& batch) {
    while (lane.wait_for_slice()) {
        for (std::size_t i = 0; i < lane.batches(); ++i) {
            batch.done.clear();
            batch.left = lane.clients.send();
            lane.start_watch();
            co_await batch.done.wait();
            lane.stop_watch();
            lane.clients.receive();
        }
        lane.end_slice();
    }
}

template <class Session>
Task<> serve(Lane& lane, Session session) {
    Batch batch;
    const auto count = [&batch](std::size_t bytes) { batch.sent(bytes); };
    TcpListener listener = TcpListener::listen(rondo::net::Address::loopback(0));
    bench::set_option(listener.descriptor(), SOL_SOCKET, SO_SNDBUF, bench::socket_buffer);
    bench::set_option(listener.descriptor(), SOL_SOCKET, SO_RCVBUF, bench::socket_buffer);
    lane.clients.connect(listener.local_address().port());
    co_await rondo::task_group([&](rondo::TaskGroup& group) -> Task<> {
        for (std::size_t i = 0; i < lane.clients.count(); ++i) {
            TcpStream stream = co_await listener.accept();
            group.spawn(bench::until_gone(session(std::move(stream), count)));
        }
        co_await lead(lane, batch);
        group.cancel();
    });
}

void run_rondo(rondo::DriverKind driver, std::string_view how, Lane& lane) {
    rondo::RunOptions options;
    options.driver = driver;
    options.handle_signals = false;
    if (how == "buffer") {
        rondo::run(
            serve(lane, [](TcpStream stream,
                           auto echoed) { return bench::echo_buffer(std::move(stream), echoed); }),
            options);
    } else if (how == "stream") {
        rondo::run(
            serve(lane, [](TcpStream stream,
                           auto echoed) { return bench::echo_stream(std::move(stream), echoed); }),
            options);
    } else {
        rondo::run(
            serve(lane, [](TcpStream stream,
                           auto echoed) { return bench::echo_leased(std::move(stream), echoed); }),
            options);
    }
}

bool is_known(std::string_view name) {
    for (const std::string_view known :
         {"c-epoll", "c-uring", "rondo-epoll", "rondo-uring", "rondo-epoll-buffer",
          "rondo-uring-buffer", "rondo-epoll-stream", "rondo-uring-stream"}) {
        if (name == known) {
            return true;
        }
    }
    return false;
}

void run_lane(Lane& lane) {
    const std::string_view name = lane.name;
    if (name == epoll_floor.name || name == uring_floor.name) {
        run_floor(name == epoll_floor.name ? epoll_floor : uring_floor, lane);
        return;
    }
    const bool uring = name.starts_with("rondo-uring");
    const std::size_t dash = name.find('-', std::string_view("rondo-").size());
    run_rondo(uring ? rondo::DriverKind::uring : rondo::DriverKind::epoll,
              dash == name.npos ? "leased" : name.substr(dash + 1), lane);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fprintf(stderr, "usage: %s CONNECTIONS BYTES ROUNDS SERVER…\n", argv[0]);
        return 1;
    }
    const auto connections = static_cast<std::size_t>(std::atol(argv[1]));
    const auto size = static_cast<std::size_t>(std::atol(argv[2]));
    const long rounds = std::atol(argv[3]);
    bench::raise_descriptor_limit();
    std::vector<std::unique_ptr<Lane>> lanes;
    std::vector<std::thread> threads;
    for (int i = 4; i < argc; ++i) {
        if (!is_known(argv[i])) {
            std::fprintf(stderr, "no server %s here\n", argv[i]);
            return 1;
        }
        lanes.push_back(std::make_unique<Lane>(argv[i], connections, size));
    }
    threads.reserve(lanes.size());
    for (const auto& lane : lanes) {
        threads.emplace_back([&lane] { run_lane(*lane); });
    }
    for (long round = 0; round < rounds + warm_up; ++round) {
        for (std::size_t i = 0; i < lanes.size(); ++i) {
            Lane& lane = *lanes[(i + static_cast<std::size_t>(round)) % lanes.size()];
            const double ns = lane.run_slice();
            if (round >= warm_up) {
                std::printf("%s %.1f\n", lane.name.c_str(), ns);
            }
        }
    }
    for (const auto& lane : lanes) {
        lane->end();
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}
