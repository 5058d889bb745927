// SPDX-License-Identifier: Apache-2.0
// Names and connections, in the simulation: virtual time, names of its own.
#include <chrono>
#include <cstdio>
#include <rondo/rondo.hpp>
#include <rondo/sim/names.hpp>
#include <rondo/sim/run.hpp>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace net = rondo::net;
namespace sim = rondo::sim;

rondo::Task<> look_up(std::string host) {
    try {
        const std::vector<net::Address> addresses = co_await net::resolve(host, 8080);
        for (const net::Address& address : addresses) {
            std::printf("%s is %s\n", host.c_str(), address.to_string().c_str());
        }
    } catch (const rondo::Error& error) {
        std::printf("%s\n", error.what());
    }
}

rondo::Task<> connect_to(std::string host) {
    const auto start = rondo::now();
    net::TcpStream stream = co_await rondo::timeout(10s, net::connect(host, 8080));
    std::printf("connected to %s after %lld ms\n", stream.name().c_str(),
                static_cast<long long>((rondo::now() - start) / 1ms));
}

rondo::Task<> async_main() {
    // The IPv6 address of web.example does not answer: its listener is full.
    net::ListenOptions small;
    small.backlog = 0;
    net::TcpListener silent = net::TcpListener::listen(net::Address::parse("[::1]:8080"), small);
    net::TcpListener good = net::TcpListener::listen(net::Address::parse("127.0.0.1:8080"));
    net::TcpStream fills = co_await net::TcpStream::connect(silent.local_address());

    sim::names().set("web.example", sim::Name({"127.0.0.1", "::1"}).latency(20ms));
    sim::names().set("dead.example", sim::Name().fails(sim::NameFailure::silence));

    co_await look_up("web.example");
    co_await look_up("none.example");
    co_await look_up("dead.example");
    co_await connect_to("web.example");
}

int main() { sim::run(async_main()); }
