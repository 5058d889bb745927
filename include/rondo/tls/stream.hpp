// SPDX-License-Identifier: Apache-2.0
/// TLS over any stream: `TlsStream secure = co_await tls::connect(std::move(tcp), "example.org")`.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rondo/coro/task.hpp"
#include "rondo/io/bytes.hpp"
#include "rondo/io/lease.hpp"
#include "rondo/io/stream.hpp"
#include "rondo/tls/certificate.hpp"
#include "rondo/tls/context.hpp"

namespace rondo::tls {

namespace detail {
class Connection;
}

/// One TLS connection: bytes in order, both ways, each way ended on its own; an io::ByteStream. It
/// owns the stream below. While nothing is on its way it holds none of the loop's buffers.
///
/// Requires: moved, closed and destroyed only while none of its operations waits, and while its
/// loop runs.
class TlsStream {
public:
    /// A closed stream.
    TlsStream() noexcept;
    TlsStream(TlsStream&& other) noexcept;
    TlsStream& operator=(TlsStream&& other) noexcept;
    ~TlsStream();

    /// Reads what is there, at most to.size() bytes, as soon as something is; gives the number of
    /// bytes, 0 only when the peer said that this is its end. Requires: `to` is not empty.
    ///
    /// Errors: TruncatedError when the connection below ended without that, unless the options say
    /// truncation_is_end; TlsError when a record is broken, after 64 records that are no data, or
    /// when the peer asks for more than 64 new handshakes (TLS 1.2) while nothing is written; Error
    /// of the stream below. After an error each further read fails with the same; but a
    /// TimeoutError of the stream below is thrown once: reading may go on.
    Task<std::size_t> read_some(MutableBytes to);

    /// Reads what is there into a buffer of the loop's, taken when there is something.
    Task<io::Lease> read_leased();

    /// Returns when the stream below has taken all bytes. A read may wait meanwhile.
    ///
    /// Cancellation: stopped while records are handed to the stream below, it may have sent a part:
    /// further writes fail with Errc::closed. Reading goes on.
    /// Errors: the same holds when the stream below fails to send, also with a TimeoutError.
    Task<> write_all(Bytes bytes);

    /// Tells the peer that no more comes, and ends the outgoing direction below. Reading goes on.
    /// A connection that is closed without this looks cut off to the peer.
    ///
    /// Cancellation: as write_all. Errors: as write_all.
    Task<> shutdown_write();

    /// Both directions end now, without a word to the peer. Idempotent.
    void close() noexcept;
    bool is_open() const noexcept;
    /// For errors: the host that was asked for, or what the stream below calls itself.
    std::string name() const;

    /// New keys for what is sent from the next write on, which also asks the peer for new ones.
    /// Nothing else changes keys: a connection should be asked to before 16 million records, which
    /// are 256 GiB in large ones.
    ///
    /// Errors: TlsError (not_supported) under TLS 1.2.
    void update_keys();

    // What was agreed. Requires: open.

    Version version() const;
    std::string cipher() const;  ///< "TLS_AES_256_GCM_SHA384"
    /// The protocol both sides speak; "" when none was agreed on.
    std::string alpn() const;
    /// True: the handshake continued an earlier session, and no certificate was sent.
    bool resumed() const;
    /// The name the client asked for, by which a server chose its context; "" for addresses.
    std::string server_name() const;
    /// The peer's certificate; a server has one only if it asked. Verified, unless the options say
    /// otherwise.
    std::optional<Certificate> peer_certificate() const;
    /// All certificates that the peer sent, its own first. Empty when the session was resumed.
    std::vector<Certificate> peer_chain() const;
    /// `size` bytes that only the two ends know, for a protocol above (RFC 5705).
    std::string export_keys(std::string_view label, std::size_t size,
                            std::string_view context = {}) const;

    /// The stream below, to look at; reading or writing it breaks the connection. Requires: open.
    io::Stream& under() noexcept;

private:
    friend struct detail::Access;
    explicit TlsStream(std::unique_ptr<detail::Connection> connection) noexcept;
    detail::Connection& open_one(const char* operation) const;

    std::unique_ptr<detail::Connection> connection_;
};

/// The client's handshake over `under`. `host` is a name or an address, as in a URL: the peer's
/// certificate must be for it. A name is also sent, so that the server can choose its certificate;
/// an address never is. International names are given as A-labels ("xn--…").
///
/// Cancellation: the connection is closed.
/// Errors: CertificateError, TlsError, and the errors of the stream below, a TimeoutError too; in
/// each case it is closed.
/// Under TLS 1.3 a server that refuses the client's certificate is heard of by the first read.
Task<TlsStream> connect(io::Stream under, std::string host,
                        ClientContext context = ClientContext());

/// The server's handshake over `under`; the rest as connect().
Task<TlsStream> accept(io::Stream under, ServerContext context);

}  // namespace rondo::tls
