// SPDX-License-Identifier: Apache-2.0
/// One connection of a server: requests one after the other, each answered before the next.
#pragma once

#include <string>

#include "http/answer_text.hpp"
#include "http/request_parser.hpp"
#include "http/unread.hpp"
#include "rondo/http/server.hpp"
#include "rondo/net/tcp_stream.hpp"

namespace rondo::http::detail {

class Connection {
public:
    Connection(net::TcpStream stream, Handler& handler, const ServerOptions& options);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Serves until either side ends it. Throws Error when the connection breaks.
    Task<> run();

private:
    /// Whether the connection goes on.
    enum class Next : unsigned char { go_on, hang_up, vanish };

    Task<Next> receive();
    Task<Next> read_more();
    Task<Next> refuse(int status);
    Task<Next> answer();
    Task<ServerResponse> handle();
    Task<bool> send(std::string text);
    Task<> hang_up();
    static std::string text_of(const ServerResponse& response, Framing framing);
    TimePoint deadline();

    net::TcpStream stream_;
    Handler& handler_;
    const ServerOptions& options_;
    RequestParser parser_;
    Unread unread_;
    TimePoint stage_since_;
    RequestParser::Stage stage_ = RequestParser::Stage::idle;
};

}  // namespace rondo::http::detail
