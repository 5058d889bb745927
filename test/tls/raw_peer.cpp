// SPDX-License-Identifier: Apache-2.0
#include "tls/raw_peer.hpp"

#include <stdexcept>

namespace rondo::test {

using tls::detail::Ssl;
using tls::detail::SslContext;
using tls::detail::take_reason;

SslContext weak_context(bool server, int min_version, int max_version, const std::string& ciphers) {
    ERR_clear_error();
    SslContext context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), min_version);
    SSL_CTX_set_max_proto_version(context.get(), max_version);
    if (SSL_CTX_set_cipher_list(context.get(), ciphers.c_str()) != 1) {
        throw std::runtime_error("ciphers: " + take_reason());
    }
    SSL_CTX_set_options(context.get(), SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    return context;
}

void use(SSL_CTX* context, const Entity& entity, const std::vector<const Entity*>& more) {
    if (SSL_CTX_use_certificate(context, entity.certificate()) != 1 ||
        SSL_CTX_use_PrivateKey(context, entity.key()) != 1) {
        throw std::runtime_error("certificate: " + take_reason());
    }
    for (const Entity* const one : more) {
        SSL_CTX_add1_chain_cert(context, one->certificate());
    }
}

RawPeer::RawPeer(io::Stream under, SSL_CTX* context, bool server)
    : under_(std::move(under)), ssl_(SSL_new(context)) {
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (server) {
        SSL_set_accept_state(ssl_.get());
    } else {
        SSL_set_connect_state(ssl_.get());
    }
}

Task<> RawPeer::flush() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &data);
    const std::string bytes(data, static_cast<std::size_t>(size));
    BIO_reset(SSL_get_wbio(ssl_.get()));
    if (!bytes.empty()) {
        co_await under_.write_all(bytes);
    }
}

Task<bool> RawPeer::again(int result) {
    const int error = SSL_get_error(ssl_.get(), result);
    std::string reason;
    if (error == SSL_ERROR_SSL) {
        reason = take_reason();
    }
    co_await flush();
    if (error == SSL_ERROR_NONE || error == SSL_ERROR_ZERO_RETURN) {
        co_return false;
    }
    if (error != SSL_ERROR_WANT_READ) {
        throw std::runtime_error(reason);
    }
    const io::Lease records = co_await under_.read_leased();
    if (records.empty()) {
        throw std::runtime_error("end of the connection");
    }
    BIO_write(SSL_get_rbio(ssl_.get()), records.bytes().data(), static_cast<int>(records.size()));
    co_return true;
}

Task<> RawPeer::handshake() {
    for (bool more = true; more;) {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_.get());
        more = co_await again(result);
    }
}

Task<> RawPeer::write(std::string_view bytes) {
    ERR_clear_error();
    if (SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0) {
        throw std::runtime_error(take_reason());
    }
    co_await flush();
}

Task<std::string> RawPeer::read() {
    std::string text(16 * 1024, '\0');
    for (;;) {
        ERR_clear_error();
        const int got = SSL_read(ssl_.get(), text.data(), static_cast<int>(text.size()));
        if (got > 0) {
            text.resize(static_cast<std::size_t>(got));
            co_return text;
        }
        const bool more = co_await again(got);
        if (!more) {
            co_return std::string();
        }
    }
}

Task<> answer_client_hello(io::Stream under, std::string answer) {
    const io::Lease hello = co_await under.read_leased();
    co_await under.write_all(answer);
    for (;;) {
        const io::Lease more = co_await under.read_leased();
        if (more.empty()) {
            co_return;
        }
    }
}

std::string server_hello(std::uint16_t version, std::uint16_t cipher) {
    const auto two = [](std::size_t number) {
        return std::string{static_cast<char>(number >> 8), static_cast<char>(number)};
    };
    std::string body = two(version) + std::string(32, 'r') + std::string(1, '\0') + two(cipher) +
                       std::string(1, '\0');
    const std::string secure_renegotiation("\xff\x01\x00\x01\x00", 5);
    body += two(secure_renegotiation.size()) + secure_renegotiation;
    const std::string message = std::string("\x02\x00", 2) + two(body.size()) + body;
    return "\x16" + two(version) + two(message.size()) + message;
}

}  // namespace rondo::test
