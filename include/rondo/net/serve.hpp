// SPDX-License-Identifier: Apache-2.0
/// serve(): a task for each connection, with a limit, and an orderly end.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/coro/race.hpp"
#include "rondo/coro/starter.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/net/server.hpp"

namespace rondo::net {

namespace detail {

/// What `co_await listener.accept()` gives.
template <class L>
using Accepted = std::remove_cvref_t<
    typename rondo::detail::ResultOfCall<decltype(std::declval<L&>().accept())>::type>;

/// One accepted connection, or how the accept failed.
template <class L>
struct AcceptOutcome {
    std::optional<Accepted<L>> connection;
    Server::Failure failure = Server::Failure::transient;
    std::exception_ptr error;
    std::uint64_t ended_before = 0;  ///< Server::ended_connections() when it began
};

/// A listener at which several accepts may wait.
template <class L>
concept AcceptsBeside = requires(L& listener) { listener.accept_beside(); };

template <class L>
auto next_connection(L& listener, Server& server) {
    if constexpr (AcceptsBeside<L>) {
        return server.accepts_at_once() > 1 ? listener.accept_beside() : listener.accept();
    } else {
        return listener.accept();
    }
}

template <class L>
Task<AcceptOutcome<L>> accept_once(L& listener, Server& server) {
    AcceptOutcome<L> outcome;
    outcome.ended_before = server.ended_connections();
    try {
        Accepted<L> connection = co_await next_connection(listener, server);
        outcome.connection.emplace(std::move(connection));
    } catch (...) {
        outcome.error = std::current_exception();
        outcome.failure = server.classify(outcome.error);
    }
    co_return outcome;
}

/// What fails here fails in the next accept, too, and is told then.
template <class L>
Task<> accept_and_close(L& listener, Server& server) {
    try {
        const Accepted<L> refused = co_await listener.accept();
        server.count_refused();
    } catch (const Error&) {
        co_return;
    }
}

/// The process has no descriptor left, for long: who waits longest is told by a close.
template <class L>
Task<> refuse_one(L& listener, Server& server) {
    constexpr Duration for_one_that_waits(1);
    server.use_reserve();
    co_await move_on_after(for_one_that_waits, accept_and_close(listener, server));
    server.restore_reserve();
}

template <class C, class H>
Task<> serve_one(Server& server, H& handler, C connection, Server::Place place) {
    try {
        auto task = handler(std::move(connection));
        co_await task;
    } catch (...) {
        server.handler_failed(std::current_exception());
    }
    place.ended();
}

template <class C, class H>
Task<> serve_in_grace(Server& server, H& handler, C connection, Server::Place place) {
    co_await shield(serve_one<C, H>(server, handler, std::move(connection), std::move(place)),
                    server.options().grace);
}

template <class L, class H>
void start_handler(H& handler, Accepted<L> connection, Server::Place place, Server& server,
                   TaskGroup& group) {
    using C = Accepted<L>;
    if (server.options().grace > Duration::zero()) {
        group.spawn(serve_in_grace<C, H>(server, handler, std::move(connection), std::move(place)));
    } else {
        group.spawn(serve_one<C, H>(server, handler, std::move(connection), std::move(place)));
    }
}

/// Returns when an accept fails.
template <class L, class H>
Task<AcceptOutcome<L>> accept_until_failure(L& listener, H& handler, Server& server,
                                            TaskGroup& group) {
    for (;;) {
        Semaphore::Permit permit = co_await server.wait_for_room();
        AcceptOutcome<L> outcome = co_await accept_once(listener, server);
        if (!outcome.connection) {
            co_return outcome;
        }
        server.accept_succeeded();
        start_handler<L>(handler, std::move(*outcome.connection),
                         Server::Place(server, std::move(permit)), server, group);
    }
}

/// The same, with as many accepts at once as the server wants. What a cancelled one still accepts
/// is served.
template <class L, class H>
Task<AcceptOutcome<L>> accept_side_by_side(L& listener, H& handler, Server& server,
                                           TaskGroup& group) {
    const std::size_t count = AcceptsBeside<L> ? server.accepts_at_once() : 1;
    if (count == 1) {
        AcceptOutcome<L> only = co_await accept_until_failure(listener, handler, server, group);
        co_return only;
    }
    std::vector<Task<AcceptOutcome<L>>> acceptors;
    acceptors.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        acceptors.push_back(accept_until_failure(listener, handler, server, group));
    }
    AcceptOutcome<L> first = co_await race(std::move(acceptors));
    co_return first;
}

template <class L, class H>
Task<> accept_all(L& listener, H& handler, Server& server, TaskGroup& group) {
    for (;;) {
        const AcceptOutcome<L> failed =
            co_await accept_side_by_side(listener, handler, server, group);
        if (failed.failure == Server::Failure::fatal) {
            std::rethrow_exception(failed.error);
        }
        const bool refuse = co_await server.recover(failed.failure, failed.ended_before);
        if (refuse) {
            co_await refuse_one(listener, server);
        }
    }
}

template <class L, class H>
Task<> serve_in(L& listener, H& handler, Server& server, TaskGroup& group) {
    const Server::Serving serving(server, group);
    co_await accept_all(listener, handler, server, group);
}

/// The handler that prepared() makes.
template <class P, class H>
class Prepared {
public:
    Prepared(Duration limit, P prepare, H handler)
        : limit_(limit), prepare_(std::move(prepare)), handler_(std::move(handler)) {}

    template <class C>
    Task<> operator()(C connection) {
        auto stream = co_await timeout(limit_, prepare_(std::move(connection)));
        co_await handler_(std::move(stream));
    }

private:
    Duration limit_;
    P prepare_;
    H handler_;
};

}  // namespace detail

/// What serve() takes: `co_await listener.accept()` gives a connection.
template <class L>
concept ConnectionListener = requires { typename detail::Accepted<L>; };

/// Accepts connections on `listener` and calls `handler(connection)`, which returns a Task<>, for
/// each; handlers run at once, up to the server's limit, beyond which nothing is accepted. Returns
/// after server.shut_down(), when all handlers have ended.
///
/// What a handler throws ends its connection only. Accepts that fail because the peer has gone
/// again are repeated; when descriptors or memory run out it pauses, and goes on as soon as one of
/// its connections has ended, or after 10 ms to 1 s.
///
/// Cancellation: as shut_down(), and then it stops. Lifetime: the handler is kept until all
/// connections have ended. Errors: the listener's own, after all handlers were stopped.
template <ConnectionListener L, class H>
Task<> serve(L& listener, H handler, Server& server) {
    if (!server.has_ended()) {
        co_await task_group(
            [&](TaskGroup& group) { return detail::serve_in(listener, handler, server, group); });
    }
}

/// The same, until it is cancelled.
template <ConnectionListener L, class H>
Task<> serve(L& listener, H handler, ServeOptions options = {}) {
    Server server(options);
    co_await task_group(
        [&](TaskGroup& group) { return detail::serve_in(listener, handler, server, group); });
}

/// A handler that first makes something of each connection, in `limit` at most: a TLS handshake, a
/// greeting, a proxy's header. `prepare(connection)` returns a Task of what `handler` then gets.
///
///     co_await serve(listener, prepared(10s, accept_tls, talk), server);
///
/// Errors: to the server, as the handler's: TimeoutError when it took too long.
template <class P, class H>
auto prepared(Duration limit, P prepare, H handler) {
    return detail::Prepared<P, H>(limit, std::move(prepare), std::move(handler));
}

}  // namespace rondo::net
