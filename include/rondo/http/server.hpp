// SPDX-License-Identifier: Apache-2.0
/// A small HTTP/1.1 server.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/base/time.hpp"
#include "rondo/base/unique_function.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/http/headers.hpp"
#include "rondo/net/address.hpp"
#include "rondo/net/tcp_listener.hpp"

namespace rondo::http {

/// A request as it arrived, complete with its body.
struct ServerRequest {
    std::string method;  ///< "GET"
    std::string target;  ///< as it was sent: "/items?id=1", not decoded
    std::string body;    ///< without chunks
    Headers headers;
    net::Address peer;
    int version = 11;  ///< 10 or 11

    ServerRequest() = default;
    /// The target up to the '?', and behind the host when that is part of it.
    std::string_view path() const noexcept;
    /// ... and after it.
    std::string_view query() const noexcept;
    /// The raw value of `name` in the query, "" when it is not there.
    std::string_view query_value(std::string_view name) const noexcept;
};

/// What a handler answers. content-length, connection and the like are the server's.
struct ServerResponse {
    int status = 200;
    Headers headers;
    std::string body;
    bool close = false;  ///< end the connection afterwards

    ServerResponse() = default;
    ServerResponse(int code, std::string content,
                   std::string content_type = "text/plain; charset=utf-8");
};

struct ServerOptions {
    std::size_t max_connections = 10'000;      ///< at once; further ones wait in the listener
    std::size_t max_head_bytes = 32 * 1024;    ///< request line and headers; more: 431
    std::size_t max_body_bytes = 1024 * 1024;  ///< more: 413
    Duration idle_timeout = std::chrono::seconds(60);   ///< for the first byte of a request
    Duration head_timeout = std::chrono::seconds(10);   ///< for the rest of its head: 408
    Duration body_timeout = std::chrono::seconds(60);   ///< for its body: 408
    Duration write_timeout = std::chrono::seconds(60);  ///< for the client to take the answer
    Duration grace = std::chrono::seconds(5);  ///< see serve(): for answers under way at a stop
};

namespace detail {

using Handler = UniqueFunction<Task<ServerResponse>(const ServerRequest&)>;
Task<> serve(net::TcpListener& listener, Handler handler, ServerOptions options);

}  // namespace detail

/// Answers requests on `listener` with `handler`, any callable that takes a `const ServerRequest&`
/// and returns a Task<ServerResponse>, until it is stopped. Requests of one connection are handled
/// one after the other, connections at once. What a handler throws is reported on stderr and
/// answered with 500; broken requests are answered with 400, 408, 413, 431 or 501, and with 503
/// when there is no memory for them; they end their connection. Broken is also what RFC 9112 lets a
/// server take but two programs may read in two ways: lines that end with LF alone, fields that go
/// on in the next line, a target with another host than the Host field. Running out of descriptors
/// is survived: it pauses and goes on.
///
/// Cancellation: accepts no more and ends idle connections at once; handlers that run may finish
/// and their answers reach the client, for `grace`, then they are stopped too.
/// Lifetime: the handler lives until all connections ended; the request until its task ended.
/// Errors: when the listener itself fails.
template <class F>
    requires std::is_invocable_r_v<Task<ServerResponse>, std::decay_t<F>&, const ServerRequest&>
Task<> serve(net::TcpListener& listener, F&& handler, ServerOptions options = {}) {
    return detail::serve(listener, detail::Handler(std::forward<F>(handler)), options);
}

}  // namespace rondo::http
