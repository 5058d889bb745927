// SPDX-License-Identifier: Apache-2.0
// URLs: what is shown of one names the same server, and never a user or a password.
#include "http/url.hpp"

#include <curl/curl.h>

#include <memory>

#include "fuzz/target.hpp"

namespace rondo::test {
namespace {

class CurlUrl {
public:
    explicit CurlUrl(const std::string& text) : url_(curl_url(), &curl_url_cleanup) {
        is_good_ = curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
    }
    bool is_good() const noexcept { return is_good_; }
    std::string part(CURLUPart which) const {
        char* text = nullptr;
        if (curl_url_get(url_.get(), which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) {
            return {};
        }
        const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
        return text;
    }

private:
    std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url_;
    bool is_good_ = false;
};

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char letter) {
        const auto code = static_cast<unsigned char>(letter);
        return code > 0x20 && code != 0x7f;
    });
}

}  // namespace

void try_input(std::string_view input) {
    const http::detail::UrlParts parts = http::detail::split_url(std::string(input));
    RONDO_ASSERT(is_printable(parts.shown), "what is shown can be printed");
    RONDO_ASSERT(parts.error.empty() != parts.origin.empty(), "an origin, or an error");
    if (!parts.error.empty()) {
        return;
    }
    const CurlUrl whole{std::string(input)};
    const CurlUrl shown(parts.shown);
    RONDO_ASSERT(whole.is_good() && shown.is_good(), "both are URLs");
    RONDO_ASSERT(shown.part(CURLUPART_USER).empty() && shown.part(CURLUPART_PASSWORD).empty(),
                 "no user and no password is shown");
    for (const CURLUPart part : {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT, CURLUPART_PATH,
                                 CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
        RONDO_ASSERT(whole.part(part) == shown.part(part), "the rest is as it was");
    }
    RONDO_ASSERT(parts.origin == whole.part(CURLUPART_SCHEME) + "://" + whole.part(CURLUPART_HOST) +
                                     ":" + whole.part(CURLUPART_PORT),
                 "where it leads");
    RONDO_ASSERT(parts.origin.starts_with("http"), "http and https only");
}

}  // namespace rondo::test
