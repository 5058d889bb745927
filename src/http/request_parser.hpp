// SPDX-License-Identifier: Apache-2.0
/// Makes requests of the bytes of one connection. llhttp knows the grammar; what it lets pass, but
/// two programs may read differently, is refused here.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rondo/http/server.hpp"

namespace rondo::http::detail {

class RequestParser {
public:
    enum class Stage : unsigned char { idle, head, body, complete, failed };

    explicit RequestParser(const ServerOptions& options) noexcept;
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    /// Takes bytes up to the end of the request; says how many. Requires: not complete or failed.
    std::size_t feed(std::string_view bytes) noexcept;

    Stage stage() const noexcept { return stage_; }
    bool at_end() const noexcept { return stage_ >= Stage::complete; }

    /// What the server answers when parsing failed: 400, 413, 431, …
    int status() const noexcept { return status_; }
    /// Whether the connection goes on after this request.
    bool keeps_alive() const noexcept { return keeps_alive_; }
    /// The client sends its body only when it is told to. True once.
    bool take_expectation() noexcept { return std::exchange(expects_continue_, false); }

    ServerRequest& request() noexcept { return request_; }
    /// Begins with the next one.
    void next() noexcept;

private:
    static const llhttp_settings_t& settings() noexcept;
    static RequestParser& of(llhttp_t* parser) noexcept {
        return *static_cast<RequestParser*>(parser->data);
    }
    static int begin(llhttp_t* parser) noexcept;
    static int field(llhttp_t* parser, const char* at, std::size_t size) noexcept;
    static int value(llhttp_t* parser, const char* at, std::size_t size) noexcept;
    static int target(llhttp_t* parser, const char* at, std::size_t size) noexcept;
    static int value_complete(llhttp_t* parser) noexcept;
    static int head_complete(llhttp_t* parser) noexcept;
    static int chunk_extension(llhttp_t* parser, const char* at, std::size_t size) noexcept;
    static int chunk_extension_complete(llhttp_t* parser) noexcept;
    static int chunk_head_complete(llhttp_t* parser) noexcept;
    static int body(llhttp_t* parser, const char* at, std::size_t size) noexcept;
    static int complete(llhttp_t* parser) noexcept;

    bool step(std::string_view& bytes) noexcept;
    void begin_lines() noexcept;
    bool are_lines(std::string_view bytes) noexcept;
    int collect(std::string& to, const char* at, std::size_t size) noexcept;
    int count_extension(std::size_t size) noexcept;
    int check_head();
    bool has_host() const;
    bool has_target() const noexcept;
    int check_framing();
    int check_expectation();
    int fail(int status) noexcept;

    const ServerOptions& options_;
    llhttp_t parser_;
    ServerRequest request_;
    std::string field_;
    std::string value_;
    std::size_t head_bytes_ = 0;
    std::size_t extension_bytes_ = 0;  ///< of one chunk
    int status_ = 400;
    std::uint16_t head_flags_ = 0;  ///< what llhttp had learnt when the head ended
    Stage stage_ = Stage::idle;
    bool in_lines_ = true;   ///< in a head or its trailers
    char last_byte_ = '\n';  ///< of these lines
    bool keeps_alive_ = false;
    bool expects_continue_ = false;
};

}  // namespace rondo::http::detail
