// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/report.hpp"
#include "tls/connection.hpp"
#include "tls/credentials.hpp"
#include "tls/state.hpp"

namespace rondo::tls {

namespace detail {

namespace {

int on_new_session(SSL* ssl, SSL_SESSION* session) {
    Session owned(session);
    try {
        Connection::of(ssl).remember(std::move(owned));
    } catch (const std::exception&) {
        // Without memory to remember it, the next handshake is a full one.
        ERR_clear_error();
    }
    return 1;  // owned or freed above
}

}  // namespace

ClientState::ClientState(const ClientOptions& options) : sessions(options.sessions_max) {
    ERR_clear_error();
    ssl.reset(SSL_CTX_new(TLS_client_method()));
    check(ssl != nullptr, "tls context");
    handshake_timeout = options.handshake_timeout;
    truncation_is_end = options.truncation_is_end;
    verifies = !options.insecure_skip_verification;
    set_versions(ssl.get(), options.min_version, options.max_version);
    set_common(ssl.get(), options.ciphers);
    SSL_CTX_set_verify(ssl.get(), verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                       verifies ? &on_verify : nullptr);
    if (verifies) {
        load_trust(ssl.get(), options.trust, false);
    } else {
        rondo::detail::report(
            "a TLS context believes any certificate of any host (insecure_skip_verification)");
    }
    for (const Identity& identity : options.identities) {
        load_identity(ssl.get(), identity);
    }
    if (const auto protocols = wire_format(options.alpn); !protocols.empty()) {
        check(SSL_CTX_set_alpn_protos(ssl.get(), protocols.data(),
                                      static_cast<unsigned>(protocols.size())) == 0,
              "tls context");
    }
    if (options.sessions_max > 0) {
        SSL_CTX_set_session_cache_mode(ssl.get(),
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ssl.get(), &on_new_session);
    } else {
        SSL_CTX_set_session_cache_mode(ssl.get(), SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(ssl.get(), SSL_OP_NO_TICKET);
    }
}

}  // namespace detail

// Never destroyed: threads may use it while the program ends.
ClientContext::ClientContext() {
    static const auto* const shared =
        new std::shared_ptr(std::make_shared<detail::ClientState>(ClientOptions()));
    state_ = *shared;
}

ClientContext::ClientContext(const ClientOptions& options)
    : state_(std::make_shared<detail::ClientState>(options)) {}

std::size_t ClientContext::sessions() const { return state_->sessions.size(); }

}  // namespace rondo::tls
