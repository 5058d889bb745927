// SPDX-License-Identifier: Apache-2.0
#include "http/url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string_view>

#include "http/transfer.hpp"

namespace rondo::http::detail {
namespace {

using Url = std::unique_ptr<CURLU, CurlDeleter>;

std::string part_of(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) {
        return {};
    }
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
    return text;
}

bool is_control_or_space(char letter) noexcept {
    const auto code = static_cast<unsigned char>(letter);
    return code <= 0x20 || code == 0x7f;
}

// Behind the scheme, for which libcurl takes one slash, two or three.
std::size_t begin_of_authority(std::string_view text) noexcept {
    const std::size_t mark = text.find_first_of(":/?#");
    if (mark == text.npos || text.substr(mark, 2) != ":/") {
        return 0;
    }
    return std::min(text.find_first_not_of('/', mark + 1), text.size());
}

// Whatever stands between the scheme and an '@' may be a password, also in what is no URL.
std::string shown(std::string text) {
    std::replace_if(text.begin(), text.end(), is_control_or_space, '?');
    const std::size_t host = begin_of_authority(text);
    const std::size_t end = std::min(text.find_first_of("/?#", host), text.size());
    const std::size_t at = text.rfind('@', end);
    if (at != text.npos && at >= host) {
        text.erase(host, at + 1 - host);
    }
    return text;
}

}  // namespace

UrlParts split_url(const std::string& text) {
    UrlParts parts;
    parts.shown = shown(text);
    if (std::any_of(text.begin(), text.end(), is_control_or_space)) {
        parts.error = "a URL has no blanks and no control characters";
        return parts;
    }
    const Url url(curl_url());
    if (url == nullptr) {
        throw std::bad_alloc();
    }
    const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0);
    if (code == CURLUE_OUT_OF_MEMORY) {
        throw std::bad_alloc();
    }
    if (code == CURLUE_BAD_SCHEME && text.find("://") == text.npos) {
        parts.error = "a URL begins with http:// or https://";
        return parts;
    }
    const std::string scheme = part_of(url.get(), CURLUPART_SCHEME);
    if (code == CURLUE_UNSUPPORTED_SCHEME ||
        (code == CURLUE_OK && scheme != "http" && scheme != "https")) {
        parts.error = "only http:// and https:// are spoken";
        return parts;
    }
    if (code != CURLUE_OK) {
        parts.error = curl_url_strerror(code);
        return parts;
    }
    parts.origin = scheme + "://" + part_of(url.get(), CURLUPART_HOST) + ":" +
                   part_of(url.get(), CURLUPART_PORT);
    return parts;
}

}  // namespace rondo::http::detail
