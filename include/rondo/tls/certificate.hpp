// SPDX-License-Identifier: Apache-2.0
/// A certificate, read.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace rondo::tls {

/// What a peer's certificate says.
struct Certificate {
    std::string subject;  ///< "CN=example.org,O=Example", as RFC 2253 writes it
    std::string issuer;
    std::string serial;  ///< hexadecimal
    std::chrono::sys_seconds not_before;
    std::chrono::sys_seconds not_after;
    std::vector<std::string> dns_names;
    std::vector<std::string> ip_addresses;
    std::string sha256;  ///< of the whole certificate, hexadecimal: its fingerprint
    std::string der;     ///< the certificate itself

    Certificate() = default;
};

}  // namespace rondo::tls
