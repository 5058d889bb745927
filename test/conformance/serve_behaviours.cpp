// SPDX-License-Identifier: Apache-2.0
// serve(): the limit, failing handlers, the orderly end.
#include <functional>

#include "conformance/over_streams.hpp"
#include "rondo/net/serve.hpp"
#include "support/reports.hpp"

namespace rondo::test {
namespace {

using net::serve;
using net::ServeOptions;
using net::Server;

Task<std::string> ask(Address address, std::string question) {
    TcpStream stream = co_await TcpStream::connect(address);
    co_await stream.write_all(question);
    stream.shutdown_write();
    std::string answer = co_await read_text(stream);
    co_return answer;
}

Task<> until_active(const Server& server, std::size_t count) {
    while (server.active() != count) {
        co_await sleep(100us);
    }
}

RONDO_BEHAVIOUR(serve, "each connection has its handler", "one, two, three, 3") {
    TcpListener listener = local_listener();
    Server server;
    TaskHandle<void> serving = create_task(serve(listener, send_back, server));
    const Address address = listener.local_address();
    auto [a, b, c] =
        co_await gather(ask(address, "one"), ask(address, "two"), ask(address, "three"));
    server.shut_down();
    co_await serving;
    co_return in_order(a, b, c, server.stats().accepted);
}

RONDO_BEHAVIOUR(serve, "beyond the limit connections wait in the listener", "2, later") {
    TcpListener listener = local_listener();
    ServeOptions options;
    options.connections_max = 2;
    Server server(options);
    TaskHandle<void> serving = create_task(serve(listener, send_back, server));
    TcpStream one = co_await TcpStream::connect(listener.local_address());
    TcpStream two = co_await TcpStream::connect(listener.local_address());
    co_await until_active(server, 2);
    TaskHandle<std::string> third = create_task(ask(listener.local_address(), "later"));
    co_await sleep(2ms);
    const std::uint64_t accepted = server.stats().accepted;
    one.close();
    const std::string answer = co_await third;
    two.close();
    server.shut_down();
    co_await serving;
    co_return in_order(accepted, answer);
}

RONDO_BEHAVIOUR(serve, "a handler that throws ends its connection only", "0, ok, 1, 1") {
    TcpListener listener = local_listener();
    Server server;
    int told = 0;
    server.set_error_handler([&told](const std::exception_ptr&) { ++told; });
    auto handler = [](TcpStream stream) -> Task<> {
        const std::string text = co_await read_text(stream, 2);
        if (text != "ok") {
            throw std::runtime_error("a bad request");
        }
        co_await stream.write_all(text);
    };
    TaskHandle<void> serving = create_task(serve(listener, handler, server));
    const std::string bad = co_await ask(listener.local_address(), "no");
    const std::string good = co_await ask(listener.local_address(), "ok");
    server.shut_down();
    co_await serving;
    co_return in_order(bad.size(), good, server.stats().failed, told);
}

RONDO_BEHAVIOUR(serve, "a connection that broke is nobody's report", "0") {
    const Reports reports;
    TcpListener listener = local_listener();
    Server server;
    TaskHandle<void> serving = create_task(serve(listener, send_back, server));
    {
        TcpStream client = co_await TcpStream::connect(listener.local_address());
        co_await client.write_all("answer me");
        co_await client.read_leased();
        co_await client.write_all("again");
        co_await sleep(1ms);
    }
    co_await until_active(server, 0);
    server.shut_down();
    co_await serving;
    co_return observed(Reports::take().size());
}

RONDO_BEHAVIOUR(serve, "after shut_down a handler ends what it is at", "done, 0, last words") {
    TcpListener listener = local_listener();
    Server server;
    TaskHandle<void> serving = create_task(serve(listener, send_back, server));
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    co_await until_active(server, 1);
    server.shut_down();
    server.shut_down();
    co_await sleep(1ms);
    co_await client.write_all("last words");
    client.shutdown_write();
    const std::string answer = co_await read_text(client);
    auto wait = [&serving]() -> Task<> { co_await serving; };
    const std::string seen = co_await outcome(wait);
    co_return in_order(seen, server.stats().cut, answer);
}

RONDO_BEHAVIOUR(serve, "after shut_down nothing is accepted", "1, timed_out") {
    TcpListener listener = local_listener();
    Server server;
    TaskHandle<void> serving = create_task(serve(listener, send_back, server));
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    co_await until_active(server, 1);
    server.shut_down();
    TcpStream late = co_await TcpStream::connect(listener.local_address());
    co_await late.write_all("hello?");
    const std::string answer = co_await outcome([&] { return bounded_read(late, 2ms); });
    client.close();
    co_await serving;
    co_return in_order(server.stats().accepted, answer);
}

RONDO_BEHAVIOUR(serve, "when the grace is over handlers are cut", "true, 1, 0") {
    TcpListener listener = local_listener();
    ServeOptions options;
    options.grace = 5ms;
    Server server(options);
    TaskHandle<void> serving = create_task(serve(listener, send_back, server));
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    co_await until_active(server, 1);
    const TimePoint begin = now();
    server.shut_down();
    co_await serving;
    const bool waited = now() - begin >= 5ms;
    const std::string end = co_await outcome_of_read(client);
    co_return in_order(waited, server.stats().cut, end);
}

RONDO_BEHAVIOUR(serve, "without grace handlers are cut at once", "1, 0") {
    TcpListener listener = local_listener();
    ServeOptions options;
    options.grace = Duration::zero();
    Server server(options);
    TaskHandle<void> serving = create_task(serve(listener, send_back, server));
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    co_await until_active(server, 1);
    server.shut_down();
    co_await serving;
    const std::string end = co_await outcome_of_read(client);
    co_return in_order(server.stats().cut, end);
}

RONDO_BEHAVIOUR(serve, "a cancelled serve lets its handlers end, and then stops", "ab, true") {
    TcpListener listener = local_listener();
    TaskHandle<void> serving = create_task(serve(listener, send_back));
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    co_await client.write_all("a");
    std::string text = co_await read_text(client, 1);
    serving.cancel();
    co_await sleep(1ms);
    co_await client.write_all("b");
    text += co_await read_text(client, 1);
    client.close();
    co_await ended(serving);
    co_return in_order(text, serving.cancelled());
}

RONDO_BEHAVIOUR(serve, "a handler may end when the server is asked to stop", "0, 0") {
    TcpListener listener = local_listener();
    Server server;
    auto handler = [&server](TcpStream stream) -> Task<> {
        co_await server.wait_stopping();
        stream.close();
    };
    TaskHandle<void> serving = create_task(serve(listener, std::ref(handler), server));
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    co_await until_active(server, 1);
    server.shut_down();
    co_await serving;
    const std::string end = co_await outcome_of_read(client);
    co_return in_order(server.stats().cut, end);
}

RONDO_BEHAVIOUR(serve, "a connection that is silent is ended at its deadline", "0, true") {
    TcpListener listener = local_listener();
    Server server;
    bool late = false;
    auto greeting = [](TcpStream stream) -> Task<TcpStream> {
        co_await read_text(stream, 5);
        co_return stream;
    };
    server.set_error_handler([&late](const std::exception_ptr& error) {
        try {
            std::rethrow_exception(error);
        } catch (const TimeoutError&) {
            late = true;
        }
    });
    TaskHandle<void> serving =
        create_task(serve(listener, net::prepared(3ms, greeting, send_back), server));
    TcpStream silent = co_await TcpStream::connect(listener.local_address());
    const std::string end = co_await outcome_of_read(silent);
    server.shut_down();
    co_await serving;
    co_return in_order(end, late);
}

RONDO_BEHAVIOUR(serve, "a closed listener ends it with its error", "closed") {
    TcpListener listener = local_listener();
    listener.close();
    co_return co_await outcome([&listener] { return serve(listener, send_back); });
}

}  // namespace
}  // namespace rondo::test
