// SPDX-License-Identifier: Apache-2.0
#include "rondo/http/server.hpp"

#include <algorithm>
#include <optional>

#include "http/connection.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/sync/semaphore.hpp"

namespace rondo::http {
namespace detail {
namespace {

/// What the connections of one serve() share. Outlives them all.
class Server {
public:
    Server(net::TcpListener& listener, Handler handler, const ServerOptions& options)
        : listener_(listener),
          handler_(std::move(handler)),
          options_(options),
          room_(options.max_connections) {}

    Task<> accept_all(TaskGroup& group);

private:
    Task<std::optional<net::TcpStream>> accept();
    Task<> serve_one(net::TcpStream stream, Semaphore::Permit permit);

    static constexpr Duration shortest_pause = std::chrono::milliseconds(10);
    static constexpr Duration longest_pause = std::chrono::seconds(1);

    net::TcpListener& listener_;
    Handler handler_;
    ServerOptions options_;
    Semaphore room_;
    Duration pause_ = shortest_pause;
};

Task<> Server::accept_all(TaskGroup& group) {
    for (;;) {
        Semaphore::Permit permit = co_await room_.acquire();
        std::optional<net::TcpStream> stream = co_await accept();
        if (stream) {
            group.spawn(serve_one(std::move(*stream), std::move(permit)));
        }
    }
}

// Empty after a failure that will pass: a peer that has gone again, or no descriptor left, which
// costs a pause that doubles each time.
Task<std::optional<net::TcpStream>> Server::accept() {
    try {
        net::TcpStream stream = co_await listener_.accept();
        pause_ = shortest_pause;
        co_return std::optional<net::TcpStream>(std::move(stream));
    } catch (const Error& error) {
        switch (error.code()) {
            case Errc::exhausted: break;
            case Errc::reset:
            case Errc::unreachable:
            case Errc::no_permission:
            case Errc::protocol:
            case Errc::timed_out: co_return std::nullopt;
            default: throw;
        }
    }
    co_await sleep(pause_);
    pause_ = std::min(2 * pause_, longest_pause);
    co_return std::nullopt;
}

// A connection that breaks concerns nobody else.
Task<> Server::serve_one(net::TcpStream stream, [[maybe_unused]] Semaphore::Permit permit) {
    try {
        Connection connection(std::move(stream), handler_, options_);
        co_await connection.run();
    } catch (const Error&) {
    } catch (...) {
        rondo::detail::report_error("error in an http connection", std::current_exception());
    }
}

}  // namespace

Task<> serve(net::TcpListener& listener, Handler handler, ServerOptions options) {
    RONDO_REQUIRE(options.max_connections > 0, "an http server without connections");
    Server server(listener, std::move(handler), options);
    co_await task_group([&](TaskGroup& group) { return server.accept_all(group); });
}

}  // namespace detail

ServerResponse::ServerResponse(int code, std::string content, std::string content_type)
    : status(code), body(std::move(content)) {
    headers.add("content-type", std::move(content_type));
}

std::string_view ServerRequest::path() const noexcept {
    return std::string_view(target).substr(0, target.find('?'));
}

std::string_view ServerRequest::query() const noexcept {
    const std::size_t mark = target.find('?');
    return mark == target.npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string_view ServerRequest::query_value(std::string_view name) const noexcept {
    std::string_view rest = query();
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        const std::size_t equals = pair.find('=');
        if (pair.substr(0, equals) == name) {
            return equals == pair.npos ? std::string_view() : pair.substr(equals + 1);
        }
    }
    return {};
}

}  // namespace rondo::http
