// SPDX-License-Identifier: Apache-2.0
// What a consumer of rondo::tls writes. The server speaks something else.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <rondo/tls/stream.hpp>

using rondo::net::Address;
using rondo::net::TcpListener;
using rondo::net::TcpStream;

rondo::Task<> greet(TcpListener& listener) {
    TcpStream stream = co_await listener.accept();
    co_await stream.write_all("220 ready\r\n");
    co_await stream.read_leased();
}

rondo::Task<> call(TcpListener& listener) {
    TcpStream stream = co_await TcpStream::connect(listener.local_address());
    try {
        co_await rondo::tls::connect(std::move(stream), "localhost");
        std::puts("rondo tls: a connection");
    } catch (const rondo::tls::TlsError& error) {
        std::puts(error.code() == rondo::Errc::protocol ? "rondo tls: not TLS" : error.what());
    }
}

rondo::Task<> async_main() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    co_await rondo::gather(greet(listener), call(listener));
}

int main() { rondo::run(async_main()); }
