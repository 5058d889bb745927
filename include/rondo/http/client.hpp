// SPDX-License-Identifier: Apache-2.0
/// The HTTP client: `Response response = co_await client.get(url);`
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "rondo/coro/task.hpp"
#include "rondo/http/error.hpp"
#include "rondo/http/request.hpp"
#include "rondo/http/response.hpp"

namespace rondo::http {

namespace detail {
class Engine;
}

struct ClientOptions {
    /// Exchanges at once. Further requests wait in the client, first come first served, and their
    /// timeouts do not run meanwhile.
    std::size_t max_connections = 256;
    /// ... with the same scheme, host and port; others overtake who waits for that.
    std::size_t max_connections_per_host = 64;
    std::string user_agent;         ///< empty: "rondo/<version>"
    bool accept_compressed = true;  ///< asks for gzip, br, … and decompresses

    ClientOptions() = default;
};

/// Sends requests of any number of tasks over shared connections, which are kept open and used
/// again. HTTP/1.1, and HTTP/2 over TLS. Proxies are taken from the environment, as curl does.
///
/// Requires: made, used and destroyed on one loop, while it runs. It may be destroyed while
/// requests are on their way; they finish.
class Client {
public:
    explicit Client(const ClientOptions& options = {});
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;
    ~Client();

    /// GET, and the whole answer.
    ///
    /// Cancellation: the exchange is broken off at once. The server may have acted on it.
    /// Errors: HttpError.
    Task<Response> get(std::string url);
    /// POST of `body`; the rest as get().
    Task<Response> post(std::string url, std::string body,
                        std::string content_type = "application/octet-stream");
    /// Any request; the rest as get().
    Task<Response> send(Request request);

    /// Requests that are under way, not counting those that wait for a connection.
    std::size_t active() const noexcept;
    /// Requests that wait for a connection.
    std::size_t waiting() const noexcept;

private:
    std::shared_ptr<detail::Engine> engine_;
};

}  // namespace rondo::http
