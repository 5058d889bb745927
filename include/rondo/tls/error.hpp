// SPDX-License-Identifier: Apache-2.0
/// What TLS fails with, beside the errors of the stream below.
#pragma once

#include <string_view>

#include "rondo/base/error.hpp"

namespace rondo::tls {

/// TLS itself failed: the handshake, a record, the end. what() reads "tls handshake example.org:
/// the peer's alert: handshake failure", with OpenSSL's words, and never holds a key, a password or
/// data. code() is
///
///   `protocol`   the peer broke the rules, refused, or is refused; see the two classes below,
///   `timed_out`  the handshake took longer than the options allow,
///   `invalid`    a host, certificate, key or trust that was given is no such thing,
///   `closed`     the stream is closed, or an earlier write ended halfway,
///   `busy`       another read (or write) waits,
///   `exhausted`  memory ran out.
class TlsError : public Error {
public:
    using Error::Error;
};

/// The peer's certificate was refused. what() says why, and which certificate of the chain.
class CertificateError : public TlsError {
public:
    CertificateError(std::string_view object, int verify_code, std::string_view why)
        : TlsError(Errc::protocol, "tls handshake", object, why), verify_code_(verify_code) {}
    /// OpenSSL's number of the reason, X509_V_ERR_…; 10 for "certificate has expired".
    int verify_code() const noexcept { return verify_code_; }

private:
    int verify_code_;
};

/// The connection below ended without the notice by which TLS ends: what was read before may be the
/// beginning of more, cut off by anyone on the way.
class TruncatedError : public TlsError {
public:
    TruncatedError(std::string_view operation, std::string_view object, std::string_view why)
        : TlsError(Errc::protocol, operation, object, why) {}
};

}  // namespace rondo::tls
