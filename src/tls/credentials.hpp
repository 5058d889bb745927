// SPDX-License-Identifier: Apache-2.0
// Certificates and keys, from files or PEM texts into an SSL_CTX.
#pragma once

#include "rondo/tls/trust.hpp"
#include "tls/openssl.hpp"

namespace rondo::tls::detail {

/// Makes `trust` what the context verifies by. `announce`: a server tells clients these names.
void load_trust(SSL_CTX* context, const Trust& trust, bool announce);

/// Adds a certificate with its chain and key.
void load_identity(SSL_CTX* context, const Identity& identity);

}  // namespace rondo::tls::detail
