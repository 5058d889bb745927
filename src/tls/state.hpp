// SPDX-License-Identifier: Apache-2.0
// What a ClientContext and a ServerContext hold.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/tls/context.hpp"
#include "rondo/tls/stream.hpp"
#include "tls/openssl.hpp"
#include "tls/session_cache.hpp"

namespace rondo::tls::detail {

class Connection;

struct State {
    SslContext ssl;
    Duration handshake_timeout{};
    bool truncation_is_end = false;
    bool verifies = true;  ///< the peer's certificate, if there is one
    Ciphers ciphers = Ciphers::recommended;
};

struct ClientState : State {
    SessionCache sessions;
    explicit ClientState(const ClientOptions& options);
};

struct ServerState : State {
    std::vector<unsigned char> alpn;  ///< as on the wire
    std::vector<std::pair<std::string, ServerContext>> names;
    bool refuse_other_names;
    explicit ServerState(const ServerOptions& options);

    /// The context for a name that a client asks for; null: none of `names`.
    const ServerState* find(std::string_view name) const;
    /// Makes a connection that began with another context one of this.
    void take_over(SSL* ssl) const;
};

/// The way into the public classes.
struct Access {
    template <class Context>
    static const auto& state(const Context& context) noexcept {
        return context.state_;
    }
    static TlsStream stream(std::unique_ptr<Connection> connection) noexcept;
};

// What both sides' contexts are made with, see settings.cpp.

void set_versions(SSL_CTX* context, Version least, Version most);
void set_common(SSL_CTX* context, Ciphers ciphers);
/// For TLS 1.2, as OpenSSL names them.
const char* cipher_list(Ciphers ciphers) noexcept;
/// Protocols as on the wire. Errors: TlsError (invalid).
std::vector<unsigned char> wire_format(const std::vector<std::string>& protocols);

/// The verify callback of both sides: what OpenSSL lets pass and we do not, and notes for messages.
int on_verify(int good, X509_STORE_CTX* store);

}  // namespace rondo::tls::detail
