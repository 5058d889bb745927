// SPDX-License-Identifier: Apache-2.0
// Requests: the same ones however the bytes are cut, and the same again when they are written down.
// The first byte of the input is the size of a piece.
#include <vector>

#include "fuzz/target.hpp"
#include "http/fields.hpp"
#include "http/request_parser.hpp"

namespace rondo::test {
namespace {

using http::Header;
using http::ServerRequest;
using http::detail::RequestParser;
using Stage = RequestParser::Stage;

http::ServerOptions limits() {
    http::ServerOptions options;
    options.max_head_bytes = 2000;
    options.max_body_bytes = 500;
    return options;
}

struct Seen {
    std::vector<ServerRequest> requests;
    std::vector<bool> keeps_alive;
    Stage stage = Stage::idle;
    int status = 0;  ///< of a refusal
};

Seen parse(std::string_view text, std::size_t piece) {
    const http::ServerOptions options = limits();
    RequestParser parser(options);
    Seen seen;
    while (!text.empty()) {
        const std::size_t taken = parser.feed(text.substr(0, piece));
        RONDO_ASSERT(taken <= std::min(piece, text.size()), "it takes what it was given");
        RONDO_ASSERT(taken > 0 || parser.at_end(), "it goes on");
        text.remove_prefix(taken);
        if (parser.stage() == Stage::failed) {
            seen.status = parser.status();
            break;
        }
        if (parser.stage() == Stage::complete) {
            seen.requests.push_back(parser.request());
            seen.keeps_alive.push_back(parser.keeps_alive());
            parser.next();
        }
    }
    seen.stage = parser.stage();
    return seen;
}

bool same_fields(const http::Headers& a, const http::Headers& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Header& x, const Header& y) {
        return x.name == y.name && x.value == y.value;
    });
}

bool same_request(const ServerRequest& a, const ServerRequest& b) {
    return a.method == b.method && a.target == b.target && a.body == b.body &&
           a.version == b.version && same_fields(a.headers, b.headers);
}

// A head that is both too long and wrong may be refused for either.
bool is_about_head(int status) { return status == 400 || status == 431; }

void expect_same(const Seen& a, const Seen& b) {
    RONDO_ASSERT(a.stage == b.stage, "the same end");
    RONDO_ASSERT(a.status == b.status || (is_about_head(a.status) && is_about_head(b.status)),
                 "the same refusal");
    RONDO_ASSERT(a.keeps_alive == b.keeps_alive, "the same requests that go on");
    RONDO_ASSERT(std::equal(a.requests.begin(), a.requests.end(), b.requests.begin(),
                            b.requests.end(), same_request),
                 "the same requests");
}

// What two programs may read differently is no request at all.
void expect_clear(const ServerRequest& request) {
    const http::Headers& fields = request.headers;
    RONDO_ASSERT(http::detail::is_token(request.method) && !request.target.empty(), "a head");
    for (const Header& field : fields) {
        RONDO_ASSERT(http::detail::is_token(field.name), "the name of a field");
        RONDO_ASSERT(http::detail::is_field_value(field.value), "the value of a field");
    }
    RONDO_ASSERT(fields.all("host").size() == 1 || request.version == 10, "one host");
    RONDO_ASSERT(fields.all("content-length").size() <= 1, "one length");
    RONDO_ASSERT(!fields.contains("content-length") || !fields.contains("transfer-encoding"),
                 "one way to find the end");
    RONDO_ASSERT(request.body.size() <= limits().max_body_bytes, "a body within its limit");
    RONDO_ASSERT(request.path().size() <= request.target.size(), "a path");
    request.query_value("a");
}

std::string written(const ServerRequest& request) {
    std::string text = request.method + " " + request.target +
                       (request.version == 10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
    for (const Header& field : request.headers) {
        text += field.name + ": " + field.value + "\r\n";
    }
    text += "\r\n";
    if (!request.headers.contains("transfer-encoding")) {
        return text + request.body;
    }
    constexpr char digits[] = "0123456789abcdef";
    if (const std::size_t size = request.body.size(); size > 0) {
        const char hexadecimal[] = {digits[size >> 8], digits[size >> 4 & 15], digits[size & 15]};
        text.append(hexadecimal, 3).append("\r\n").append(request.body).append("\r\n");
    }
    return text + "0\r\n\r\n";
}

}  // namespace

void try_input(std::string_view input) {
    Choices choices(input);
    const std::size_t piece = choices.byte() + std::size_t{1};
    const std::string_view text = choices.rest();
    const Seen whole = parse(text, std::max<std::size_t>(text.size(), 1));
    expect_same(whole, parse(text, piece));
    for (std::size_t i = 0; i < whole.requests.size(); ++i) {
        const ServerRequest& request = whole.requests[i];
        expect_clear(request);
        const std::string again = written(request);
        const Seen second = parse(again, again.size());
        RONDO_ASSERT(second.requests.size() == 1 && same_request(second.requests[0], request) &&
                         second.keeps_alive[0] == whole.keeps_alive[i],
                     "a request that was read is written as one");
    }
}

}  // namespace rondo::test
