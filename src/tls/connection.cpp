// SPDX-License-Identifier: Apache-2.0
#include "tls/connection.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "rondo/base/assert.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::tls::detail {

namespace {

constexpr std::size_t record_max = 16 * 1024;
constexpr std::size_t overhead_max = 512;  // of a record, and of a message about keys before it
constexpr std::size_t room_min = 4 * 1024;
constexpr int empty_records_max = 64;
constexpr std::chrono::seconds alert_time{1};

}  // namespace

/// The one who reads, or writes.
class Connection::Turn {
public:
    Turn(bool& taken, const char* operation, const Connection& connection) : taken_(taken) {
        if (taken_) {
            throw TlsError(Errc::busy, operation, connection.name(),
                           "another one waits on this stream");
        }
        taken_ = true;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { taken_ = false; }

private:
    bool& taken_;
};

/// Unless it is told that all is sent, nothing can be sent any more.
class Connection::Halfway {
public:
    explicit Halfway(bool& broken) noexcept : broken_(broken) {}
    Halfway(const Halfway&) = delete;
    Halfway& operator=(const Halfway&) = delete;
    ~Halfway() { broken_ = broken_ || !sent_; }
    void sent() noexcept { sent_ = true; }

private:
    bool& broken_;
    bool sent_ = false;
};

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

Connection::Connection(io::Stream under, std::shared_ptr<ClientState> state, const PeerName& host)
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

// Each record counts, and each message of handshakes in one: keys, tickets, refused handshakes.
void Connection::on_message(int sent, int, int type, const void*, std::size_t, SSL* ssl, void*) {
    Connection& self = of(ssl);
    if (sent == 0 && !self.shaking_hands_ &&
        (type == SSL3_RT_HEADER || type == SSL3_RT_HANDSHAKE)) {
        self.wire_.hold(++self.empty_records_ > empty_records_max);
    }
}

// ------------------------------------------------------------------------ the handshake

Task<> Connection::handshake() {
    const Duration limit = state_->handshake_timeout;
    bool late = false;
    try {
        co_await timeout(limit, shake_hands());
    } catch (const TimeoutError&) {
        late = true;
    }
    if (late) {
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
    empty_records_ = 0;
}

// A server of TLS 1.3 ends its handshake with tickets, which the client need not read soon: it may
// write much before, or close and so reset the connection. They go out with our first write.
bool Connection::sends_tickets_last() const noexcept {
    return client_ == nullptr && SSL_version(ssl_.get()) >= TLS1_3_VERSION;
}

// Who refuses us often closes at once. Then our message fails, and why lies unread before the end.
Task<> Connection::flush_handshake() {
    std::exception_ptr error;
    try {
        co_await flush();
    } catch (const Error&) {
        error = std::current_exception();
    }
    if (error != nullptr) {
        co_await hear_why();
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

// ------------------------------------------------------------------------ reading

Task<std::size_t> Connection::read_some(MutableBytes to) {
    RONDO_REQUIRE(!to.empty(), "read_some into an empty buffer: its 0 would mean end of stream");
    const Turn turn(reading_, "read", *this);
    for (;;) {
        const std::size_t count = decrypt(to);
        if (count > 0 || ended_) {
            co_return count;
        }
        if (failure_ != nullptr) {
            co_await say_alert();
            std::rethrow_exception(failure_);
        }
        co_await receive("read");
    }
}

Task<io::Lease> Connection::read_leased() {
    const Turn turn(reading_, "read", *this);
    for (;;) {
        if (wire_.has_input() || SSL_has_pending(ssl_.get()) == 1) {
            io::Lease plain = io::Lease::take();
            plain.resize(decrypt(plain.space()));
            if (!plain.empty()) {
                co_return plain;
            }
        }
        if (ended_) {
            co_return io::Lease();
        }
        if (failure_ != nullptr) {
            co_await say_alert();
            std::rethrow_exception(failure_);
        }
        co_await receive("read");
    }
}

/// As much as is there; what else was noticed lies in ended_ and failure_.
std::size_t Connection::decrypt(MutableBytes to) {
    std::size_t have = 0;
    while (have < to.size() && !ended_ && failure_ == nullptr) {
        ERR_clear_error();
        std::size_t got = 0;
        if (SSL_read_ex(ssl_.get(), to.data() + have, to.size() - have, &got) == 1) {
            have += got;
            empty_records_ = 0;
            continue;
        }
        const int error = SSL_get_error(ssl_.get(), 0);
        if (error == SSL_ERROR_ZERO_RETURN) {
            ended_ = true;
        } else if (error != SSL_ERROR_WANT_READ) {
            fail("read");
        } else if (empty_records_ > empty_records_max) {
            failure_ = std::make_exception_ptr(TlsError(
                Errc::protocol, "read", name_, "the peer sends record after record without data"));
            dead_ = true;
        } else {
            break;
        }
    }
    return have;
}

/// Waits for records. At the end of the stream below, sets ended_ or failure_.
Task<> Connection::receive(const char* operation) {
    io::Lease records = co_await under_.read_leased();
    if (!records.empty()) {
        wire_.feed(std::move(records));
    } else if (state_->truncation_is_end && !shaking_hands_) {
        ended_ = true;
    } else {
        failure_ = std::make_exception_ptr(TruncatedError(
            operation, name_,
            shaking_hands_ ? "the peer ended the connection"
                           : "the connection ended without the peer's close_notify: truncated"));
    }
}

// ------------------------------------------------------------------------ writing

Task<> Connection::write_all(Bytes bytes) {
    const Turn turn(writing_, "write", *this);
    check_writable("write");
    if (rondo::detail::current_is_cancelled()) {
        co_await yield();  // stops here, before a record is made
    }
    std::size_t done = 0;
    while (done < bytes.size()) {
        done += encrypt(bytes.from(done));
        co_await flush();
        check_writable("write");
    }
}

/// Makes records of as much as fits one buffer.
std::size_t Connection::encrypt(Bytes bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const std::size_t room = wire_.room();
        if (done > 0 && room < room_min) {
            break;
        }
        std::size_t piece = std::min(bytes.size() - done, record_max);
        if (room > overhead_max) {
            piece = std::min(piece, room - overhead_max);
        }
        ERR_clear_error();
        std::size_t taken = 0;
        if (SSL_write_ex(ssl_.get(), bytes.data() + done, piece, &taken) != 1) {
            fail("write");
            std::rethrow_exception(failure_);
        }
        done += taken;
    }
    return done;
}

Task<> Connection::flush() {
    while (wire_.has_output()) {
        const io::Lease records = wire_.take_output();
        Halfway way(broken_);
        co_await under_.write_all(records.bytes());
        way.sent();
    }
}

Task<> Connection::shutdown_write() {
    const Turn turn(writing_, "shutdown", *this);
    if (write_ended_) {
        co_return;
    }
    check_writable("shutdown");
    if (rondo::detail::current_is_cancelled()) {
        co_await yield();
    }
    ERR_clear_error();
    if (SSL_shutdown(ssl_.get()) < 0) {
        fail("shutdown");
        std::rethrow_exception(failure_);
    }
    write_ended_ = true;
    co_await flush();
    co_await under_.shutdown_write();
}

void Connection::update_keys() {
    check_writable("update keys");
    ERR_clear_error();
    if (SSL_version(ssl_.get()) < TLS1_3_VERSION) {
        throw TlsError(Errc::not_supported, "update keys", name_, "TLS 1.2 has no such thing");
    }
    check(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1, "update keys");
}

/// The last words of a connection that failed, if they can be said. The failure itself is what
/// counts: what goes wrong here is not reported.
Task<> Connection::say_alert() {
    if (!wire_.has_output() || writing_ || broken_ || write_ended_) {
        co_return;
    }
    const Turn turn(writing_, "write", *this);
    try {
        co_await move_on_after(alert_time, flush());
    } catch (const Error&) {
        co_return;
    }
}

void Connection::check_writable(const char* operation) const {
    if (broken_ || write_ended_) {
        throw TlsError(
            Errc::closed, operation, name_,
            write_ended_ ? "the outgoing direction has ended" : "an earlier write ended halfway");
    }
    if (dead_) {
        std::rethrow_exception(failure_);
    }
}

}  // namespace rondo::tls::detail
