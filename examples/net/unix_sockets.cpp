// SPDX-License-Identifier: Apache-2.0
// A service at a path of the file system, and who is asking.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string>

using rondo::net::UnixAddress;
using rondo::net::UnixListener;
using rondo::net::UnixStream;

rondo::Task<> greet(UnixStream stream) {
    const rondo::net::PeerCredentials peer = stream.peer_credentials();
    const bool knows_peer = peer.process > 0;
    co_await stream.write_all(knows_peer ? "hello, process" : "hello, stranger");
}

rondo::Task<> async_main() {
    const auto address = UnixAddress::path("/tmp/rondo_example.sock");
    auto listener = UnixListener::listen(address);
    rondo::net::Server server;
    auto serving = rondo::create_task(rondo::net::serve(listener, greet, server));

    auto stream = co_await UnixStream::connect(address);
    const auto greeting = co_await stream.read_leased();
    std::printf("%s\n", std::string(greeting.bytes().text()).c_str());

    server.shut_down();
    co_await serving;
}

int main() { rondo::run(async_main()); }
