// SPDX-License-Identifier: Apache-2.0
// TLS over TCP: handshake, data, and the end that each side says. OpenSSL's own memory is beside
// the seam; the loop's buffers, which it writes records into, are behind it.
#include <string>
#include <utility>

#include "rondo/tls/stream.hpp"
#include "tls/pki.hpp"
#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

constexpr const char* host = "server.test";

tls::ClientContext client_context() {
    tls::ClientOptions options;
    options.trust = test_root().trust();
    options.alpn = {"echo"};
    return tls::ClientContext(options);
}

tls::ServerContext server_context() {
    static const Entity leaf = make_leaf({host});
    tls::ServerOptions options(leaf.identity());
    options.alpn = {"echo"};
    return tls::ServerContext(options);
}

Task<> serve_one(TcpListener& listener, tls::ServerContext context) {
    TcpStream tcp = co_await accept_one(listener);
    tls::TlsStream stream = co_await tls::accept(io::Stream(std::move(tcp)), context);
    require(stream.alpn() == "echo", "another protocol");
    const std::string text = co_await read_to_end(stream);
    co_await stream.write_all(text);
    co_await stream.shutdown_write();
}

Task<> ask_one(Address address, tls::ClientContext context, std::size_t size) {
    TcpStream tcp = co_await TcpStream::connect(address);
    tls::TlsStream stream = co_await tls::connect(io::Stream(std::move(tcp)), host, context);
    const std::string text(size, 's');
    co_await stream.write_all(text);
    co_await stream.shutdown_write();
    const std::string echo = co_await read_some_all(stream);
    require(echo == text, "the echo differs");
}

Task<> secure_echo(std::size_t size, int connections) {
    const tls::ServerContext server = server_context();
    const tls::ClientContext client = client_context();
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const Address address = listener.local_address();
    for (int i = 0; i < connections; ++i) {  // the second one resumes the first one's session
        co_await gather(serve_one(listener, server), ask_one(address, client, size));
    }
}

Task<> small_secure_echo() { return secure_echo(100, 2); }
Task<> large_secure_echo() { return secure_echo(300'000, 1); }

Task<> refused(Task<> work) {
    try {
        co_await std::move(work);
    } catch (const tls::TlsError& error) {
        if (error.code() != Errc::protocol) {
            throw;
        }
        co_return;
    }
    throw WrongResult("a certificate was believed");
}

// A client that trusts nobody: both sides fail, each in its own words.
Task<> refused_certificate() {
    const tls::ServerContext server = server_context();
    tls::ClientOptions options;
    options.trust = tls::Trust();
    const tls::ClientContext client{options};
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    co_await gather(refused(serve_one(listener, server)),
                    refused(ask_one(listener.local_address(), client, 10)));
}

}  // namespace

Scenarios tls_scenarios() {
    return {
        {"small secure echo", &small_secure_echo},
        {"large secure echo", &large_secure_echo},
        {"refused certificate",
         &refused_certificate,
         0,
         {"send", "malloc", "epoll_ctl"}},  // of the alert
    };
}

}  // namespace rondo::test
