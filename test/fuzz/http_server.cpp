// SPDX-License-Identifier: Apache-2.0
// A server and a client that sends anything, on the simulated network: what comes back is what the
// requests, read all at once, ask for. The first byte of the input is the size of a piece.
#include <numeric>

#include "fuzz/target.hpp"
#include "http/answer_text.hpp"
#include "http/request_parser.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/http/server.hpp"
#include "rondo/net/tcp_stream.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

using http::ServerRequest;
using http::ServerResponse;
using http::detail::Framing;
using http::detail::RequestParser;
using net::Address;
using net::TcpListener;
using net::TcpStream;

http::ServerOptions limits() {
    http::ServerOptions options;
    options.max_head_bytes = 1024 * 1024;  // more than an input has
    options.max_body_bytes = 500;
    return options;
}

/// Says what came, in digits.
ServerResponse response_to(const ServerRequest& request) {
    const auto add = [](std::size_t sum, char letter) {
        return sum * 31 + static_cast<unsigned char>(letter);
    };
    std::size_t sum = request.headers.size();
    for (const std::string& text : {request.method, request.target, request.body}) {
        sum = std::accumulate(text.begin(), text.end(), sum, add);
    }
    return ServerResponse(200, std::to_string(sum));
}

std::string refusal(int status) {
    const std::string phrase(http::detail::reason_phrase(status));
    return answer_text(ServerResponse(status, phrase + "\n"), Framing{false, false, false});
}

std::string expected_answers(std::string_view text) {
    const http::ServerOptions options = limits();
    RequestParser parser(options);
    std::string answers;
    for (;;) {
        parser.next();
        while (!parser.at_end()) {
            if (text.empty()) {
                return answers + (parser.stage() == RequestParser::Stage::idle ? "" : refusal(400));
            }
            text.remove_prefix(parser.feed(text));
        }
        if (parser.stage() == RequestParser::Stage::failed) {
            return answers + refusal(parser.status());
        }
        const ServerRequest& request = parser.request();
        answers += answer_text(
            response_to(request),
            Framing{request.method == "HEAD", parser.keeps_alive(), request.version == 10});
        if (!parser.keeps_alive()) {
            return answers;
        }
    }
}

// When a client is told to send its body depends on how its bytes came.
std::string without_continue(std::string answers) {
    constexpr std::string_view notice = "HTTP/1.1 100 Continue\r\n\r\n";
    for (std::size_t at = 0; (at = answers.find(notice, at)) != answers.npos;) {
        answers.erase(at, notice.size());
    }
    return answers;
}

// A server that has closed the connection hears no more.
Task<> send(TcpStream& stream, std::string_view text, std::size_t piece) {
    try {
        while (!text.empty()) {
            co_await stream.write_all(text.substr(0, piece));
            co_await sleep(1ms);
            text.remove_prefix(std::min(piece, text.size()));
        }
        stream.shutdown_write();
    } catch (const Error&) {
        co_return;
    }
}

Task<std::string> receive(TcpStream& stream) {
    std::string text;
    for (;;) {
        const io::Lease lease = co_await stream.read_leased();
        if (lease.empty()) {
            co_return text;
        }
        text += lease.bytes().text();
    }
}

Task<std::string> talk(Address address, std::string_view text, std::size_t piece) {
    TcpStream stream = co_await TcpStream::connect(address);
    auto [sent, answers] = co_await gather(send(stream, text, piece), receive(stream));
    co_return answers;
}

Task<ServerResponse> answer(const ServerRequest& request) { co_return response_to(request); }

}  // namespace

void try_input(std::string_view input) {
    Choices choices(input);
    const std::size_t piece = (choices.byte() + std::size_t{1}) * 4;
    const std::string_view text = choices.rest();
    std::string answers;
    run_sim([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(http::serve(listener, answer, limits()));
            answers = co_await talk(listener.local_address(), text, piece);
            group.cancel();
        });
    });
    RONDO_ASSERT(without_continue(answers) == expected_answers(text), "the answers to what came");
}

}  // namespace rondo::test
