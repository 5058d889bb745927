// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace rondo::http::detail {

/// What the client needs to know of a URL.
struct UrlParts {
    std::string origin;  ///< "http://127.0.0.1:80"
    std::string shown;   ///< for people: without user and password
    std::string error;   ///< why it is no URL for us; empty: it is one

    UrlParts() = default;
};

UrlParts split_url(const std::string& url);

}  // namespace rondo::http::detail
