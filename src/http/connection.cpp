// SPDX-License-Identifier: Apache-2.0
//
// A request is read without a shield: a stop ends an idle connection, and half a request, at once.
// Its handler and the answer run behind a shield for the time of grace, until the client has it
// all.
#include "http/connection.hpp"

#include <exception>
#include <utility>

#include "http/answer_text.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::http::detail {

using rondo::detail::add_saturating;
using Stage = RequestParser::Stage;

Connection::Connection(net::TcpStream stream, Handler& handler, const ServerOptions& options)
    : stream_(std::move(stream)), handler_(handler), options_(options), parser_(options) {}

Task<> Connection::run() {
    const net::Address peer = stream_.peer_address();
    Next next = Next::go_on;
    while (next == Next::go_on) {
        parser_.next();
        parser_.request().peer = peer;
        next = co_await receive();
        if (next == Next::go_on) {
            next = co_await shield(answer(), options_.grace);
        }
    }
    if (next == Next::hang_up) {
        co_await hang_up();
    }
}

// ---------------------------------------------------------------------------- a request

Task<Connection::Next> Connection::receive() {
    stage_ = Stage::idle;
    stage_since_ = now();
    while (!parser_.at_end()) {
        if (!unread_.empty()) {
            unread_.use(parser_.feed(unread_.rest()));
            continue;
        }
        if (parser_.take_expectation()) {
            const bool sent = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
            if (!sent) {
                co_return Next::vanish;
            }
        }
        const Next next = co_await read_more();
        if (next != Next::go_on) {
            co_return next;
        }
    }
    if (parser_.stage() == Stage::failed) {
        co_return co_await refuse(parser_.status());
    }
    co_return Next::go_on;
}

Task<Connection::Next> Connection::read_more() {
    auto lease = co_await move_on_at(deadline(), stream_.read_leased());
    const bool is_idle = parser_.stage() == Stage::idle;
    if (!lease) {
        if (is_idle) {
            co_return Next::hang_up;
        }
        co_return co_await refuse(408);
    }
    if (lease->empty()) {
        if (is_idle) {
            co_return Next::vanish;
        }
        co_return co_await refuse(400);
    }
    const std::string_view bytes = lease->bytes().text();
    unread_.keep(bytes.substr(parser_.feed(bytes)));
    co_return Next::go_on;
}

TimePoint Connection::deadline() {
    if (stage_ != parser_.stage()) {
        stage_ = parser_.stage();
        stage_since_ = now();
    }
    switch (stage_) {
        case Stage::idle: return add_saturating(stage_since_, options_.idle_timeout);
        case Stage::head: return add_saturating(stage_since_, options_.head_timeout);
        default: return add_saturating(stage_since_, options_.body_timeout);
    }
}

// --------------------------------------------------------------------------- its answer

namespace {

/// Inside the shield: whether a stop has reached it.
bool is_stopping() noexcept {
    return rondo::detail::local.current->has(rondo::detail::Scope::outer);
}

}  // namespace

Task<Connection::Next> Connection::answer() {
    const ServerResponse response = co_await handle();
    const bool keep_alive = parser_.keeps_alive() && !response.close && !is_stopping();
    const Framing framing{parser_.request().method == "HEAD", keep_alive,
                          parser_.request().version == 10};
    std::string text = text_of(response, framing);
    const bool sent = co_await send(std::move(text));
    if (sent && keep_alive && !is_stopping()) {
        co_return Next::go_on;
    }
    if (sent) {
        co_await hang_up();  // here, so that a stop does not cut the answer off
    }
    co_return Next::vanish;
}

std::string Connection::text_of(const ServerResponse& response, Framing framing) {
    try {
        return answer_text(response, framing);
    } catch (const Error&) {
        rondo::detail::report_error("error in an http handler", std::current_exception());
        return answer_text(ServerResponse(500, "Internal Server Error\n"), framing);
    }
}

Task<ServerResponse> Connection::handle() {
    std::exception_ptr error;
    try {
        Task<ServerResponse> task = handler_(parser_.request());
        co_return co_await task;
    } catch (...) {
        error = std::current_exception();
    }
    rondo::detail::report_error("error in an http handler", error);
    co_return ServerResponse(500, "Internal Server Error\n");
}

Task<Connection::Next> Connection::refuse(int status) {
    const std::string phrase(reason_phrase(status));
    const bool sent = co_await send(
        answer_text(ServerResponse(status, phrase + "\n"), Framing{false, false, false}));
    co_return sent ? Next::hang_up : Next::vanish;
}

// False: the client did not take it in time.
Task<bool> Connection::send(std::string text) {
    const auto sent = co_await move_on_after(options_.write_timeout, stream_.write_all(text));
    co_return sent.has_value();
}

// Closing while the client still sends would make its system throw away the answer. So it is told
// that there will be no more, and listened to for a while.
Task<> Connection::hang_up() {
    constexpr auto patience = std::chrono::seconds(1);
    constexpr std::size_t bytes_max = 1024 * 1024;
    stream_.shutdown_write();
    const TimePoint until = now() + patience;
    std::size_t bytes = 0;
    while (bytes < bytes_max) {
        const auto lease = co_await move_on_at(until, stream_.read_leased());
        if (!lease || lease->empty()) {
            break;
        }
        bytes += lease->size();
    }
}

}  // namespace rondo::http::detail
