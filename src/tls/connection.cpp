// SPDX-License-Identifier: Apache-2.0
#include "tls/connection.hpp"

#include <chrono>
#include <utility>

#include "rondo/loop/timeout.hpp"

namespace rondo::tls::detail {

// ------------------------------------------------------------------------ beginning, end

Connection::Connection(io::Stream under, std::shared_ptr<State> state, std::string name)
    : state_(std::move(state)),
      ssl_(SSL_new(state_->ssl.get())),
      under_(std::move(under)),
      name_(std::move(name)) {
    check(ssl_ != nullptr, "tls");
    BIO* const bio = wire_.make_bio().release();
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_msg_callback(ssl_.get(), &on_message);
}

Connection::Connection(io::Stream under, const std::shared_ptr<ClientState>& state,
                       const PeerName& host)
    : Connection(std::move(under), std::shared_ptr<State>(state), host.text) {
    client_ = state.get();
    ERR_clear_error();
    X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl_.get());
    X509_VERIFY_PARAM_set_hostflags(
        rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (host.is_address) {
        check(X509_VERIFY_PARAM_set1_ip_asc(rules, host.text.c_str()) == 1, "tls connect");
    } else {
        server_name_ = host.text;
        check(X509_VERIFY_PARAM_set1_host(rules, host.text.data(), host.text.size()) == 1 &&
                  SSL_set_tlsext_host_name(ssl_.get(), host.text.c_str()) == 1,
              "tls connect");
    }
    SSL_set_connect_state(ssl_.get());
    if (const Session session = client_->sessions.take(host.text); session != nullptr) {
        check(SSL_set_session(ssl_.get(), session.get()) == 1, "tls connect");
    }
}

Connection::Connection(io::Stream under, std::shared_ptr<ServerState> state)
    : Connection(std::move(under), std::move(state), std::string()) {
    name_ = under_.name();
    SSL_set_accept_state(ssl_.get());
}

void Connection::close() noexcept {
    under_.close();
    wire_.clear();
    ssl_.reset();
}

// OpenSSL would give a session the mark "not resumable" if its connection ended without a
// close_notify, so it is a copy that is kept.
void Connection::remember(Session session) {
    Session copy(SSL_SESSION_dup(session.get()));
    if (copy != nullptr && client_ != nullptr) {
        client_->sessions.put(name_, std::move(copy));
    }
}

namespace {

// An alert is its level and what it says. The others are the last: of ends, and of failures.
bool is_refusal(const void* alert, std::size_t size) noexcept {
    const auto* const bytes = static_cast<const unsigned char*>(alert);
    return size == 2 && bytes[0] == SSL3_AL_WARNING && bytes[1] == SSL_AD_NO_RENEGOTIATION;
}

}  // namespace

void Connection::on_message(int sent, int, int type, const void* data, std::size_t size, SSL* ssl,
                            void*) {
    Connection& self = of(ssl);
    if (self.shaking_hands_) {
        return;
    }
    if (sent == 0 && type == SSL3_RT_HEADER) {
        self.patience_.record();
    } else if (sent == 0 && type == SSL3_RT_HANDSHAKE) {
        self.patience_.message();
    } else if (sent == 1 && type == SSL3_RT_ALERT && is_refusal(data, size)) {
        self.patience_.refusal();
    }
    self.wire_.hold(self.patience_.is_over());
}

// ------------------------------------------------------------------------ the handshake

Task<> Connection::handshake() {
    const Duration limit = state_->handshake_timeout;
    // A TimeoutError here would be one of the stream below.
    const auto done = co_await move_on_after(limit, shake_hands());
    if (!done.has_value()) {
        const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(limit);
        throw TlsError(Errc::timed_out, "tls handshake", name_,
                       "it took longer than " + std::to_string(milliseconds.count()) + " ms");
    }
}

Task<> Connection::shake_hands() {
    for (;;) {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_.get());
        if (result != 1 && SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
            fail("tls handshake");
            co_await say_alert();
            std::rethrow_exception(failure_);
        }
        if (result == 1 && sends_tickets_last()) {
            wire_.defer_output();
        }
        co_await flush_handshake();
        if (result == 1) {
            break;
        }
        co_await receive("tls handshake");
        if (failure_ != nullptr) {
            std::rethrow_exception(failure_);
        }
    }
    shaking_hands_ = false;
}

// A server of TLS 1.3 ends its handshake with tickets, which the client need not read soon: it may
// write much before, or close and so reset the connection. They go out with our first write.
bool Connection::sends_tickets_last() const noexcept {
    return client_ == nullptr && SSL_version(ssl_.get()) >= TLS1_3_VERSION;
}

namespace {

// What lies there is read at once; who sent nothing is not waited for.
constexpr std::chrono::milliseconds hear_time{100};

bool is_broken(const Error& error) noexcept {
    return error.code() == Errc::reset || error.code() == Errc::closed;
}

}  // namespace

// Who refuses us often closes at once. Then our message fails, and why lies unread before the end.
Task<> Connection::flush_handshake() {
    std::exception_ptr error;
    try {
        co_await flush();
    } catch (const Error& failure) {
        if (!is_broken(failure)) {
            throw;
        }
        error = std::current_exception();
    }
    if (error != nullptr) {
        co_await move_on_after(hear_time, hear_why());
        std::rethrow_exception(error);
    }
}

Task<> Connection::hear_why() {
    try {
        co_await receive("tls handshake");
    } catch (const Error&) {
        co_return;  // the first error is the better one
    }
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_SSL) {
        fail("tls handshake");
        std::rethrow_exception(failure_);
    }
}

}  // namespace rondo::tls::detail
