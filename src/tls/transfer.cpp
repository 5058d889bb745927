// SPDX-License-Identifier: Apache-2.0
// How a connection reads and writes, once its handshake is done.
#include <algorithm>
#include <chrono>
#include <utility>

#include "rondo/base/assert.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/timeout.hpp"
#include "tls/connection.hpp"
#include "tls/guards.hpp"

namespace rondo::tls::detail {

namespace {

constexpr std::size_t record_max = 16 * 1024;
constexpr std::size_t overhead_max = 512;  // of a record, and of a message about keys before it
constexpr std::size_t room_min = 4 * 1024;
constexpr std::chrono::seconds alert_time{1};

}  // namespace

// ------------------------------------------------------------------------ reading

Task<std::size_t> Connection::read_some(MutableBytes to) {
    RONDO_REQUIRE(!to.empty(), "read_some into an empty buffer: its 0 would mean end of stream");
    const Turn turn(reading_, "read", name_);
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
    const Turn turn(reading_, "read", name_);
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
            patience_.data();
            continue;
        }
        const int error = SSL_get_error(ssl_.get(), 0);
        if (error == SSL_ERROR_ZERO_RETURN) {
            ended_ = true;
        } else if (error != SSL_ERROR_WANT_READ) {
            fail("read");
        } else if (!lost_patience()) {
            break;
        }
    }
    if (!writing_ && failure_ == nullptr) {
        wire_.defer_output();  // the refusal of a new handshake
    }
    return have;
}

/// Or the connection has failed before.
bool Connection::lost_patience() {
    if (patience_.is_over() && failure_ == nullptr) {
        failure_ =
            std::make_exception_ptr(TlsError(Errc::protocol, "read", name_, patience_.why()));
        dead_ = true;
    }
    return failure_ != nullptr;
}

/// Waits for records, or while another one does. At the end of the stream below, sets ended_ or
/// failure_; it sets failure_, too, to what it throws, unless that is a time limit below.
Task<> Connection::receive(const char* operation) {
    if (receiving_) {
        co_await received_.wait();
        co_return;
    }
    const Receiving mine(receiving_, received_);
    io::Lease records;
    try {
        records = co_await under_.read_leased();
    } catch (const TimeoutError&) {
        throw;  // nothing was taken, and the records may yet come
    } catch (const Error&) {
        failure_ = std::current_exception();
        throw;
    }
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
    const Turn turn(writing_, "write", name_);
    check_writable("write");
    if (rondo::detail::current_is_cancelled()) {
        co_await yield();  // stops here, before a record is made
    }
    std::size_t done = 0;
    while (done < bytes.size()) {
        const std::size_t made = encrypt(bytes.from(done));
        co_await flush();
        check_writable("write");
        if (made == 0) {
            Halfway way(broken_);
            if (done == 0) {
                way.sent();
            }
            co_await hear_rest("write");
            way.sent();
        }
        done += made;
    }
}

/// Ends what OpenSSL has begun: it sends no data before. False: hear_rest() first.
bool Connection::settle(const char* operation) {
    if (SSL_in_init(ssl_.get()) == 0) {
        return true;
    }
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
        return true;
    }
    if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
        fail(operation);
    }
    if (lost_patience()) {
        std::rethrow_exception(failure_);
    }
    return false;
}

/// Waits for more of a message that the peer has sent in part. What comes may be the whole rest and
/// the end as well, so who calls asks settle() again before it comes back here.
Task<> Connection::hear_rest(const char* operation) {
    if (failure_ != nullptr) {
        std::rethrow_exception(failure_);
    }
    if (ended_) {
        throw TlsError(Errc::closed, operation, name_, "the peer ended in the middle of a message");
    }
    co_await receive(operation);
}

/// Makes records of as much as fits one buffer; 0 when something must be heard before.
std::size_t Connection::encrypt(Bytes bytes) {
    if (!settle("write")) {
        return 0;
    }
    if (std::exchange(keys_due_, false)) {
        renew_keys();
    }
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
        if (!wire_.has_output()) {
            patience_.all_is_sent();
        }
    }
}

Task<> Connection::shutdown_write() {
    const Turn turn(writing_, "shutdown", name_);
    if (write_ended_) {
        co_return;
    }
    check_writable("shutdown");
    if (rondo::detail::current_is_cancelled()) {
        co_await yield();
    }
    // New keys that were asked for go first: OpenSSL does not end a connection that owes them.
    while (!settle("shutdown")) {
        co_await hear_rest("shutdown");
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
    if (SSL_get_key_update_type(ssl_.get()) == SSL_KEY_UPDATE_REQUESTED) {
        return;  // nothing was written since the last call: OpenSSL would refuse a second one
    }
    if (SSL_in_init(ssl_.get()) != 0) {
        keys_due_ = true;  // nor does it begin with them in the middle of a message
    } else {
        renew_keys();
    }
}

void Connection::renew_keys() {
    ERR_clear_error();
    check(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1, "update keys");
}

/// The last words of a connection that failed, if they can be said. The failure itself is what
/// counts: what goes wrong here is not reported.
Task<> Connection::say_alert() {
    if (!wire_.has_output() || writing_ || broken_ || write_ended_) {
        co_return;
    }
    const Turn turn(writing_, "write", name_);
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
