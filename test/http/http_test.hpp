// SPDX-License-Identifier: Apache-2.0
/// A server under test, and clients that speak to it byte by byte.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "net/net_test.hpp"
#include "rondo/http/server.hpp"

namespace rondo::test {

using http::ServerOptions;
using http::ServerRequest;
using http::ServerResponse;

/// Answers with what it was asked: "GET /path body".
inline Task<ServerResponse> echo(const ServerRequest& request) {
    ServerResponse response(200, request.method + " " + request.target + " " + request.body);
    co_return response;
}

/// What echo() answers to a request that keeps the connection open.
inline std::string echoed(std::string_view body, std::string_view more_fields = {}) {
    return "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: " +
           std::to_string(body.size()) + "\r\n" + std::string(more_fields) + "\r\n" +
           std::string(body);
}

class HttpTest : public NetTest {
protected:
    /// Runs `body(address)` while a server answers with `handler`, then stops the server.
    template <class Handler, class Body>
    Task<> with_server(Handler handler, ServerOptions options, Body body) {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(http::serve(listener, std::move(handler), options));
            co_await body(listener.local_address());
            group.cancel();
        });
    }

    /// The same on the driver of this test.
    template <class Handler, class Body>
    void serving(Handler handler, Body body, ServerOptions options = {}) {
        on_driver([&]() -> Task<> {
            co_await with_server(std::move(handler), options, std::move(body));
        });
    }

    /// Sends `text`, ends its direction when `half_close`, and gives all that comes back.
    static Task<std::string> talk(Address address, std::string text, bool half_close = true) {
        TcpStream stream = co_await TcpStream::connect(address);
        co_await stream.write_all(text);
        if (half_close) {
            stream.shutdown_write();
        }
        co_return co_await read_all(stream);
    }

    /// "HTTP/1.1 404 Not Found" of an answer.
    static std::string status_line(const std::string& answer) {
        return answer.substr(0, answer.find('\r'));
    }
};

inline std::string get(std::string_view target, std::string_view more_fields = {}) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nhost: test\r\n" + std::string(more_fields) +
           "\r\n";
}

}  // namespace rondo::test
