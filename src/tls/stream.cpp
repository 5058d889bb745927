// SPDX-License-Identifier: Apache-2.0
#include "rondo/tls/stream.hpp"

#include <utility>

#include "rondo/base/assert.hpp"
#include "tls/certificate.hpp"
#include "tls/connection.hpp"

namespace rondo::tls {

static_assert(io::ByteStream<TlsStream>);

TlsStream::TlsStream() noexcept = default;
TlsStream::TlsStream(TlsStream&& other) noexcept = default;
TlsStream& TlsStream::operator=(TlsStream&& other) noexcept = default;
TlsStream::~TlsStream() = default;

TlsStream::TlsStream(std::unique_ptr<detail::Connection> connection) noexcept
    : connection_(std::move(connection)) {}

TlsStream detail::Access::stream(std::unique_ptr<Connection> connection) noexcept {
    return TlsStream(std::move(connection));
}

detail::Connection& TlsStream::open_one(const char* operation) const {
    if (!is_open()) {
        throw TlsError(Errc::closed, operation, name(), "the stream is closed");
    }
    return *connection_;
}

Task<std::size_t> TlsStream::read_some(MutableBytes to) { return open_one("read").read_some(to); }

Task<io::Lease> TlsStream::read_leased() { return open_one("read").read_leased(); }

Task<> TlsStream::write_all(Bytes bytes) { return open_one("write").write_all(bytes); }

Task<> TlsStream::shutdown_write() { return open_one("shutdown").shutdown_write(); }

void TlsStream::close() noexcept {
    if (connection_ != nullptr) {
        connection_->close();
    }
}

bool TlsStream::is_open() const noexcept {
    return connection_ != nullptr && connection_->is_open();
}

std::string TlsStream::name() const { return is_open() ? connection_->name() : "a closed stream"; }

void TlsStream::update_keys() { open_one("update keys").update_keys(); }

Version TlsStream::version() const {
    return SSL_version(open_one("version").ssl()) == TLS1_2_VERSION ? Version::tls_1_2
                                                                    : Version::tls_1_3;
}

std::string TlsStream::cipher() const { return SSL_get_cipher_name(open_one("cipher").ssl()); }

std::string TlsStream::alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(open_one("alpn").ssl(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

bool TlsStream::resumed() const { return SSL_session_reused(open_one("resumed").ssl()) == 1; }

std::string TlsStream::server_name() const {
    return open_one("server name").server_name().value_or(std::string());
}

std::optional<Certificate> TlsStream::peer_certificate() const {
    X509* const certificate = SSL_get0_peer_certificate(open_one("peer certificate").ssl());
    return certificate != nullptr ? std::optional(detail::read_certificate(certificate))
                                  : std::nullopt;
}

std::vector<Certificate> TlsStream::peer_chain() const {
    SSL* const ssl = open_one("peer chain").ssl();
    std::vector<Certificate> chain;
    if (SSL_session_reused(ssl) == 1) {
        return chain;
    }
    X509* const own = SSL_get0_peer_certificate(ssl);
    if (SSL_is_server(ssl) == 1 && own != nullptr) {
        chain.push_back(detail::read_certificate(own));  // a server's list is without it
    }
    const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(ssl);
    for (int i = 0; sent != nullptr && i < sk_X509_num(sent); ++i) {
        chain.push_back(detail::read_certificate(sk_X509_value(sent, i)));
    }
    return chain;
}

std::string TlsStream::export_keys(std::string_view label, std::size_t size,
                                   std::string_view context) const {
    std::string keys(size, '\0');
    ERR_clear_error();
    detail::check(SSL_export_keying_material(open_one("export keys").ssl(),
                                             reinterpret_cast<unsigned char*>(keys.data()), size,
                                             label.data(), label.size(),
                                             reinterpret_cast<const unsigned char*>(context.data()),
                                             context.size(), 1) == 1,
                  "export keys");
    return keys;
}

io::Stream& TlsStream::under() noexcept {
    RONDO_REQUIRE(is_open(), "under() of a closed stream");
    return connection_->under();
}

// ------------------------------------------------------------------------ handshakes

Task<TlsStream> connect(io::Stream under, std::string host, ClientContext context) {
    const detail::PeerName name = detail::parse_peer_name(host);
    auto connection = std::make_unique<detail::Connection>(std::move(under),
                                                           detail::Access::state(context), name);
    co_await connection->handshake();
    co_return detail::Access::stream(std::move(connection));
}

Task<TlsStream> accept(io::Stream under, ServerContext context) {
    auto connection =
        std::make_unique<detail::Connection>(std::move(under), detail::Access::state(context));
    co_await connection->handshake();
    co_return detail::Access::stream(std::move(connection));
}

}  // namespace rondo::tls
