// SPDX-License-Identifier: Apache-2.0
#include "rondo/http/server.hpp"

#include <algorithm>
#include <exception>
#include <functional>

#include "http/connection.hpp"
#include "http/fields.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/net/serve.hpp"

namespace rondo::http {
namespace detail {
namespace {

// A connection that breaks concerns nobody else.
void on_error(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const Error&) {
    } catch (...) {
        rondo::detail::report_error("error in an http connection", error);
    }
}

// Connection has the time of grace in its own hands: one that is idle ends at once.
net::ServeOptions accept_options(const ServerOptions& options) {
    net::ServeOptions result;
    result.connections_max = options.max_connections;
    result.grace = Duration::zero();
    return result;
}

}  // namespace

Task<> serve(net::TcpListener& listener, Handler handler, ServerOptions options) {
    RONDO_REQUIRE(options.max_connections > 0, "an http server without connections");
    net::Server server(accept_options(options));
    server.set_error_handler(on_error);
    // NOLINTBEGIN(cppcoreguidelines-avoid-capturing-lambda-coroutines): outlives its coroutine
    auto talk = [&](net::TcpStream stream) -> Task<> {
        Connection connection(std::move(stream), handler, options);
        co_await connection.run();
    };
    // NOLINTEND(cppcoreguidelines-avoid-capturing-lambda-coroutines)
    co_await net::serve(listener, std::ref(talk), server);
}

}  // namespace detail

ServerResponse::ServerResponse(int code, std::string content, std::string content_type)
    : status(code), body(std::move(content)) {
    headers.add("content-type", std::move(content_type));
}

std::string_view ServerRequest::path() const noexcept {
    const std::string_view whole = std::string_view(target).substr(0, target.find('?'));
    const std::size_t origin = detail::origin_of(whole).size();
    return origin > 0 && origin == whole.size() ? "/" : whole.substr(origin);
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
