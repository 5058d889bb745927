// SPDX-License-Identifier: Apache-2.0
// Rondo's echo server, as a user writes it: rondo_echo leased|buffer|stream. Prints its port.
// RONDO_DRIVER chooses the driver.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string_view>

#include "rondo_session.hpp"

namespace {

using rondo::Task;
using rondo::net::TcpListener;
using rondo::net::TcpStream;

template <class Session>
Task<> serve(Session session) {
    TcpListener listener = TcpListener::listen(rondo::net::Address::loopback(0));
    std::printf("%u\n", unsigned{listener.local_address().port()});
    std::fflush(stdout);
    co_await rondo::task_group([&](rondo::TaskGroup& group) -> Task<> {
        for (;;) {
            TcpStream stream = co_await listener.accept();
            group.spawn(bench::until_gone(session(std::move(stream))));
        }
    });
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view how = argc == 2 ? argv[1] : "";
    const auto ignore = [](std::size_t) {};
    if (how == "leased") {
        rondo::run(serve([&](TcpStream s) { return bench::echo_leased(std::move(s), ignore); }));
    } else if (how == "buffer") {
        rondo::run(serve([&](TcpStream s) { return bench::echo_buffer(std::move(s), ignore); }));
    } else if (how == "stream") {
        rondo::run(serve([&](TcpStream s) { return bench::echo_stream(std::move(s), ignore); }));
    } else {
        std::fprintf(stderr, "usage: %s leased|buffer|stream\n", argv[0]);
        return 1;
    }
}
