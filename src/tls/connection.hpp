// SPDX-License-Identifier: Apache-2.0
// One TLS connection: OpenSSL's state, the stream below, and what goes between them.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "rondo/coro/task.hpp"
#include "rondo/io/stream.hpp"
#include "rondo/sync/event.hpp"
#include "tls/openssl.hpp"
#include "tls/patience.hpp"
#include "tls/peer_name.hpp"
#include "tls/state.hpp"
#include "tls/wire.hpp"

namespace rondo::tls::detail {

/// OpenSSL never waits here: it works on the buffers of Wire, and the coroutines below move these.
/// So a reader and a writer can share it between their awaits. Only the writer sends; what a reader
/// has to say (it is rare: that it does not renegotiate) is kept in little memory and goes out with
/// the next write, for a read that is stopped must have no effect. The exception is the last alert
/// of a failed connection.
///
/// The writer receives, too, when the peer's message about the connection itself (a ticket, new
/// keys) has come in part: OpenSSL sends nothing before it has the rest.
class Connection {
public:
    Connection(io::Stream under, const std::shared_ptr<ClientState>& state, const PeerName& host);
    Connection(io::Stream under, std::shared_ptr<ServerState> state);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() = default;

    /// Within the context's time.
    Task<> handshake();

    Task<std::size_t> read_some(MutableBytes to);
    Task<io::Lease> read_leased();
    Task<> write_all(Bytes bytes);
    Task<> shutdown_write();
    void update_keys();
    void close() noexcept;

    bool is_open() const noexcept { return ssl_ != nullptr; }
    const std::string& name() const noexcept { return name_; }
    /// Of a server: nothing before the client's first hello.
    const std::optional<std::string>& server_name() const noexcept { return server_name_; }
    SSL* ssl() const noexcept { return ssl_.get(); }
    io::Stream& under() noexcept { return under_; }

    // For OpenSSL's callbacks.

    static Connection& of(SSL* ssl) noexcept {
        return *static_cast<Connection*>(SSL_get_app_data(ssl));
    }
    /// What OpenSSL's words for the failure do not say.
    void note(std::string text) { note_ = std::move(text); }
    void set_server_name(std::string name) { server_name_ = std::move(name); }
    void remember(Session session);

private:
    Connection(io::Stream under, std::shared_ptr<State> state, std::string name);

    static void on_message(int sent, int version, int type, const void* data, std::size_t size,
                           SSL* ssl, void* self);

    Task<> shake_hands();
    bool sends_tickets_last() const noexcept;
    Task<> flush_handshake();
    Task<> hear_why();
    std::size_t decrypt(MutableBytes to);
    std::size_t encrypt(Bytes bytes);
    bool settle(const char* operation);
    bool lost_patience();
    Task<> receive(const char* operation);
    Task<> hear_rest(const char* operation);
    Task<> flush();
    Task<> say_alert();
    void renew_keys();

    void check_writable(const char* operation) const;
    /// Sets failure_ to what OpenSSL has just said.
    void fail(const char* operation);

    std::shared_ptr<State> state_;
    ClientState* client_ = nullptr;  ///< it, on the client's side
    Wire wire_;
    Ssl ssl_;
    io::Stream under_;
    std::string name_;
    std::optional<std::string> server_name_;
    std::string note_;
    std::exception_ptr failure_;  ///< what each further read ends with
    Patience patience_;
    Event received_;  ///< for who waits while another one receives
    bool receiving_ = false;
    bool keys_due_ = false;  ///< new keys were asked for when they could not be made
    bool reading_ = false;
    bool writing_ = false;
    bool dead_ = false;         ///< TLS failed: nothing can be read or written
    bool broken_ = false;       ///< a write ended halfway
    bool ended_ = false;        ///< the peer's end was read
    bool write_ended_ = false;  ///< ours was written
    bool shaking_hands_ = true;
};

}  // namespace rondo::tls::detail
