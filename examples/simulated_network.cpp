// SPDX-License-Identifier: Apache-2.0
// Two hosts and a bad network between them, on virtual time: docs/simulation.md explains it.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <rondo/sim/explore.hpp>
#include <rondo/sim/network.hpp>
#include <stdexcept>
#include <string>
using namespace std::chrono_literals;
using rondo::net::Address;
using rondo::net::TcpListener;
using rondo::net::TcpStream;

rondo::Task<> serve(TcpListener& listener) {
    TcpStream stream = co_await listener.accept();
    for (;;) {
        const auto bytes = co_await stream.read_leased();
        if (bytes.empty()) {
            co_return;
        }
        co_await stream.write_all(bytes.bytes());
    }
}

rondo::Task<> ask(TcpStream& stream, std::string question) {
    co_await stream.write_all(question);
    char answer[64];
    std::size_t have = 0;
    while (have < question.size()) {
        have += co_await stream.read_some(answer);
    }
}

double milliseconds(rondo::Duration duration) {
    return static_cast<double>(duration.count()) / 1e6;
}

rondo::Task<> two_hosts() {
    rondo::sim::Network network = rondo::sim::network();
    network.set_links("10.0.0.1", "10.0.0.2", rondo::sim::Link(10ms));

    auto listener = TcpListener::listen(Address::parse("10.0.0.2", 80));
    auto server = rondo::create_task(serve(listener));
    const auto start = rondo::now();
    auto connecting = TcpStream::connect(listener.local_address());
    auto stream = co_await rondo::sim::on_host("10.0.0.1", std::move(connecting));
    std::printf("connected after %.0f ms\n", milliseconds(rondo::now() - start));

    const auto asked = rondo::now();
    co_await ask(stream, "hello");
    std::printf("an answer takes %.0f ms\n", milliseconds(rondo::now() - asked));

    network.partition("10.0.0.1", "10.0.0.2");
    const auto answer = co_await rondo::move_on_after(5s, ask(stream, "anybody there?"));
    std::printf("in a partition: %s\n", answer ? "an answer" : "none in 5 s");

    network.heal("10.0.0.1", "10.0.0.2");
    char bytes[64];
    const std::size_t count = co_await stream.read_some(bytes);
    std::printf("healed: \"%.*s\" comes %.2f s later\n", static_cast<int>(count), bytes,
                milliseconds(rondo::now() - asked) / 1000);
    stream.close();
    co_await server;
}

// Sends a request again when no answer comes in time, though it may have been done.
rondo::Task<> pay_once() {
    int paid = 0;
    auto listener = TcpListener::listen(Address::parse("10.0.0.2", 80));
    auto bank = rondo::create_task([&]() -> rondo::Task<> {
        for (;;) {
            auto stream = co_await listener.accept();
            const auto order = co_await stream.read_leased();
            paid += order.empty() ? 0 : 100;
            co_await stream.write_all("done");
        }
    });
    const auto pay = [&]() -> rondo::Task<> {
        auto stream = co_await TcpStream::connect(listener.local_address());
        co_await ask(stream, "pay!");
    };
    const auto in_time = co_await rondo::move_on_after(200ms, pay());
    if (!in_time) {
        co_await pay();
    }
    bank.cancel();
    if (paid != 100) {
        throw std::runtime_error("paid " + std::to_string(paid));
    }
}

void try_networks() {
    rondo::sim::Plan plan(200);
    plan.options.faults = rondo::sim::Faults::slow();
    try {
        rondo::sim::explore(plan, pay_once);
    } catch (const rondo::sim::ExplorationFailed& failed) {
        std::puts(failed.what());
    }
}

int main() {
    rondo::sim::run(two_hosts);
    try_networks();
}
