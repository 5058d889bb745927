// SPDX-License-Identifier: Apache-2.0
//
// When descriptors run out there are two dangers: to spin on an accept that fails at once, and to
// sleep while there is work. So a failed accept costs a pause, drawn from an interval that doubles,
// and the end of one of the server's own connections ends the pause; one that came since the accept
// began counts too, as the accept may have failed before it. Who waits in the listener is served
// then. Only if nothing helps for long are clients refused, with the descriptor kept for it,
// one a pause.
#include "rondo/net/server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "rondo/base/assert.hpp"
#include "rondo/base/error.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/event_loop.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::net {
namespace {

constexpr Duration shortest_pause = std::chrono::milliseconds(10);
constexpr Duration longest_pause = std::chrono::seconds(1);
constexpr int transient_in_a_row = 16;  // then it pauses too

}  // namespace

Server::Server(ServeOptions options)
    : options_(options),
      room_(options.connections_max, "a server's limit"),
      pause_(shortest_pause) {
    RONDO_REQUIRE(options.connections_max > 0, "a server without connections");
    RONDO_REQUIRE(options.accepts_at_once > 0, "a server without accepts");
}

Server::~Server() { RONDO_REQUIRE(groups_.empty(), "a Server outlives its serve()"); }

void Server::shut_down() noexcept {
    ended_ = true;
    stopping_.set();
    for (TaskGroup* const group : groups_) {
        group->cancel();
    }
}

Server::Serving::Serving(Server& server, TaskGroup& group) : server_(server), group_(group) {
    const std::size_t most = server.options_.connections_max;
    const std::size_t waiting = std::min(server.options_.accepts_at_once, most);
    RONDO_REQUIRE((server.groups_.size() + 1) * waiting <= most,
                  "a server with fewer places than accepts that wait");
    if (server.groups_.empty()) {
        server.stopping_.clear();
    }
    server.groups_.push_back(&group);
    server.reserve_.take();
}

// Also when the body is stopped: by shut_down(), or because serve() was cancelled.
Server::Serving::~Serving() {
    std::erase(server_.groups_, &group_);
    if (server_.groups_.empty()) {
        server_.ended_ = server_.ended_ || rondo::stopping();
        server_.stopping_.set();
        server_.reserve_.close();
    }
}

Server::Place::Place(Server& server, Semaphore::Permit permit) noexcept
    : server_(&server), permit_(std::move(permit)) {
    ++server.stats_.accepted;
    ++server.stats_.active;
}

Server::Place::Place(Place&& other) noexcept
    : server_(std::exchange(other.server_, nullptr)),
      permit_(std::move(other.permit_)),
      cut_(other.cut_) {}

Server::Place::~Place() {
    if (server_ != nullptr) {
        --server_->stats_.active;
        server_->stats_.cut += cut_ ? 1 : 0;
        server_->freed_.set();
    }
}

std::size_t Server::accepts_at_once() const noexcept {
    return current_loop().driver().accepts_beside()
               ? std::min(options_.accepts_at_once, options_.connections_max)
               : 1;
}

void Server::accept_succeeded() noexcept {
    pause_ = shortest_pause;
    is_exhausted_ = false;
    transient_ = 0;
}

Server::Failure Server::classify(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const Error& failure) {
        if (failure.code() == Errc::exhausted) {
            ++stats_.exhausted;
            return Failure::exhausted;
        }
        switch (failure.os_error()) {
            // The peer has gone again; or, as accept(2) warns, errors of the network that waited
            // for the new socket.
            case ECONNABORTED:
            case ECONNRESET:
            case EPROTO:
            case EPERM:
            case EINTR:
            case ENETDOWN:
            case ENETUNREACH:
            case EHOSTDOWN:
            case EHOSTUNREACH:
            case ENONET:
            case ENOPROTOOPT:
            case EOPNOTSUPP:
            case ETIMEDOUT: ++stats_.aborted; return Failure::transient;
            default: return Failure::fatal;
        }
    } catch (...) {
        return Failure::fatal;
    }
}

Task<bool> Server::recover(Failure failure, std::uint64_t ended_before) {
    if (failure == Failure::transient && ++transient_ % transient_in_a_row != 0) {
        co_await yield();
        co_return false;
    }
    EventLoop& loop = current_loop();
    if (failure == Failure::exhausted && !is_exhausted_) {
        is_exhausted_ = true;
        exhausted_since_ = loop.now();
    }
    const Duration half = pause_ / 2;
    const auto drawn = loop.driver().entropy() % static_cast<std::uint64_t>(half.count());
    bool ended_early = ended_connections() != ended_before;
    if (!ended_early) {
        freed_.clear();
        const auto freed = co_await move_on_after(half + Duration(drawn), freed_.wait());
        ended_early = freed.has_value();
    }
    pause_ = std::min(2 * pause_, longest_pause);
    reserve_.take();
    co_return !ended_early && is_exhausted_ && reserve_.is_open() &&
        loop.now() - exhausted_since_ >= options_.refuse_after;
}

void Server::Reserve::take() noexcept {
    if (!is_open()) {
        fd_ = std::max(current_loop().driver().open_socket(AF_INET), -1);
    }
}

void Server::handler_failed(const std::exception_ptr& error) noexcept {
    ++stats_.failed;
    if (on_error_) {
        on_error_(error);
        return;
    }
    try {
        std::rethrow_exception(error);
    } catch (const Error& failure) {
        switch (failure.code()) {
            case Errc::reset:
            case Errc::closed:
            case Errc::timed_out: return;
            default: break;
        }
    } catch (...) {
    }
    rondo::detail::report_error("error in a connection's handler", error);
}

}  // namespace rondo::net
