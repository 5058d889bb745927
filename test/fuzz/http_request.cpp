// SPDX-License-Identifier: Apache-2.0
// Requests: the same ones however the bytes are cut, and the same again when they are written down.
// The first byte of the input is the size of a piece.
#include <charconv>
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
    std::vector<std::string_view> texts;  ///< of the requests
    std::vector<bool> keeps_alive;
    Stage stage = Stage::idle;
    int status = 0;  ///< of a refusal
};

Seen parse(std::string_view text, std::size_t piece) {
    const http::ServerOptions options = limits();
    RequestParser parser(options);
    Seen seen;
    const char* begin = text.data();
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
            seen.texts.emplace_back(begin, text.data());
            begin = text.data();
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
    RONDO_ASSERT(http::detail::is_host(fields.get("host")), "that is one");
    RONDO_ASSERT(fields.get("transfer-encoding", "chunked").size() == 7, "no unknown coding");
    RONDO_ASSERT(fields.all("content-length").size() <= 1, "one length");
    RONDO_ASSERT(!fields.contains("content-length") || !fields.contains("transfer-encoding"),
                 "one way to find the end");
    RONDO_ASSERT(request.body.size() <= limits().max_body_bytes, "a body within its limit");
    RONDO_ASSERT(request.path().size() <= request.target.size(), "a path");
    request.query_value("a");
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find("\r\n");
    RONDO_ASSERT(end != text.npos, "lines end");
    const std::string_view line = text.substr(0, end);
    RONDO_ASSERT(line.find_first_of("\r\n") == line.npos, "... with both bytes");
    RONDO_ASSERT(!line.starts_with(' ') && !line.starts_with('\t'), "... and are not folded");
    text.remove_prefix(end + 2);
    return line;
}

void take_lines(std::string_view& text) {
    while (!take_line(text).empty()) {
    }
}

std::size_t number_of(std::string_view digits, int base) {
    std::size_t number = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    RONDO_ASSERT(end.ec == std::errc() && end.ptr == digits.data() + digits.size(), "a number");
    return number;
}

std::string take_chunks(std::string_view& text) {
    std::string body;
    for (;;) {
        const std::string_view line = take_line(text);
        const std::size_t size = number_of(line.substr(0, line.find(';')), 16);
        if (size == 0) {
            take_lines(text);
            return body;
        }
        RONDO_ASSERT(text.size() > size && text.substr(size).starts_with("\r\n"), "a chunk");
        body += text.substr(0, size);
        text.remove_prefix(size + 2);
    }
}

// Another reader, who takes nothing that could be meant in another way, sees the same end.
void expect_framed(const ServerRequest& request, std::string_view text) {
    while (text.starts_with("\r\n")) {
        text.remove_prefix(2);
    }
    take_lines(text);
    if (request.headers.contains("transfer-encoding")) {
        RONDO_ASSERT(take_chunks(text) == request.body && text.empty(), "a body in chunks");
        return;
    }
    RONDO_ASSERT(text == request.body, "the rest is the body");
    RONDO_ASSERT(number_of(request.headers.get("content-length", "0"), 10) == text.size(),
                 "as long as it is said to be");
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
        expect_framed(request, whole.texts[i]);
        const std::string again = written(request);
        const Seen second = parse(again, again.size());
        RONDO_ASSERT(second.requests.size() == 1 && same_request(second.requests[0], request) &&
                         second.keeps_alive[0] == whole.keeps_alive[i],
                     "a request that was read is written as one");
    }
}

}  // namespace rondo::test
