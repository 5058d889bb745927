// SPDX-License-Identifier: Apache-2.0
/// One exchange as libcurl sees it: an easy handle, and where its answer is collected.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/answer_head.hpp"
#include "rondo/http/client.hpp"

namespace rondo::http::detail {

struct CurlDeleter {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using EasyHandle = std::unique_ptr<CURL, CurlDeleter>;
using HeaderList = std::unique_ptr<curl_slist, CurlDeleter>;

class Transfer {
public:
    /// Checks the request; throws HttpError. The request must outlive this.
    Transfer(const Request& request, const ClientOptions& options);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    CURL* handle() const noexcept { return easy_.get(); }
    /// Scheme, host and port: what a connection is made to.
    const std::string& origin() const noexcept { return origin_; }

    void set_queued(Duration queued) noexcept { queued_ = queued; }
    /// libcurl ended the transfer.
    void set_result(CURLcode result) noexcept { result_ = result; }

    /// The answer, or HttpError. Once.
    Response take_response();

private:
    enum class Overflow : unsigned char { none, body, headers, memory };

    void check_url();
    void check_method() const;
    void set_common(const ClientOptions& options);
    void set_timeouts();
    void set_method();
    void set_headers();
    void add_header(const std::string& line);
    template <class T>
    void set(CURLoption option, T value);
    [[noreturn]] void fail(Errc code, std::string_view why) const;
    [[noreturn]] void fail_with_result() const;
    bool is_bad_redirect() const noexcept;
    bool has_no_thread() const noexcept;
    std::string why() const;
    Timings timings() const;

    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    void take_header(std::string_view line);
    bool has_body_to_come() const noexcept;

    const Request& request_;
    std::string origin_;
    std::string shown_url_;  ///< for people: without user and password
    Response response_;
    Duration queued_{0};
    AnswerHead head_{response_.headers};
    std::size_t header_bytes_ = 0;
    CURLcode result_ = CURLE_OK;
    Overflow overflow_ = Overflow::none;
    char message_[CURL_ERROR_SIZE] = {};
    HeaderList headers_;
    EasyHandle easy_;
};

/// What a caller can do about it. `os_error` is the errno of a failed connect, or 0.
Errc errc_of(CURLcode code, long os_error) noexcept;

}  // namespace rondo::http::detail
