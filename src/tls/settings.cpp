// SPDX-License-Identifier: Apache-2.0
// What holds for both sides: versions, algorithms, modes.
#include <algorithm>

#include "tls/state.hpp"

namespace rondo::tls {

const char* to_string(Version version) noexcept {
    return version == Version::tls_1_2 ? "TLSv1.2" : "TLSv1.3";
}

namespace detail {

namespace {

constexpr const char* recommended_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* compatible_ciphers =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES+SHA256:ECDHE+AES+SHA384:"
    "DHE+AES+SHA256:!aNULL:!PSK:!SRP:!aDSS";
constexpr int least_security = 2;  // 112 bits: no SHA-1, no RSA below 2048
constexpr std::size_t protocol_max = 255;

int number_of(Version version) noexcept {
    return version == Version::tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

}  // namespace

const char* cipher_list(Ciphers ciphers) noexcept {
    return ciphers == Ciphers::recommended ? recommended_ciphers : compatible_ciphers;
}

// The system's configuration of OpenSSL may ask for more than we do, never for less.
void set_versions(SSL_CTX* context, Version least, Version most) {
    if (least > most) {
        throw TlsError(Errc::invalid, "tls context", {},
                       "the least version is above the greatest one");
    }
    const auto system_least = static_cast<int>(SSL_CTX_get_min_proto_version(context));
    check(SSL_CTX_set_min_proto_version(context, std::max(system_least, number_of(least))) == 1 &&
              SSL_CTX_set_max_proto_version(context, number_of(most)) == 1,
          "tls context");
}

void set_common(SSL_CTX* context, Ciphers ciphers) {
    SSL_CTX_set_security_level(context,
                               std::max(SSL_CTX_get_security_level(context), least_security));
    check(SSL_CTX_set_cipher_list(context, cipher_list(ciphers)) == 1, "tls context");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_clear_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT |
                                       SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(context, 0);
    // Who is named as trusted is trusted, root or not.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
}

std::vector<unsigned char> wire_format(const std::vector<std::string>& protocols) {
    std::vector<unsigned char> wire;
    for (const std::string& protocol : protocols) {
        if (protocol.empty() || protocol.size() > protocol_max) {
            throw TlsError(Errc::invalid, "tls context", {},
                           "a protocol of ALPN has 1 to 255 bytes");
        }
        wire.push_back(static_cast<unsigned char>(protocol.size()));
        wire.insert(wire.end(), protocol.begin(), protocol.end());
    }
    if (wire.size() > UINT16_MAX - 2U) {
        throw TlsError(Errc::invalid, "tls context", {}, "too many protocols of ALPN");
    }
    return wire;
}

}  // namespace detail
}  // namespace rondo::tls
