// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.hpp"

#include <new>
#include <string>
#include <utility>
#include <vector>

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
        result.on_chunk_extension_name = &RequestParser::chunk_extension;
        result.on_chunk_extension_name_complete = &RequestParser::chunk_extension_complete;
        result.on_chunk_extension_value = &RequestParser::chunk_extension;
        result.on_chunk_extension_value_complete = &RequestParser::chunk_extension_complete;
        result.on_chunk_header = &RequestParser::chunk_head_complete;
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
    std::string_view rest = bytes;
    bool paused = false;
    while (!at_end() && (paused || !rest.empty())) {
        paused = step(rest);
    }
    return bytes.size() - rest.size();
}

// Up to where lines begin or end, or the request does: there the callbacks have llhttp pause.
bool RequestParser::step(std::string_view& bytes) noexcept {
    const bool in_lines = in_lines_;
    const llhttp_errno_t code = llhttp_execute(&parser_, bytes.data(), bytes.size());
    const std::size_t taken =
        code == HPE_OK ? bytes.size()
                       : static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
    if (in_lines && !are_lines(bytes.substr(0, taken))) {
        status_ = 400;
        stage_ = Stage::failed;
    } else if (code != HPE_OK && code != HPE_PAUSED) {
        stage_ = Stage::failed;
    }
    bytes.remove_prefix(stage_ == Stage::failed ? bytes.size() : taken);
    llhttp_resume(&parser_);
    return code == HPE_PAUSED;
}

void RequestParser::begin_lines() noexcept {
    in_lines_ = true;
    last_byte_ = '\n';
}

// llhttp takes a mere LF for the end of some lines, and a line that begins with a blank for more of
// the one before. Both are allowed, and both are how requests are smuggled past a proxy that reads
// them in another way (RFC 9112 2.2, 5.2 and 11.2).
bool RequestParser::are_lines(std::string_view bytes) noexcept {
    for (const char byte : bytes) {
        const bool continues = last_byte_ == '\n' && (byte == ' ' || byte == '\t');
        if (continues || (byte == '\n') != (last_byte_ == '\r')) {
            return false;
        }
        last_byte_ = byte;
    }
    return true;
}

void RequestParser::next() noexcept {
    request_ = ServerRequest();
    head_bytes_ = 0;
    status_ = 400;
    stage_ = Stage::idle;
    expects_continue_ = false;
    begin_lines();
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
    content.erase(content.find_last_not_of(" \t") + 1);
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
    self.in_lines_ = false;
    self.head_flags_ = parser->flags;
    self.request_.version = parser->http_major * 10 + parser->http_minor;
    try {
        self.request_.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
        const int refused = self.check_head();
        return refused != 0 ? refused : HPE_PAUSED;
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
    if (!has_host() || !has_target()) {
        return fail(400);
    }
    const int refused = check_framing();
    return refused != 0 ? refused : check_expectation();
}

bool RequestParser::has_host() const {
    const std::vector<std::string_view> hosts = request_.headers.all("host");
    return hosts.empty() ? parser_.http_minor == 0 : hosts.size() == 1 && is_host(hosts[0]);
}

// A path; or a whole URL, whose host is that of the Host field; or "*", for OPTIONS.
bool RequestParser::has_target() const noexcept {
    const std::string_view target = request_.target;
    if (target.starts_with('*')) {
        return target == "*" && parser_.method == HTTP_OPTIONS;
    }
    const std::string_view origin = origin_of(target);
    const std::string* const host = request_.headers.find("host");
    return target.find('#') == target.npos &&
           (origin.empty() || host == nullptr ||
            equal_ignoring_case(origin.substr(origin.find("://") + 3), *host));
}

// How the body ends: by a length, or in chunks that one field announces in one word. llhttp refuses
// both at once, and also takes "gzip, chunked" and an empty field.
int RequestParser::check_framing() {
    const std::vector<std::string_view> codings = request_.headers.all("transfer-encoding");
    if (codings.empty()) {
        return parser_.content_length > options_.max_body_bytes ? fail(413) : 0;
    }
    if (parser_.http_minor == 0 || (parser_.flags & F_CHUNKED) == 0) {
        return fail(400);
    }
    return codings.size() == 1 && equal_ignoring_case(codings[0], "chunked") ? 0 : fail(501);
}

int RequestParser::check_expectation() {
    const std::string_view expectation = request_.headers.get("expect");
    if (expectation.empty() || parser_.http_minor == 0) {
        return 0;
    }
    expects_continue_ = equal_ignoring_case(expectation, "100-continue");
    return expects_continue_ ? 0 : fail(417);
}

// What a chunk says of itself is not kept, but has a limit as well.
int RequestParser::count_extension(std::size_t size) noexcept {
    extension_bytes_ += size;
    return extension_bytes_ > options_.max_head_bytes ? fail(413) : 0;
}

int RequestParser::chunk_extension(llhttp_t* parser, const char*, std::size_t size) noexcept {
    return of(parser).count_extension(size);
}

int RequestParser::chunk_extension_complete(llhttp_t* parser) noexcept {
    return of(parser).count_extension(1);
}

// Behind the last chunk there are lines again.
int RequestParser::chunk_head_complete(llhttp_t* parser) noexcept {
    RequestParser& self = of(parser);
    self.extension_bytes_ = 0;
    if (parser->content_length != 0) {
        return 0;
    }
    self.begin_lines();
    return HPE_PAUSED;
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
    parser->flags = self.head_flags_;  // without what fields after the body said
    self.keeps_alive_ =
        llhttp_should_keep_alive(parser) != 0 && (parser->flags & F_CONNECTION_CLOSE) == 0;
    self.stage_ = Stage::complete;
    return HPE_PAUSED;
}

}  // namespace rondo::http::detail
