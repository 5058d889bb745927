// SPDX-License-Identifier: Apache-2.0
/// Both ends of TLS connections whose every byte is the same in each run. So what one end said in
/// another run, which is in the corpus, is a good handshake to the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rondo/tls/context.hpp"

namespace rondo::test {

/// What a connection is to be like, by the bits of a byte.
struct TlsMode {
    static constexpr std::size_t count = 16;

    bool tls_1_2;
    bool alpn;
    bool client_certificate;
    bool address;  ///< the client asks for one instead of a name

    explicit TlsMode(std::uint8_t bits) noexcept
        : tls_1_2((bits & 1) != 0),
          alpn((bits & 2) != 0),
          client_certificate((bits & 4) != 0),
          address((bits & 8) != 0) {}
    std::size_t number() const noexcept {
        return std::size_t{tls_1_2} | std::size_t{alpn} << 1 |
               std::size_t{client_certificate} << 2 | std::size_t{address} << 3;
    }
};

/// OpenSSL's randomness, of the whole program, from here on.
void use_repeatable_random(std::uint64_t seed);

/// One for server.test and 127.0.0.1, and its certificate as PEM.
tls::Identity tls_identity();
std::string tls_certificate();

/// Contexts that trust that certificate; made once for each mode.
tls::ClientContext tls_client_context(TlsMode mode);
tls::ServerContext tls_server_context(TlsMode mode);

/// All that a client says to a server that says `heard`, in pieces of that size. Handshakes,
/// writes, reads, ends; an error that is none of TLS is a bug.
std::string client_says(TlsMode mode, std::string_view heard, std::size_t piece);
std::string server_says(TlsMode mode, std::string_view heard, std::size_t piece);

}  // namespace rondo::test
