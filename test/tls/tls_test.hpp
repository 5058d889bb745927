// SPDX-License-Identifier: Apache-2.0
/// Tests of TLS: contexts that trust the test's root, and pairs of connected streams.
#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <utility>

#include "driver/readiness_base.hpp"
#include "net/net_test.hpp"
#include "rondo/loop/event_loop.hpp"
#include "rondo/tls/stream.hpp"
#include "support/reading.hpp"
#include "support/reports.hpp"
#include "tls/memory_pair.hpp"
#include "tls/pki.hpp"

namespace rondo::test {

using tls::ClientContext;
using tls::ClientOptions;
using tls::ServerContext;
using tls::ServerOptions;
using tls::TlsStream;

inline constexpr const char* test_host = "server.test";

inline ClientOptions client_options() {
    ClientOptions options;
    options.trust = test_root().trust();
    return options;
}

/// For a server with a good certificate for test_host.
inline ServerOptions server_options() {
    static const Entity leaf = make_leaf({test_host});
    return ServerOptions(leaf.identity());
}

/// Two ends of one TLS connection.
struct TlsPair {
    TlsStream client;
    TlsStream server;
    TlsPair(TlsStream one, TlsStream other) : client(std::move(one)), server(std::move(other)) {}
};

/// Handshakes over two connected streams.
inline Task<TlsPair> secured(io::Stream client, io::Stream server, ClientContext client_context,
                             ServerContext server_context, std::string host = test_host) {
    auto [one, other] = co_await gather(tls::connect(std::move(client), host, client_context),
                                        tls::accept(std::move(server), server_context));
    co_return TlsPair(std::move(one), std::move(other));
}

/// What an end of a handshake came to: the stream, or why not.
struct Shaken {
    TlsStream stream;
    std::string why;  ///< what() of the error
    int verify_code = 0;
    bool is_certificate_error = false;

    Shaken() = default;
};

inline Task<Shaken> shaken(Task<TlsStream> handshake) {
    Shaken result;
    try {
        result.stream = co_await std::move(handshake);
    } catch (const tls::CertificateError& error) {
        result.why = error.what();
        result.verify_code = error.verify_code();
        result.is_certificate_error = true;
    } catch (const Error& error) {
        result.why = error.what();
    }
    co_return result;
}

/// How many of the loop's buffers are lent.
inline std::size_t leases_out() {
    return dynamic_cast<const detail::ReadinessBase&>(current_loop().driver()).leases_out();
}

/// For fixtures of tests that need no driver of their own.
class TlsSimTest : public LedgerTest {};

class TlsTest : public NetTest {
protected:
    /// Over TCP on this test's driver.
    static Task<TlsPair> tls_pair(ClientContext client, ServerContext server,
                                  std::string host = test_host) {
        Pair pair = co_await connected();
        TlsPair secure =
            co_await secured(std::move(pair.client), std::move(pair.server), client, server, host);
        co_return secure;
    }
    static Task<TlsPair> tls_pair() {
        return tls_pair(ClientContext(client_options()), ServerContext(server_options()));
    }
};

/// what() of what awaiting the task throws; "" when it does not.
template <class T>
Task<std::string> message_of(Task<T> task) {
    try {
        co_await std::move(task);
    } catch (const std::exception& error) {
        co_return std::string(error.what());
    }
    co_return std::string();
}

}  // namespace rondo::test
