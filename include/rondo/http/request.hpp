// SPDX-License-Identifier: Apache-2.0
/// What a Client is to send.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "rondo/base/time.hpp"
#include "rondo/http/headers.hpp"

namespace rondo::http {

/// A request, built by calls that can be chained:
///
///     Request request("https://example.org/items");
///     request.method("PUT").header("content-type", "text/plain").body("…").timeout(5s);
///
/// It is checked when it is sent: see HttpError.
class Request {
public:
    explicit Request(std::string url) : url_(std::move(url)) {}

    /// "GET" by default, and "POST" once there is a body.
    Request& method(std::string name) & { return method_ = std::move(name), *this; }
    Request&& method(std::string name) && { return std::move(method(std::move(name))); }

    /// Adds a field. One that Rondo sends by itself (user-agent, accept-encoding, …) is replaced.
    Request& header(std::string name, std::string value) &;
    Request&& header(std::string name, std::string value) && {
        return std::move(header(std::move(name), std::move(value)));
    }

    Request& body(std::string bytes) &;
    Request&& body(std::string bytes) && { return std::move(body(std::move(bytes))); }

    /// Bound for the whole exchange, redirects included, counted from when it starts; waiting for a
    /// free connection of the Client is not counted. 0, the default: none.
    Request& timeout(Duration total) & { return timeout_ = total, *this; }
    Request&& timeout(Duration total) && { return std::move(timeout(total)); }

    /// Bound for lookup, connection and TLS handshake together. Default 30 s.
    Request& connect_timeout(Duration limit) & { return connect_timeout_ = limit, *this; }
    Request&& connect_timeout(Duration limit) && { return std::move(connect_timeout(limit)); }

    /// How many redirects are followed; one more is an error (protocol). Default 10. Credentials
    /// are not sent on to another host, and only http and https are followed.
    Request& max_redirects(int count) & { return max_redirects_ = count, *this; }
    Request&& max_redirects(int count) && { return std::move(max_redirects(count)); }
    /// False: a redirect is an answer like any other.
    Request& follow_redirects(bool on) & { return follow_redirects_ = on, *this; }
    Request&& follow_redirects(bool on) && { return std::move(follow_redirects(on)); }

    /// A longer body, after decompression, is an error (exhausted). Default 64 MiB.
    Request& max_body_bytes(std::size_t limit) & { return max_body_bytes_ = limit, *this; }
    Request&& max_body_bytes(std::size_t limit) && { return std::move(max_body_bytes(limit)); }

    /// Does not verify who answers: anybody on the way can read and change everything.
    Request& insecure_tls() & { return insecure_tls_ = true, *this; }
    Request&& insecure_tls() && { return std::move(insecure_tls()); }

    const std::string& url() const noexcept { return url_; }
    const std::string& method() const noexcept { return method_; }
    const Headers& headers() const noexcept { return headers_; }
    const std::string& body() const noexcept { return body_; }
    bool has_body() const noexcept { return has_body_; }
    Duration timeout() const noexcept { return timeout_; }
    Duration connect_timeout() const noexcept { return connect_timeout_; }
    int max_redirects() const noexcept { return max_redirects_; }
    bool follow_redirects() const noexcept { return follow_redirects_; }
    std::size_t max_body_bytes() const noexcept { return max_body_bytes_; }
    bool is_insecure_tls() const noexcept { return insecure_tls_; }

private:
    std::string url_;
    std::string method_ = "GET";
    Headers headers_;
    std::string body_;
    Duration timeout_{0};
    Duration connect_timeout_ = std::chrono::seconds(30);
    std::size_t max_body_bytes_ = std::size_t{64} << 20;
    int max_redirects_ = 10;
    bool follow_redirects_ = true;
    bool has_body_ = false;
    bool insecure_tls_ = false;
};

}  // namespace rondo::http
