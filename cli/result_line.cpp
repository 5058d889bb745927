// SPDX-License-Identifier: Apache-2.0
#include "result_line.hpp"

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

namespace rondo::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Milliseconds with three decimals.
double milliseconds(Duration duration) {
    return std::round(static_cast<double>(duration.count()) / 1e3) / 1e3;
}

Json timings_of(const http::Timings& timings) {
    return Json{
        {"queued", milliseconds(timings.queued)},         {"dns", milliseconds(timings.dns)},
        {"connect", milliseconds(timings.connect)},       {"tls", milliseconds(timings.tls)},
        {"first_byte", milliseconds(timings.first_byte)}, {"total", milliseconds(timings.total)}};
}

Json headers_of(const http::Headers& headers) {
    Json list = Json::array();
    for (const http::Header& header : headers) {
        list.push_back(Json::array({header.name, header.value}));
    }
    return list;
}

bool is_utf8(const std::string& text) {
    try {
        static_cast<void>(Json(text).dump());
        return true;
    } catch (const Json::type_error&) {
        return false;
    }
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::string_view group = bytes.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t number = 0; number < 3; ++number) {
            bits = bits << 8 |
                   (number < group.size() ? static_cast<unsigned char>(group[number]) : 0u);
        }
        for (std::size_t number = 0; number < 4; ++number) {
            out += number <= group.size() ? digits[bits >> (18 - 6 * number) & 63u] : '=';
        }
    }
    return out;
}

/// Bytes that are no UTF-8 become U+FFFD: a line is always JSON.
std::string line_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string answer_line(const Target& target, const http::Response& response, bool ok,
                        const LineOptions& options) {
    Json json{{"id", target.id},           {"url", target.url},
              {"status", response.status}, {"ok", ok},
              {"bytes", response.bytes},   {"timings", timings_of(response.timings)}};
    if (response.redirects > 0) {
        json["effective_url"] = response.url;
    }
    if (options.headers) {
        json["headers"] = headers_of(response.headers);
    }
    if (options.body && is_utf8(response.body)) {
        json["body"] = response.body;
    } else if (options.body) {
        json["body_base64"] = base64(response.body);
    }
    return line_of(json);
}

std::string error_line(const Target& target, const Error& error, Duration taken) {
    return line_of(
        Json{{"id", target.id},
             {"url", target.url},
             {"status", nullptr},
             {"ok", false},
             {"bytes", 0},
             {"timings", Json{{"total", milliseconds(taken)}}},
             {"error", Json{{"kind", to_string(error.code())}, {"message", error.what()}}}});
}

}  // namespace rondo::cli
