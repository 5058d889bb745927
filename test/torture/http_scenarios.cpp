// SPDX-License-Identifier: Apache-2.0
// The HTTP server, and the client in front of it. libcurl's sockets and memory are its own; the
// server's calls, the polls and our memory are behind the seam.
#include <string>
#include <utility>

#include "rondo/http/client.hpp"
#include "rondo/http/server.hpp"
#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

Task<http::ServerResponse> echoed(const http::ServerRequest& request) {
    http::ServerResponse response(200, request.method + " " + request.target + " " + request.body);
    co_return response;
}

/// Runs `use(address)` before a server that echoes.
template <class F>
Task<> before_server(F use) {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(http::serve(listener, &echoed));
        co_await use(listener.local_address());
        group.cancel();
    });
}

std::string url_of(const Address& address, const char* path) {
    return "http://" + address.to_string() + path;
}

// What the server makes of memory that runs out, in its handler or for a request.
void expect(const http::Response& response, std::string_view body) {
    if (response.status == 500 || response.status == 503) {
        throw http::HttpError(Errc::exhausted, "GET", response.url, "the server failed");
    }
    require(response.status == 200 && response.body == body, "another answer");
}

Task<> http_exchanges() {
    auto use = [](Address address) -> Task<> {
        http::Client client;
        const http::Response first = co_await client.get(url_of(address, "/one"));
        expect(first, "GET /one ");
        const http::Response second = co_await client.post(url_of(address, "/two"), "body");
        expect(second, "POST /two body");
    };
    co_await before_server(use);
}

Task<> parallel_exchanges() {
    auto use = [](Address address) -> Task<> {
        http::Client client;
        auto [one, other] = co_await gather(client.get(url_of(address, "/one")),
                                            client.get(url_of(address, "/other")));
        expect(one, "GET /one ");
        expect(other, "GET /other ");
    };
    co_await before_server(use);
}

Task<> wait_for_answer(http::Client& client, std::string url) {
    co_await client.get(std::move(url));
}

Task<> stopped_exchange() {
    TcpListener silent = TcpListener::listen(Address::loopback(0));
    http::Client client;
    const auto none = co_await move_on_after(
        2ms, wait_for_answer(client, url_of(silent.local_address(), "/never")));
    require(!none, "an answer that nobody gave");
}

// The server alone, spoken to byte by byte.
Task<> http_bytes() {
    auto use = [](Address address) -> Task<> {
        TcpStream stream = co_await TcpStream::connect(address);
        const std::string request =
            "POST /bytes HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n"
            "connection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        co_await stream.write_all(request);
        const std::string answer = co_await read_to_end(stream);
        if (answer.empty() || answer.starts_with("HTTP/1.1 50")) {
            throw http::HttpError(Errc::reset, "POST", "/bytes", "the server failed");
        }
        require(answer.starts_with("HTTP/1.1 200") && answer.ends_with("POST /bytes abc"),
                "another answer");
    };
    co_await before_server(use);
}

// A server's failure ends its connection, which is what a client sees of it.
bool breaks_the_exchange(const Error& error, const Fault&) {
    const bool by_client = dynamic_cast<const http::HttpError*>(&error) != nullptr;
    return error.code() == Errc::reset || error.code() == Errc::closed ||
           (by_client && (error.code() == Errc::refused || error.code() == Errc::exhausted));
}

// The server goes on after them; libcurl tries again on a new connection.
const std::vector<std::string_view> http_goes_on = {
    "accept4", "socket", "recv", "send", "sendmsg", "shutdown", "getpeername", "epoll_ctl"};

}  // namespace

Scenarios http_scenarios() {
    return {
        {"http exchanges", &http_exchanges, 0, http_goes_on, &breaks_the_exchange},
        {"parallel exchanges", &parallel_exchanges, 0, http_goes_on, &breaks_the_exchange},
        {"stopped exchange", &stopped_exchange, 0, {"epoll_ctl"}, &breaks_the_exchange},
        {"http bytes", &http_bytes, 0, http_goes_on, &breaks_the_exchange},
    };
}

}  // namespace rondo::test
