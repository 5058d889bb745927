// SPDX-License-Identifier: Apache-2.0
// OpenSSL's objects, owned; and its errors, in words.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace rondo::tls::detail {

struct Free {
    void operator()(SSL* it) const noexcept { SSL_free(it); }
    void operator()(SSL_CTX* it) const noexcept { SSL_CTX_free(it); }
    void operator()(SSL_SESSION* it) const noexcept { SSL_SESSION_free(it); }
    void operator()(BIO* it) const noexcept { BIO_free(it); }
    void operator()(X509* it) const noexcept { X509_free(it); }
    void operator()(X509_STORE* it) const noexcept { X509_STORE_free(it); }
    void operator()(X509_NAME* it) const noexcept { X509_NAME_free(it); }
    void operator()(EVP_PKEY* it) const noexcept { EVP_PKEY_free(it); }
    void operator()(BIGNUM* it) const noexcept { BN_free(it); }
    void operator()(GENERAL_NAMES* it) const noexcept { GENERAL_NAMES_free(it); }
};

using Ssl = std::unique_ptr<SSL, Free>;
using SslContext = std::unique_ptr<SSL_CTX, Free>;
using Session = std::unique_ptr<SSL_SESSION, Free>;
using Bio = std::unique_ptr<BIO, Free>;
using X509Owned = std::unique_ptr<X509, Free>;
using X509Store = std::unique_ptr<X509_STORE, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

/// The first error of this thread's queue in OpenSSL's words; the queue is empty afterwards.
std::string take_reason();

/// Throws TlsError (invalid) with take_reason().
[[noreturn]] void throw_invalid(const char* operation, const std::string& object);

/// For calls that fail for want of memory only.
void check(bool succeeded, const char* operation);

}  // namespace rondo::tls::detail
