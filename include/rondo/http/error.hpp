// SPDX-License-Identifier: Apache-2.0
/// What a request fails with.
#pragma once

#include "rondo/base/error.hpp"

namespace rondo::http {

/// The request got no answer. what() reads "GET http://127.0.0.1:1/: Failed to connect to …"; a
/// password in the URL is left out. code() is
///
///   `not_found`      the host's name does not resolve,
///   `refused`, `unreachable`, `reset`
///                    as for sockets; `reset` also when the answer broke off,
///   `timed_out`      the request's own timeout or connect_timeout passed,
///   `invalid`        the URL, its scheme (only http and https are spoken), the method or a header
///                    is no such thing; nothing was sent,
///   `protocol`       the answer, a redirect or the TLS handshake broke the rules,
///   `exhausted`      the body exceeds the request's limit, or memory or descriptors ran out,
///   `not_supported`  the loop's driver cannot do it (simulation).
///
/// An answer with status 404 or 500 is no error.
class HttpError : public Error {
public:
    using Error::Error;
};

}  // namespace rondo::http
