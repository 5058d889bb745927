// SPDX-License-Identifier: Apache-2.0
/// OpenSSL used directly, as a peer that Rondo's options do not allow: weak, old, or hostile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/coro/task.hpp"
#include "rondo/io/stream.hpp"
#include "tls/pki.hpp"

namespace rondo::test {

/// A context with security level 0: everything OpenSSL still has.
tls::detail::SslContext weak_context(bool server, int min_version, int max_version,
                                     const std::string& ciphers = "ALL:eNULL:@SECLEVEL=0");
/// Gives it a certificate, unchecked; `more` is sent beside it.
void use(SSL_CTX* context, const Entity& entity, const std::vector<const Entity*>& more = {});

/// One connection of it.
class RawPeer {
public:
    RawPeer(io::Stream under, SSL_CTX* context, bool server);
    RawPeer(RawPeer&&) = default;

    /// Throws std::runtime_error with OpenSSL's words when it fails.
    Task<> handshake();
    Task<> write(std::string_view bytes);
    /// Up to the peer's end; "" then.
    Task<std::string> read();
    /// Sends what OpenSSL has made by other calls.
    Task<> flush();
    Task<> send(std::string bytes) { co_await under_.write_all(bytes); }
    void close() { under_.close(); }

    SSL* ssl() const noexcept { return ssl_.get(); }
    io::Stream& under() noexcept { return under_; }

private:
    /// True: call again. Else the call succeeded, or the peer's end came.
    Task<bool> again(int result);

    io::Stream under_;
    tls::detail::Ssl ssl_;
};

/// Reads a first message and answers with `answer`; then waits for the peer to go.
Task<> answer_client_hello(io::Stream under, std::string answer);

/// The record of a server's first message that chooses a version and a cipher, as no OpenSSL makes
/// it any more.
std::string server_hello(std::uint16_t version, std::uint16_t cipher);

}  // namespace rondo::test
