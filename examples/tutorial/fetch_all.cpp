// SPDX-License-Identifier: Apache-2.0
// Real HTTP: twelve addresses, at most four at a time. The server is in the same program and on the
// same thread, so that the lesson runs without a network.
#include <cstdio>
#include <rondo/http/client.hpp>
#include <rondo/http/server.hpp>
#include <rondo/rondo.hpp>
#include <string>
#include <vector>
using namespace std::chrono_literals;
namespace http = rondo::http;
using rondo::net::Address;
using rondo::net::TcpListener;

rondo::Task<http::ServerResponse> answer(const http::ServerRequest& request) {
    co_await rondo::sleep(10ms);  // the server is not quick
    if (request.path() == "/item/7") {
        co_return http::ServerResponse(404, "no such item\n");
    }
    co_return http::ServerResponse(200, "this is " + request.target + "\n");
}
rondo::Task<std::string> fetch(http::Client& client, std::string url) {
    http::Request request(url);
    request.timeout(10s);
    const http::Response response = co_await client.send(std::move(request));
    if (!response.ok()) {
        co_return std::to_string(response.status) + "\n";
    }
    co_return response.body;
}
rondo::Task<> fetch_all(std::string site) {
    std::vector<std::string> urls;
    for (int number = 1; number <= 12; ++number) {
        urls.push_back(site + "/item/" + std::to_string(number));
    }
    http::Client client;
    auto pages = co_await rondo::amap(
        rondo::limit(4), urls, [&client](const std::string& url) { return fetch(client, url); });
    for (const std::string& page : pages) {
        std::fputs(page.c_str(), stdout);
    }
}
rondo::Task<> fetch_from_nobody() {
    http::Client client;
    try {
        co_await client.get("http://127.0.0.1:1/");
    } catch (const http::HttpError& error) {
        const std::string code(rondo::to_string(error.code()));
        std::printf("%s\n", code.c_str());
    }
}
rondo::Task<> async_main() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const std::string site = "http://" + listener.local_address().to_string();
    co_await rondo::task_group([&](rondo::TaskGroup& group) -> rondo::Task<> {
        group.spawn(http::serve(listener, answer));
        co_await fetch_all(site);
        co_await fetch_from_nobody();
        group.cancel();  // the server would go on for ever
    });
}
int main() { rondo::run(async_main()); }
