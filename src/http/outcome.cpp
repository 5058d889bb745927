// SPDX-License-Identifier: Apache-2.0
// How a transfer ended.
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "http/transfer.hpp"

namespace rondo::http::detail {

Errc errc_of(CURLcode code, long os_error) noexcept {
    switch (code) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL: return Errc::invalid;
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY: return Errc::not_found;
        case CURLE_COULDNT_CONNECT:
            return os_error == 0 ? Errc::refused : rondo::errc_of(static_cast<int>(os_error));
        case CURLE_OPERATION_TIMEDOUT: return Errc::timed_out;
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE: return Errc::reset;
        case CURLE_OUT_OF_MEMORY: return Errc::exhausted;
        case CURLE_TOO_MANY_REDIRECTS:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_BAD_FUNCTION_ARGUMENT:  // a line of the answer that is no field
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION: return Errc::protocol;
        case CURLE_NOT_BUILT_IN: return Errc::not_supported;
        default: return Errc::unexpected;
    }
}

void Transfer::fail(Errc code, std::string_view reason) const {
    throw HttpError(code, request_.method(), shown_url_, reason);
}

std::string Transfer::why() const {
    switch (overflow_) {
        case Overflow::body:
            return "the body exceeds " + std::to_string(request_.max_body_bytes()) + " bytes";
        case Overflow::headers: return "the headers of the answer are too large";
        case Overflow::memory: return "out of memory";
        case Overflow::none: break;
    }
    return message_[0] != '\0' ? message_ : curl_easy_strerror(result_);
}

// A redirect to another scheme or to what is no URL is the server's mistake; the caller's own was
// found before.
bool Transfer::is_bad_redirect() const noexcept {
    return result_ == CURLE_UNSUPPORTED_PROTOCOL ||
           (result_ == CURLE_URL_MALFORMAT && !head_.status().empty());
}

// libcurl has no code for it: the thread that looks the name up takes descriptors and memory.
bool Transfer::has_no_thread() const noexcept {
    return result_ == CURLE_COULDNT_RESOLVE_HOST &&
           std::string_view(message_).find("thread failed to start") != std::string_view::npos;
}

void Transfer::fail_with_result() const {
    if (overflow_ != Overflow::none || has_no_thread()) {
        fail(Errc::exhausted, why());
    }
    if (is_bad_redirect()) {
        fail(Errc::protocol, why());
    }
    long os_error = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);
    fail(errc_of(result_, os_error), why());
}

namespace {

Duration time_of(CURL* handle, CURLINFO info) noexcept {
    curl_off_t microseconds = 0;
    curl_easy_getinfo(handle, info, &microseconds);
    return std::chrono::microseconds(microseconds);
}

const char* name_of_version(long version) noexcept {
    switch (version) {
        case CURL_HTTP_VERSION_1_0: return "HTTP/1.0";
        case CURL_HTTP_VERSION_2_0: return "HTTP/2";
        case CURL_HTTP_VERSION_3: return "HTTP/3";
        default: return "HTTP/1.1";
    }
}

}  // namespace

Timings Transfer::timings() const {
    CURL* const handle = easy_.get();
    Timings times;
    times.queued = queued_;
    times.dns = time_of(handle, CURLINFO_NAMELOOKUP_TIME_T);
    times.connect = time_of(handle, CURLINFO_CONNECT_TIME_T);
    times.tls = time_of(handle, CURLINFO_APPCONNECT_TIME_T);
    times.first_byte = time_of(handle, CURLINFO_STARTTRANSFER_TIME_T);
    times.total = time_of(handle, CURLINFO_TOTAL_TIME_T);
    return times;
}

Response Transfer::take_response() {
    if (result_ != CURLE_OK) {
        fail_with_result();
    }
    CURL* const handle = easy_.get();
    long status = 0;
    long version = 0;
    long redirects = 0;
    curl_off_t bytes = 0;
    const char* url = nullptr;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle, CURLINFO_HTTP_VERSION, &version);
    curl_easy_getinfo(handle, CURLINFO_REDIRECT_COUNT, &redirects);
    curl_easy_getinfo(handle, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
    curl_easy_getinfo(handle, CURLINFO_EFFECTIVE_URL, &url);
    response_.status = static_cast<int>(status);
    response_.version = name_of_version(version);
    response_.redirects = static_cast<int>(redirects);
    response_.bytes = static_cast<std::uint64_t>(bytes);
    response_.url = url != nullptr ? url : request_.url();
    response_.timings = timings();
    return std::move(response_);
}

}  // namespace rondo::http::detail
