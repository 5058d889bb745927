// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.hpp"

#include <new>
#include <utility>

#include "http/fields.hpp"

namespace rondo::http::detail {

RequestParser::RequestParser(const ServerOptions& options) noexcept : options_(options) {
    llhttp_init(&parser_, HTTP_REQUEST, &settings());
    parser_.data = this;
}

const llhttp_settings_t& RequestParser::settings() noexcept {
    static const llhttp_settings_t table = [] {
        llhttp_settings_t result;
        llhttp_settings_init(&result);
        result.on_message_begin = &RequestParser::begin;
        result.on_url = &RequestParser::target;
        result.on_header_field = &RequestParser::field;
        result.on_header_value = &RequestParser::value;
        result.on_header_value_complete = &RequestParser::value_complete;
        result.on_headers_complete = &RequestParser::head_complete;
        result.on_body = &RequestParser::body;
        result.on_message_complete = &RequestParser::complete;
        return result;
    }();
    return table;
}

std::size_t RequestParser::feed(std::string_view bytes) noexcept {
    if (stage_ == Stage::idle && !bytes.empty()) {
        stage_ = Stage::head;
    }
    const llhttp_errno_t code = llhttp_execute(&parser_, bytes.data(), bytes.size());
    if (code == HPE_OK) {
        return bytes.size();
    }
    if (code == HPE_PAUSED) {
        const char* const end = llhttp_get_error_pos(&parser_);
        llhttp_resume(&parser_);
        return static_cast<std::size_t>(end - bytes.data());
    }
    stage_ = Stage::failed;
    return bytes.size();
}

void RequestParser::next() noexcept {
    request_ = ServerRequest();
    head_bytes_ = 0;
    status_ = 400;
    stage_ = Stage::idle;
    expects_continue_ = false;
}

int RequestParser::fail(int status) noexcept {
    status_ = status;
    return HPE_USER;
}

// Counts the head, trailers included, as it stands in memory.
int RequestParser::collect(std::string& to, const char* at, std::size_t size) noexcept {
    head_bytes_ += size;
    if (head_bytes_ > options_.max_head_bytes) {
        return fail(431);
    }
    try {
        to.append(at, size);
    } catch (const std::bad_alloc&) {
        return fail(503);
    }
    return 0;
}

int RequestParser::begin(llhttp_t* parser) noexcept {
    RequestParser& self = of(parser);
    self.field_.clear();
    self.value_.clear();
    return 0;
}

int RequestParser::target(llhttp_t* parser, const char* at, std::size_t size) noexcept {
    return of(parser).collect(of(parser).request_.target, at, size);
}

int RequestParser::field(llhttp_t* parser, const char* at, std::size_t size) noexcept {
    return of(parser).collect(of(parser).field_, at, size);
}

int RequestParser::value(llhttp_t* parser, const char* at, std::size_t size) noexcept {
    return of(parser).collect(of(parser).value_, at, size);
}

// Fields after the body are dropped: nobody checked them when the head was judged.
int RequestParser::value_complete(llhttp_t* parser) noexcept {
    constexpr std::size_t overhead = sizeof(Header);
    RequestParser& self = of(parser);
    self.head_bytes_ += overhead;
    std::string name = std::exchange(self.field_, {});
    std::string content = std::exchange(self.value_, {});
    if (!is_token(name)) {
        return self.fail(400);
    }
    if (self.stage_ == Stage::body) {
        return 0;
    }
    try {
        self.request_.headers.add(std::move(name), std::move(content));
    } catch (const std::bad_alloc&) {
        return self.fail(503);
    }
    return 0;
}

int RequestParser::head_complete(llhttp_t* parser) noexcept {
    RequestParser& self = of(parser);
    // An offer to change the protocol may be ignored, and is.
    parser->upgrade = 0;
    self.stage_ = Stage::body;
    self.request_.version = parser->http_major * 10 + parser->http_minor;
    try {
        self.request_.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
        return self.check_head();
    } catch (const std::bad_alloc&) {
        return self.fail(503);
    }
}

int RequestParser::check_head() {
    if (parser_.http_major != 1) {
        return fail(505);
    }
    if (parser_.method == HTTP_CONNECT) {
        return fail(501);
    }
    const std::size_t hosts = request_.headers.all("host").size();
    if (hosts > 1 || (hosts == 0 && parser_.http_minor != 0)) {
        return fail(400);
    }
    if ((parser_.flags & F_CHUNKED) == 0 && parser_.content_length > options_.max_body_bytes) {
        return fail(413);
    }
    const std::string_view expectation = request_.headers.get("expect");
    if (!expectation.empty() && parser_.http_minor != 0) {
        if (!equal_ignoring_case(expectation, "100-continue")) {
            return fail(417);
        }
        expects_continue_ = true;
    }
    return 0;
}

int RequestParser::body(llhttp_t* parser, const char* at, std::size_t size) noexcept {
    RequestParser& self = of(parser);
    self.expects_continue_ = false;
    if (size > self.options_.max_body_bytes - self.request_.body.size()) {
        return self.fail(413);
    }
    try {
        self.request_.body.append(at, size);
    } catch (const std::bad_alloc&) {
        return self.fail(503);
    }
    return 0;
}

int RequestParser::complete(llhttp_t* parser) noexcept {
    RequestParser& self = of(parser);
    self.keeps_alive_ = llhttp_should_keep_alive(parser) != 0;
    self.stage_ = Stage::complete;
    return HPE_PAUSED;
}

}  // namespace rondo::http::detail
