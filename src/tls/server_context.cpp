// SPDX-License-Identifier: Apache-2.0
#include <openssl/rand.h>

#include <array>

#include "tls/connection.hpp"
#include "tls/credentials.hpp"
#include "tls/peer_name.hpp"
#include "tls/state.hpp"

namespace rondo::tls {

namespace detail {

namespace {

/// The name in the client's first message; "" when it has none, or one that cannot be.
std::string asked_name(SSL* ssl) {
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    // A list of 2 bytes length, with one entry: type 0, 2 bytes length, the name.
    constexpr std::size_t head = 5;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1 ||
        size <= head || data[2] != TLSEXT_NAMETYPE_host_name) {
        return {};
    }
    const std::size_t length = static_cast<std::size_t>(data[3]) << 8 | data[4];
    if (length != size - head || length > TLSEXT_MAXLEN_host_name) {
        return {};
    }
    return normal_name({reinterpret_cast<const char*>(data) + head, length});
}

int refuse(Connection& connection, const char* why, int code, int* alert) {
    connection.note(why);
    *alert = code;
    return SSL_CLIENT_HELLO_ERROR;
}

// Before anything is decided, so that sessions and versions are those of the name's context. A
// client that was asked for another key (HelloRetryRequest) says hello twice. The second time this
// is called for the chosen context, whose `names` say nothing of this client: the choice stands.
int on_client_hello(SSL* ssl, int* alert, void* self) {
    const auto& state = *static_cast<const ServerState*>(self);
    try {
        Connection& connection = Connection::of(ssl);
        const std::string name = asked_name(ssl);
        if (const auto& before = connection.server_name(); before.has_value()) {
            return name == *before
                       ? SSL_CLIENT_HELLO_SUCCESS
                       : refuse(connection, "the client asks for another name than before",
                                SSL_AD_ILLEGAL_PARAMETER, alert);
        }
        connection.set_server_name(name);
        if (const ServerState* const chosen = state.find(name); chosen != nullptr) {
            chosen->take_over(ssl);
        } else if (state.refuse_other_names) {
            return refuse(connection,
                          name.empty() ? "the client asks for no name"
                                       : "the client asks for a name that is not served",
                          SSL_AD_UNRECOGNIZED_NAME, alert);
        }
    } catch (const std::exception&) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

int on_alpn(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
            const unsigned char* offered, unsigned offered_size, void* self) {
    const auto& state = *static_cast<const ServerState*>(self);
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, chosen_size, state.alpn.data(),
                              static_cast<unsigned>(state.alpn.size()), offered,
                              offered_size) == OPENSSL_NPN_NEGOTIATED) {
        *chosen = found;
        return SSL_TLSEXT_ERR_OK;
    }
    Connection::of(ssl).note("the client speaks none of the protocols that are served");
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int verify_mode(ClientCertificates asked) noexcept {
    switch (asked) {
        case ClientCertificates::none: return SSL_VERIFY_NONE;
        case ClientCertificates::optional: return SSL_VERIFY_PEER;
        case ClientCertificates::required: break;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

// They go out one after the other, before the first data: few clients want more than a few, and
// some take many for a flood.
constexpr std::size_t tickets_max = 16;

// Sessions are of the context that made them: a random mark tells contexts apart.
void set_sessions(SSL_CTX* context, std::size_t tickets) {
    if (tickets > tickets_max) {
        throw TlsError(Errc::invalid, "tls context", {}, "a server has 16 tickets at most");
    }
    std::array<unsigned char, SSL_MAX_SID_CTX_LENGTH> mark{};
    check(RAND_bytes(mark.data(), mark.size()) == 1 &&
              SSL_CTX_set_session_id_context(context, mark.data(), mark.size()) == 1 &&
              SSL_CTX_set_num_tickets(context, tickets) == 1,
          "tls context");
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (tickets == 0) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    }
}

}  // namespace

ServerState::ServerState(const ServerOptions& options)
    : alpn(wire_format(options.alpn)), refuse_other_names(options.refuse_other_names) {
    if (options.identities.empty()) {
        throw TlsError(Errc::invalid, "tls context", {}, "a server needs an identity");
    }
    ERR_clear_error();
    ssl.reset(SSL_CTX_new(TLS_server_method()));
    check(ssl != nullptr, "tls context");
    handshake_timeout = options.handshake_timeout;
    truncation_is_end = options.truncation_is_end;
    verifies = options.client_certificates != ClientCertificates::none;
    ciphers = options.ciphers;
    set_versions(ssl.get(), options.min_version, options.max_version);
    set_common(ssl.get(), options.ciphers);
    SSL_CTX_set_dh_auto(ssl.get(), 1);
    SSL_CTX_set_verify(ssl.get(), verify_mode(options.client_certificates),
                       verifies ? &on_verify : nullptr);
    if (verifies) {
        if (options.client_trust.empty()) {
            throw TlsError(Errc::invalid, "tls context", {},
                           "certificates of clients are asked for, but nobody is trusted");
        }
        load_trust(ssl.get(), options.client_trust, true);
    }
    for (const Identity& identity : options.identities) {
        load_identity(ssl.get(), identity);
    }
    if (!alpn.empty()) {
        SSL_CTX_set_alpn_select_cb(ssl.get(), &on_alpn, this);
    }
    for (const auto& [name, context] : options.names) {
        names.emplace_back(normal_name(name), context);
    }
    SSL_CTX_set_client_hello_cb(ssl.get(), &on_client_hello, this);
    set_sessions(ssl.get(), options.tickets);
}

const ServerState* ServerState::find(std::string_view name) const {
    const std::size_t dot = name.find('.');
    const std::string_view parent = dot == std::string_view::npos ? "" : name.substr(dot);
    const ServerState* wildcard = nullptr;
    for (const auto& [served, context] : names) {
        if (name == served) {
            return Access::state(context).get();
        }
        if (!parent.empty() && served.size() == parent.size() + 1 && served.front() == '*' &&
            served.ends_with(parent)) {
            wildcard = Access::state(context).get();
        }
    }
    return wildcard;
}

// SSL_set_SSL_CTX changes the certificates and the mark of sessions; the rest is ours to change.
void ServerState::take_over(SSL* connection) const {
    SSL_CTX* const context = ssl.get();
    check(SSL_set_SSL_CTX(connection, context) != nullptr &&
              SSL_set_min_proto_version(
                  connection, static_cast<int>(SSL_CTX_get_min_proto_version(context))) == 1 &&
              SSL_set_max_proto_version(
                  connection, static_cast<int>(SSL_CTX_get_max_proto_version(context))) == 1 &&
              SSL_set_num_tickets(connection, SSL_CTX_get_num_tickets(context)) == 1,
          "tls context");
    SSL_set_verify(connection, SSL_CTX_get_verify_mode(context),
                   SSL_CTX_get_verify_callback(context));
    SSL_clear_options(connection, SSL_OP_NO_TICKET);
    SSL_set_options(connection, SSL_CTX_get_options(context));
    check(SSL_set_cipher_list(connection, cipher_list(ciphers)) == 1, "tls context");
}

}  // namespace detail

ServerContext::ServerContext(const ServerOptions& options)
    : state_(std::make_shared<detail::ServerState>(options)) {}

}  // namespace rondo::tls
