// SPDX-License-Identifier: Apache-2.0
// Answers: whatever a handler puts into one, its frame is the server's. The input is a byte for the
// framing, two for the status, lines "name:value", an empty line, and the body. A CR in a line
// stands for CR LF.
#include <span>
#include <vector>

#include "fuzz/target.hpp"
#include "http/answer_text.hpp"

namespace rondo::test {
namespace {

using http::ServerResponse;
using http::detail::answer_text;
using http::detail::Framing;

std::vector<std::string_view> lines_of(std::string_view head) {
    std::vector<std::string_view> lines;
    while (!head.empty()) {
        const std::size_t end = std::min(head.find("\r\n"), head.size());
        lines.push_back(head.substr(0, end));
        head.remove_prefix(std::min(end + 2, head.size()));
    }
    return lines;
}

std::string with_line_ends(std::string_view text) {
    std::string result;
    for (const char letter : text) {
        result += letter == '\r' ? "\r\n" : std::string(1, letter);
    }
    return result;
}

ServerResponse response_of(Choices& choices) {
    ServerResponse response;
    response.status = choices.two();
    for (std::string_view line = choices.line(); !line.empty(); line = choices.line()) {
        const std::size_t colon = std::min(line.find(':'), line.size());
        response.headers.add(with_line_ends(line.substr(0, colon)),
                             with_line_ends(line.substr(std::min(colon + 1, line.size()))));
    }
    response.body = choices.rest();
    return response;
}

void expect_framed(std::string_view text, const ServerResponse& response, Framing framing) {
    const std::size_t end = text.find("\r\n\r\n");
    RONDO_ASSERT(end != text.npos, "a head ends");
    const std::vector<std::string_view> lines = lines_of(text.substr(0, end));
    const std::string_view body = text.substr(end + 4);
    const auto count = [&](std::string_view name) {
        return std::count_if(lines.begin() + 1, lines.end(), [&](std::string_view line) {
            return http::equal_ignoring_case(line.substr(0, line.find(':')), name);
        });
    };
    RONDO_ASSERT(lines[0].starts_with("HTTP/1.1 " + std::to_string(response.status)), "a status");
    for (const std::string_view line : std::span(lines).subspan(1)) {
        const bool is_given = std::any_of(
            response.headers.begin(), response.headers.end(),
            [&](const http::Header& field) { return field.name + ": " + field.value == line; });
        RONDO_ASSERT(
            is_given || line.starts_with("content-length: ") || line.starts_with("connection: "),
            "no line that nobody wrote");
    }
    RONDO_ASSERT(count("transfer-encoding") == 0 && count("content-length") <= 1, "one length");
    RONDO_ASSERT(count("connection") == (!framing.keep_alive || framing.is_http_1_0 ? 1 : 0),
                 "whether it goes on");
    const bool has_body = response.status != 204 && response.status != 304 && !framing.to_head;
    RONDO_ASSERT(body == (has_body ? std::string_view(response.body) : ""), "the body");
    if (has_body) {
        const std::string length = "content-length: " + std::to_string(response.body.size());
        RONDO_ASSERT(std::count(lines.begin(), lines.end(), length) == 1, "its length");
    }
}

}  // namespace

void try_input(std::string_view input) {
    Choices choices(input);
    const unsigned bits = choices.byte();
    const Framing framing{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0};
    const ServerResponse response = response_of(choices);
    std::string text;
    if (!refuses([&] { text = answer_text(response, framing); })) {
        expect_framed(text, response, framing);
    }
}

}  // namespace rondo::test
