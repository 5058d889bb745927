// SPDX-License-Identifier: Apache-2.0
// serve(): more clients than it has room for, and its orderly end.
#include <exception>
#include <string>

#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

/// The first failure, of a handler or of a client: the others follow from it.
class First {
public:
    void note(const std::exception_ptr& error) {
        if (error_ == nullptr) {
            error_ = error;
        }
    }
    net::Server::ErrorHandler listener() {
        return [this](const std::exception_ptr& error) { note(error); };
    }
    void rethrow() const {
        if (error_ != nullptr) {
            std::rethrow_exception(error_);
        }
    }

private:
    std::exception_ptr error_;
};

Task<> noted(First& first, Task<> work) {
    try {
        co_await std::move(work);
    } catch (...) {
        first.note(std::current_exception());
        throw;
    }
}

using Client = Task<> (*)(Address address, net::Server& server);

/// Serves `count` clients at once; then the server is asked to stop.
template <class H>
Task<net::ServerStats> served(net::ServeOptions options, H handler, int count, Client client) {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    net::Server server(options);
    First first;
    server.set_error_handler(first.listener());
    auto use = [&]() -> Task<> {
        std::vector<Task<>> clients;
        for (int i = 0; i < count; ++i) {
            clients.push_back(noted(first, client(listener.local_address(), server)));
        }
        co_await gather(std::move(clients));
        server.shut_down();
    };
    auto serve = [&]() -> Task<> {
        return noted(first, net::serve(listener, std::move(handler), server));
    };
    std::exception_ptr failure;
    try {
        co_await gather(serve(), use());
    } catch (...) {
        failure = std::current_exception();
    }
    first.rethrow();
    if (failure != nullptr) {
        std::rethrow_exception(failure);
    }
    require(server.active() == 0, "a connection that outlives its server");
    co_return server.stats();
}

Task<> ask_briefly(Address address, net::Server&) { return ask(address, 1000); }

Task<> crowded_server() {
    net::ServeOptions options;
    options.connections_max = 2;
    const net::ServerStats stats = co_await served(options, &answer, 4, &ask_briefly);
    require(stats.accepted == 4, "another number of connections");
}

Task<> server_that_accepts_ahead() {
    net::ServeOptions options;
    options.accepts_at_once = 3;
    const net::ServerStats stats = co_await served(options, &answer, 4, &ask_briefly);
    require(stats.accepted == 4, "another number of connections");
}

Task<> impatient_server() {
    net::ServeOptions options;
    options.grace = Duration::zero();
    co_await served(options, &answer, 2, &ask_briefly);
}

Task<TcpStream> greeted(TcpStream stream) {
    co_await yield();
    co_return stream;
}

Task<> prepared_server() {
    auto handler = net::prepared(10s, &greeted, &answer);
    co_await served({}, std::move(handler), 1, &ask_briefly);
}

// How the end looks to the client depends on whether the server had read all.
Task<> ask_without_end(Address address, net::Server& server) {
    TcpStream stream = co_await TcpStream::connect(address);
    co_await stream.write_all("x");
    while (server.active() == 0) {
        co_await sleep(100us);
    }
    server.shut_down();
    try {
        co_await read_to_end(stream);
    } catch (const Error& error) {
        if (error.code() != Errc::reset) {
            throw;
        }
    }
}

Task<> cut_connection() {
    net::ServeOptions options;
    options.grace = 2ms;
    const net::ServerStats stats = co_await served(options, &answer, 1, &ask_without_end);
    require(stats.cut == 1, "a connection that was not cut");
}

// It goes on after accepts that fail, and may have no descriptor in reserve.
const std::vector<std::string_view> goes_on = {"accept4", "entry accept", "socket", "epoll_ctl"};

// A server without memory ends its connections, which is what clients hear first.
bool breaks_connections(const Error& error, const Fault& fault) {
    return kind_of(fault.call) == CallKind::memory &&
           (error.code() == Errc::reset || error.code() == Errc::closed);
}

}  // namespace

Scenarios server_scenarios() {
    return {
        {"crowded server", &crowded_server, 0, goes_on, &breaks_connections},
        {"server that accepts ahead", &server_that_accepts_ahead, 0, goes_on, &breaks_connections},
        {"impatient server", &impatient_server, 0, goes_on, &breaks_connections},
        {"prepared server", &prepared_server, 0, goes_on, &breaks_connections},
        {"cut connection",
         &cut_connection,
         ECONNRESET,
         {"accept4", "socket", "epoll_ctl",
          "getsockname"}},  // the name is for an error, which may be without
    };
}

}  // namespace rondo::test
