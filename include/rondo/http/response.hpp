// SPDX-License-Identifier: Apache-2.0
/// What a Client got.
#pragma once

#include <cstdint>
#include <string>

#include "rondo/base/time.hpp"
#include "rondo/http/headers.hpp"

namespace rondo::http {

/// When things were done, each counted from the start of the exchange; 0: it was not needed (a
/// connection that was open already, no TLS). With redirects: of all exchanges together.
struct Timings {
    Duration queued{0};      ///< before the start: waiting for a free connection of the Client
    Duration dns{0};         ///< the host's name was resolved
    Duration connect{0};     ///< the connection stood
    Duration tls{0};         ///< the TLS handshake was done
    Duration first_byte{0};  ///< the first byte of the answer came
    Duration total{0};       ///< the last one came
};

/// An answer, complete with its body.
struct Response {
    int status = 0;
    Headers headers;
    std::string body;     ///< decompressed
    std::string url;      ///< where the answer came from, after redirects
    std::string version;  ///< "HTTP/1.1", "HTTP/2"
    Timings timings;
    std::uint64_t bytes = 0;  ///< of the body as they came over the network
    int redirects = 0;        ///< followed

    Response() = default;
    /// Status 200 to 299.
    bool ok() const noexcept { return status >= 200 && status < 300; }
};

}  // namespace rondo::http
