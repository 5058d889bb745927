// SPDX-License-Identifier: Apache-2.0
#include "http/answer_text.hpp"

#include <array>

#include "http/fields.hpp"

namespace rondo::http::detail {
namespace {

// What the framing of the connection depends on.
bool is_ours(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 5> names = {
        "content-length", "connection", "transfer-encoding", "keep-alive", "upgrade",
    };
    for (const std::string_view ours : names) {
        if (equal_ignoring_case(name, ours)) {
            return true;
        }
    }
    return false;
}

void append_field(std::string& text, std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string answer_text(const ServerResponse& response, Framing framing) {
    const int status = response.status;
    if (status < 200 || status > 999) {
        throw Error(Errc::invalid, "answer", std::to_string(status), "no status of an answer");
    }
    const bool has_length = status != 204;
    const bool has_body = has_length && status != 304 && !framing.to_head;
    std::string text;
    text.reserve(256 + (has_body ? response.body.size() : 0));
    text.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
    text.append(reason_phrase(status)).append("\r\n");
    for (const Header& field : response.headers) {
        if (!is_token(field.name) || !is_field_value(field.value)) {
            throw Error(Errc::invalid, "answer", is_token(field.name) ? field.name : "",
                        "a header has characters that it must not have");
        }
        if (!is_ours(field.name)) {
            append_field(text, field.name, field.value);
        }
    }
    if (has_length && (status != 304 || !response.body.empty())) {
        append_field(text, "content-length", std::to_string(response.body.size()));
    }
    if (!framing.keep_alive) {
        append_field(text, "connection", "close");
    } else if (framing.is_http_1_0) {
        append_field(text, "connection", "keep-alive");
    }
    text.append("\r\n");
    if (has_body) {
        text.append(response.body);
    }
    return text;
}

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 406: return "Not Acceptable";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 411: return "Length Required";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 418: return "I'm a teapot";
        case 422: return "Unprocessable Content";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        default: return "";
    }
}

}  // namespace rondo::http::detail
