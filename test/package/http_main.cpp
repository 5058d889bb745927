// SPDX-License-Identifier: Apache-2.0
// What a consumer of rondo::http writes. Nobody listens on port 1.
#include <cstdio>
#include <rondo/http/client.hpp>
#include <rondo/rondo.hpp>

rondo::Task<> call() {
    rondo::http::Client client;
    try {
        co_await client.get("http://127.0.0.1:1/");
        std::puts("rondo http: an answer");
    } catch (const rondo::http::HttpError& error) {
        std::printf("rondo http: %s\n", rondo::to_string(error.code()).data());
    }
}

int main() { rondo::run(call()); }
