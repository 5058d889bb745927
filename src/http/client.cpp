// SPDX-License-Identifier: Apache-2.0
#include "rondo/http/client.hpp"

#include <utility>

#include "http/engine.hpp"
#include "http/fields.hpp"
#include "rondo/base/assert.hpp"

namespace rondo::http {
namespace {

// libcurl owns its sockets, and looks names up on threads of its own; neither can be simulated.
void require_real_driver() {
    Driver& driver = current_loop().driver();
    if (!driver.uses_threads()) {
        throw HttpError(
            Errc::not_supported, "http::Client", {},
            std::string("the driver ") + driver.name() + " cannot wait for libcurl's sockets");
    }
}

Task<Response> exchange(std::shared_ptr<detail::Engine> engine, Request request) {
    RONDO_REQUIRE(engine->is_on_this_loop(), "an http::Client is used outside its loop");
    require_real_driver();
    detail::Transfer transfer(request, engine->options());
    co_await detail::Exchange(*engine, transfer);
    co_return transfer.take_response();
}

}  // namespace

Client::Client(const ClientOptions& options) {
    RONDO_REQUIRE(options.max_connections > 0, "an http::Client without connections");
    RONDO_REQUIRE(options.max_connections_per_host > 0, "an http::Client without connections");
    if (!detail::is_field_value(options.user_agent)) {
        throw HttpError(Errc::invalid, "user_agent", {},
                        "a header has characters that it must not have");
    }
    engine_ = detail::Engine::make(options);
}

Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Task<Response> Client::get(std::string url) { return send(Request(std::move(url))); }

Task<Response> Client::post(std::string url, std::string body, std::string content_type) {
    Request request(std::move(url));
    request.body(std::move(body));
    request.header("content-type", std::move(content_type));
    return send(std::move(request));
}

Task<Response> Client::send(Request request) {
    RONDO_REQUIRE(engine_ != nullptr, "a moved-from http::Client is used");
    return exchange(engine_, std::move(request));
}

std::size_t Client::active() const noexcept { return engine_->active(); }
std::size_t Client::waiting() const noexcept { return engine_->waiting(); }

}  // namespace rondo::http
