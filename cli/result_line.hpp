// SPDX-License-Identifier: Apache-2.0
/// One line of JSON for each call of `rondo fetch`. docs/cli.md describes it.
#pragma once

#include <cstddef>
#include <rondo/http/client.hpp>
#include <string>

namespace rondo::cli {

/// What was asked for.
struct Target {
    std::size_t id = 0;  ///< place in the input, from 1
    std::string url;     ///< as it was given

    Target(std::size_t place, std::string given) : id(place), url(std::move(given)) {}
};

struct LineOptions {
    bool headers = false;
    bool body = false;
};

/// The line, with its '\n', for an answer.
std::string answer_line(const Target& target, const http::Response& response, bool ok,
                        const LineOptions& options);

/// ... for a call that got no answer; `taken` since it began.
std::string error_line(const Target& target, const Error& error, Duration taken);

}  // namespace rondo::cli
