// SPDX-License-Identifier: Apache-2.0
// Reads OpenSSL's certificates.
#pragma once

#include <string>
#include <vector>

#include "rondo/tls/certificate.hpp"
#include "tls/openssl.hpp"

namespace rondo::tls::detail {

Certificate read_certificate(X509* certificate);

std::vector<std::string> dns_names(X509* certificate);
std::vector<std::string> ip_addresses(X509* certificate);
/// As RFC 2253 writes it; what cannot be printed is escaped.
std::string name_text(const X509_NAME* name);

}  // namespace rondo::tls::detail
