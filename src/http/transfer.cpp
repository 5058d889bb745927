// SPDX-License-Identifier: Apache-2.0
#include "http/transfer.hpp"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "http/fields.hpp"
#include "http/url.hpp"
#include "rondo/version.hpp"

namespace rondo::http::detail {
namespace {

// Below libcurl's own limit, which it reports as if the connection had broken.
constexpr std::size_t header_bytes_max = 256 * 1024;

// Rounded up, as a deadline must not be early.
long to_milliseconds(Duration duration) noexcept {
    using std::chrono::milliseconds;
    const auto count = std::chrono::ceil<milliseconds>(duration).count();
    return static_cast<long>(std::clamp<std::int64_t>(count, 1, INT_MAX));
}

}  // namespace

Transfer::Transfer(const Request& request, const ClientOptions& options) : request_(request) {
    check_url();
    check_method();
    easy_.reset(curl_easy_init());
    if (easy_ == nullptr) {
        throw std::bad_alloc();
    }
    set_common(options);
    set_timeouts();
    set_method();
    set_headers();
}

void Transfer::check_url() {
    const UrlParts parts = split_url(request_.url());
    shown_url_ = parts.shown;
    if (!parts.error.empty()) {
        fail(Errc::invalid, parts.error);
    }
    origin_ = parts.origin;
}

void Transfer::check_method() const {
    const std::string& method = request_.method();
    if (!is_token(method)) {
        throw HttpError(Errc::invalid, "a request", shown_url_, "its method is no HTTP method");
    }
    if (method == "CONNECT") {
        fail(Errc::invalid, "a Client does not speak CONNECT");
    }
    if (method == "HEAD" && request_.has_body()) {
        fail(Errc::invalid, "HEAD has no body");
    }
}

template <class T>
void Transfer::set(CURLoption option, T value) {
    const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
    if (code == CURLE_OUT_OF_MEMORY) {
        throw std::bad_alloc();
    }
    if (code != CURLE_OK) {
        fail(Errc::not_supported, curl_easy_strerror(code));
    }
}

void Transfer::set_common(const ClientOptions& options) {
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(message_));
    set(CURLOPT_URL, request_.url().c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, request_.follow_redirects() ? 1L : 0L);
    set(CURLOPT_MAXREDIRS, static_cast<long>(std::max(request_.max_redirects(), 0)));
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    // Ends a lookup without waiting for its thread, which would block the loop.
    set(CURLOPT_QUICK_EXIT, 1L);
    const std::string agent = std::string("rondo/") + version;
    set(CURLOPT_USERAGENT, options.user_agent.empty() ? agent.c_str() : options.user_agent.c_str());
    if (options.accept_compressed) {
        set(CURLOPT_ACCEPT_ENCODING, "");
    }
    if (request_.is_insecure_tls()) {
        set(CURLOPT_SSL_VERIFYPEER, 0L);
        set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

void Transfer::set_timeouts() {
    if (request_.timeout() > Duration::zero()) {
        set(CURLOPT_TIMEOUT_MS, to_milliseconds(request_.timeout()));
    }
    if (request_.connect_timeout() > Duration::zero()) {
        set(CURLOPT_CONNECTTIMEOUT_MS, to_milliseconds(request_.connect_timeout()));
    }
}

// libcurl turns a redirected POST into a GET by itself, but not one that has a name of its own: 301
// and 302 would have it keep its name without its body (RFC 9110 15.4.2 has only POST change).
void Transfer::set_method() {
    const std::string& method = request_.method();
    if (method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
        return;
    }
    if (request_.has_body() || method == "POST") {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body().size()));
        set(CURLOPT_POSTFIELDS, request_.body().data());
        if (method != "POST") {
            set(CURLOPT_CUSTOMREQUEST, method.c_str());
            set(CURLOPT_POSTREDIR, long{CURL_REDIR_POST_301} | CURL_REDIR_POST_302);
        }
    } else if (method != "GET") {
        set(CURLOPT_CUSTOMREQUEST, method.c_str());
    }
}

// "Name:" without a value tells libcurl to leave its own field out, "Name;" that it is empty.
void Transfer::set_headers() {
    for (const Header& field : request_.headers()) {
        if (!is_token(field.name) || !is_field_value(field.value)) {
            fail(Errc::invalid, "a header has characters that it must not have");
        }
        const bool empty = trimmed(field.value).empty();
        add_header(empty ? field.name + ";" : field.name + ": " + field.value);
    }
    if (request_.has_body() && !request_.headers().contains("content-type")) {
        add_header("Content-Type:");
    }
    if (!request_.headers().contains("expect")) {
        add_header("Expect:");
    }
    set(CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::add_header(const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) {
        throw std::bad_alloc();
    }
    headers_.release();
    headers_.reset(longer);
}

std::size_t Transfer::on_body(char* data, std::size_t, std::size_t count, void* to) {
    auto& self = *static_cast<Transfer*>(to);
    std::string& body = self.response_.body;
    if (count > self.request_.max_body_bytes() - body.size()) {
        self.overflow_ = Overflow::body;
        return 0;
    }
    try {
        body.append(data, count);
    } catch (const std::bad_alloc&) {
        self.overflow_ = Overflow::memory;
        return 0;
    }
    return count;
}

std::size_t Transfer::on_header(char* data, std::size_t, std::size_t count, void* to) {
    auto& self = *static_cast<Transfer*>(to);
    self.header_bytes_ += count;
    if (self.header_bytes_ > header_bytes_max) {
        self.overflow_ = Overflow::headers;
        return 0;
    }
    try {
        self.take_header(std::string_view(data, count));
    } catch (const std::bad_alloc&) {
        self.overflow_ = Overflow::memory;
        return 0;
    }
    return self.overflow_ == Overflow::none ? count : 0;
}

// Each status line begins an answer: after "100 Continue", and after a redirect.
void Transfer::take_header(std::string_view line) {
    switch (head_.take(line)) {
        case AnswerHead::Line::status:
            if (head_.status() == "303" && request_.follow_redirects() &&
                request_.method() != "HEAD") {
                curl_easy_setopt(easy_.get(), CURLOPT_CUSTOMREQUEST, nullptr);
            }
            break;
        case AnswerHead::Line::field: break;
        case AnswerHead::Line::end:
            if (has_body_to_come() && head_.announced_bytes() > request_.max_body_bytes()) {
                overflow_ = Overflow::body;
            }
            break;
    }
}

// The body of an answer that redirects is not for the caller, and libcurl drops it.
bool Transfer::has_body_to_come() const noexcept {
    const bool redirects = head_.status().starts_with('3') && request_.follow_redirects() &&
                           response_.headers.contains("location");
    return request_.method() != "HEAD" && head_.has_body() && !redirects;
}

}  // namespace rondo::http::detail
