// SPDX-License-Identifier: Apache-2.0
// Certificates and keys: PEM texts that are given as trust and as an identity, and a peer's
// certificate. The first byte of the input says which; a certificate is in its binary form.
#include "fuzz/target.hpp"
#include "fuzz/tls_ends.hpp"
#include "rondo/tls/context.hpp"
#include "tls/certificate.hpp"

namespace rondo::test {
namespace {

void try_trust(const std::string& text) {
    tls::ClientOptions options;
    options.trust = tls::Trust::pem(text);
    refuses([&] { const tls::ClientContext context(options); });
}

void try_identity(const std::string& chain, const std::string& key) {
    refuses([&] {
        const tls::ServerContext context(
            tls::ServerOptions(tls::Identity::pem(chain, key, "a password")));
    });
}

tls::detail::X509Owned x509_of(std::string_view bytes) {
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    tls::detail::X509Owned x509(d2i_X509(nullptr, &data, static_cast<long>(bytes.size())));
    ERR_clear_error();
    return x509;
}

// OpenSSL reads encodings that are not the distinguished one, and writes that one.
void try_certificate(std::string_view bytes) {
    const tls::detail::X509Owned x509 = x509_of(bytes);
    if (x509 == nullptr) {
        return;
    }
    const tls::Certificate read = tls::detail::read_certificate(x509.get());
    RONDO_ASSERT(ERR_peek_error() == 0, "no error is left for others");
    RONDO_ASSERT(read.sha256.size() == 64, "a fingerprint");
    const tls::detail::X509Owned again = x509_of(read.der);
    RONDO_ASSERT(again != nullptr, "what was read is a certificate");
    const tls::Certificate second = tls::detail::read_certificate(again.get());
    RONDO_ASSERT(second.der == read.der && second.sha256 == read.sha256, "the same one");
    RONDO_ASSERT(second.subject == read.subject && second.dns_names == read.dns_names &&
                     second.not_after == read.not_after,
                 "that says the same");
}

}  // namespace

void try_input(std::string_view input) {
    Choices choices(input);
    const unsigned which = choices.byte();
    const std::string text(choices.rest());
    switch (which % 5) {
        case 0: try_trust(text); break;
        case 1: try_identity(text, text); break;
        case 2: try_identity(tls_certificate(), text); break;
        case 3: try_identity(text, tls_identity().key()); break;
        default: try_certificate(text); break;
    }
}

}  // namespace rondo::test
