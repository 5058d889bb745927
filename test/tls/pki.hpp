// SPDX-License-Identifier: Apache-2.0
/// A certificate authority for tests: certificates of any kind, good and bad, made in memory.
#pragma once

#include <string>
#include <vector>

#include "rondo/tls/trust.hpp"
#include "tls/openssl.hpp"

namespace rondo::test {

/// What a certificate is to say. The default is a good one for a server of no name.
struct CertificateSpec {
    std::string common_name = "leaf";
    std::vector<std::string> dns;
    std::vector<std::string> ips;
    int from_days = -1;  ///< from today
    int to_days = 30;
    bool ca = false;
    std::string basic_constraints;  ///< "": what `ca` says; "-": none
    std::string key_usage;          ///< "": none
    std::string extended_key_usage = "serverAuth,clientAuth";
    std::string name_constraints;
    std::string unknown_critical;  ///< not "": an extension that nobody knows
    std::string key = "ec";        ///< ec, rsa2048, rsa1024
    std::string digest = "sha256";

    CertificateSpec() {}
    explicit CertificateSpec(std::vector<std::string> names) : dns(std::move(names)) {}
};

/// A certificate and its key.
class Entity {
public:
    Entity(tls::detail::X509Owned certificate, tls::detail::Key key)
        : certificate_(std::move(certificate)), key_(std::move(key)) {}

    X509* certificate() const noexcept { return certificate_.get(); }
    EVP_PKEY* key() const noexcept { return key_.get(); }
    std::string certificate_pem() const;
    /// Encrypted, if there is a password.
    std::string key_pem(const std::string& password = {}) const;
    /// With certificates that are sent beside its own.
    tls::Identity identity(const std::string& more = {}) const;
    tls::Trust trust() const { return tls::Trust::pem(certificate_pem()); }

private:
    tls::detail::X509Owned certificate_;
    tls::detail::Key key_;
};

/// Signed by `issuer`, or by itself.
Entity make_certificate(const CertificateSpec& spec, const Entity* issuer = nullptr);

/// A root made once for the program.
const Entity& test_root();

/// Signed by test_root(), for these names.
Entity make_leaf(std::vector<std::string> names);

}  // namespace rondo::test
