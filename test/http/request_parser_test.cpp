// SPDX-License-Identifier: Apache-2.0
// What is a request, and what is none: RFC 9112, and stricter where two programs may read the same
// bytes in two ways.
#include "http/request_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace rondo::test {
namespace {

using namespace std::string_literals;
using http::ServerOptions;
using http::detail::RequestParser;
using Stage = RequestParser::Stage;

const std::string host_field = "host: t\r\n";
const std::string chunked_field = "transfer-encoding: chunked\r\n";

std::string get_of(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\n" + host_field + "\r\n";
}

/// With more fields, and what follows the head.
std::string post_with(const std::string& fields, const std::string& rest = {}) {
    return "POST / HTTP/1.1\r\n" + host_field + fields + "\r\n" + rest;
}

std::string in_chunks(const std::string& chunks) { return post_with(chunked_field, chunks); }

/// The status that refuses `text`, which comes in pieces; 0: it is no failure.
int refusal_of(const std::string& text, std::size_t piece, const ServerOptions& options) {
    RequestParser parser(options);
    for (std::string_view rest = text; !rest.empty() && !parser.at_end();) {
        rest.remove_prefix(parser.feed(rest.substr(0, piece)));
    }
    return parser.stage() == Stage::failed ? parser.status() : 0;
}

void expect_refused(int status, const std::vector<std::string>& texts,
                    const ServerOptions& options = {}) {
    for (const std::string& text : texts) {
        for (const std::size_t piece : {text.size(), std::size_t{1}, std::size_t{7}}) {
            EXPECT_EQ(refusal_of(text, piece, options), status) << text << "\nin " << piece;
        }
    }
}

void expect_body(const std::string& body, const std::vector<std::string>& texts) {
    const ServerOptions options;
    for (const std::string& text : texts) {
        RequestParser parser(options);
        const std::size_t used = parser.feed(text + "GET /");
        EXPECT_EQ(parser.stage(), Stage::complete) << text;
        EXPECT_EQ(used, text.size()) << text;
        EXPECT_EQ(parser.request().body, body) << text;
    }
}

TEST(RequestParserTest, gives_the_same_wherever_the_bytes_are_split) {
    const std::string text =
        "POST /path?q HTTP/1.1\r\nHost: t\r\nX: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "4\r\nwiki\r\n5\r\npedia\r\n0\r\n\r\nGET / HTTP/1.1\r\n";
    const std::size_t end = text.find("GET /");
    const ServerOptions options;
    for (std::size_t split = 0; split <= end; ++split) {
        RequestParser parser(options);
        std::size_t used = parser.feed(std::string_view(text).substr(0, split));
        EXPECT_EQ(used, split);
        if (!parser.at_end()) {
            used += parser.feed(std::string_view(text).substr(split));
        }
        ASSERT_EQ(parser.stage(), RequestParser::Stage::complete) << split;
        EXPECT_EQ(used, end);
        EXPECT_EQ(parser.request().method, "POST");
        EXPECT_EQ(parser.request().target, "/path?q");
        EXPECT_EQ(parser.request().body, "wikipedia");
        EXPECT_EQ(parser.request().headers.get("x"), "a");
        EXPECT_TRUE(parser.keeps_alive());
    }
}

TEST(RequestParserTest, fields_after_the_body_are_dropped) {
    const ServerOptions options;
    RequestParser parser(options);
    parser.feed(
        "POST / HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n"
        "1\r\nx\r\n0\r\nhost: evil\r\nconnection: close\r\ncontent-length: 3\r\n\r\n");
    ASSERT_EQ(parser.stage(), RequestParser::Stage::complete);
    EXPECT_EQ(parser.request().headers.all("host").size(), 1U);
    EXPECT_TRUE(parser.keeps_alive());
    parser.next();
    parser.feed(get_of("/next"));
    ASSERT_EQ(parser.stage(), RequestParser::Stage::complete);
    EXPECT_EQ(parser.request().target, "/next");
}

// ------------------------------------------------------------------------------- refusals

TEST(RequestRefusedTest, a_line_ends_with_both_its_bytes) {
    expect_refused(400, {
                            "GET / HTTP/1.1\n" + host_field + "\r\n",
                            "GET / HTTP/1.1\r\nhost: t\n\r\n",
                            "GET / HTTP/1.1\r\nhost: t\r\n\n",
                            "GET / HTTP/1.1\nhost: t\n\n",
                            "GET / HTTP/1.1\r" + host_field + "\r\n",
                            "GET / HTTP/1.1\r\nhost: t\rx: y\r\n\r\n",
                            "GET / HTTP/1.1\r\n" + host_field + "\rX",
                            "GET / HTTP/1.1\r\n" + host_field + "\r\r\n",
                            post_with("x:\ry: z\r\n"),
                            post_with("x:\rytransfer-encoding: chunked\r\n"),
                            post_with("x: y\r\r\n"),
                            post_with("x:\ny: z\r\n"),
                            post_with("x: y\nz: z\r\n"),
                            "\n" + get_of("/"),
                            "\r" + get_of("/"),
                            "\r\r\n" + get_of("/"),
                            "\n\n" + get_of("/"),
                            "GET /\n\n",
                        });
}

TEST(RequestRefusedTest, no_line_goes_on_in_the_next) {
    expect_refused(400, {
                            "GET / HTTP/1.1\r\n " + host_field + "\r\n",
                            "GET / HTTP/1.1\r\n\t" + host_field + "\r\n",
                            "GET / HTTP/1.1\r\n content-length: 1\r\n" + host_field + "\r\nx",
                            " " + get_of("/"),
                            post_with(" content-length: 1\r\n", "x"),
                            post_with("x: y\r\n z: z\r\n"),
                            post_with("x: y\r\n\tz\r\n"),
                            post_with("x:\r\n y\r\n"),
                            post_with("x: y\r\n \r\n"),
                            post_with("content-length:\r\n 1\r\n", "x"),
                            post_with("content-length: 1\r\n 1\r\n", "x"),
                            post_with("transfer-encoding:\r\n chunked\r\n", "0\r\n\r\n"),
                            post_with("transfer-encoding: chunked\r\n x\r\n", "0\r\n\r\n"),
                            post_with("connection:\r\n close\r\n"),
                        });
}

TEST(RequestRefusedTest, a_field_has_a_name_and_no_control_characters) {
    expect_refused(400, {
                            post_with("x : y\r\n"),
                            post_with("x\t: y\r\n"),
                            post_with("content-length : 1\r\n", "x"),
                            post_with("transfer-encoding : chunked\r\n", "0\r\n\r\n"),
                            post_with(": y\r\n"),
                            post_with("x y: z\r\n"),
                            post_with("x\0: y\r\n"s),
                            post_with("x: y\0z\r\n"s),
                            post_with("x: \x7f\r\n"),
                            post_with("x: \x1b\r\n"),
                            post_with("x\x80: y\r\n"),
                            post_with("(x): y\r\n"),
                        });
}

TEST(RequestRefusedTest, a_length_is_one_number) {
    std::vector<std::string> bad;
    for (const char* length : {"1, 1", "1,2", "1 1", "+1", "-1", "0x1", "1a", "", " ", "1.0",
                               "18446744073709551616", "18446744073709551617", "\v1", "1;"}) {
        bad.push_back(post_with("content-length: "s + length + "\r\n", "xx"));
    }
    bad.push_back(post_with("content-length: 1\r\ncontent-length: 1\r\n", "x"));
    bad.push_back(post_with("content-length: 0\r\ncontent-length: 1\r\n", "x"));
    bad.push_back(post_with("content-length:\r\ncontent-length: 1\r\n", "x"));
    bad.push_back(post_with("content-length: 5\r\n" + chunked_field, "0\r\n\r\n"));
    bad.push_back(post_with(chunked_field + "content-length: 5\r\n", "0\r\n\r\n"));
    bad.push_back(post_with(chunked_field + "content-length: 0\r\n", "0\r\n\r\n"));
    expect_refused(400, bad);
    expect_refused(413, {post_with("content-length: 18446744073709551615\r\n")});
}

TEST(RequestRefusedTest, the_only_coding_is_chunked) {
    std::vector<std::string> bad;
    for (const char* coding :
         {"xchunked", "chunkedx", "chunked x", "chunked, chunked", "identity", "gzip",
          "chunked, gzip", "\"chunked\"", "chunked;q=1", "chunked,", "\vchunked", "", " "}) {
        bad.push_back(post_with("transfer-encoding: "s + coding + "\r\n", "0\r\n\r\n"));
    }
    bad.push_back(post_with(chunked_field + chunked_field, "0\r\n\r\n"));
    bad.push_back(post_with(chunked_field + "transfer-encoding: identity\r\n", "0\r\n\r\n"));
    bad.push_back(post_with("transfer-encoding:\r\ncontent-length: 1\r\n", "x"));
    bad.push_back("POST / HTTP/1.0\r\n" + chunked_field + "\r\n0\r\n\r\n");
    bad.push_back("POST / HTTP/1.0\r\nconnection: keep-alive\r\n" + chunked_field +
                  "\r\n0\r\n\r\n");
    expect_refused(400, bad);
    std::vector<std::string> unknown;
    for (const char* coding :
         {"gzip, chunked", "identity, chunked", ",chunked", "x=\"a, chunked"}) {
        unknown.push_back(post_with("transfer-encoding: "s + coding + "\r\n", "0\r\n\r\n"));
    }
    unknown.push_back(post_with("transfer-encoding: gzip\r\n" + chunked_field, "0\r\n\r\n"));
    unknown.push_back(post_with(chunked_field + "transfer-encoding:\r\n", "0\r\n\r\n"));
    expect_refused(501, unknown);
}

TEST(RequestRefusedTest, a_chunk_has_a_size_and_line_ends) {
    std::vector<std::string> bad;
    for (const char* size :
         {"-1", "+1", " 1", "1 ", "1\t", "0x1", "1_", "", ";x", "1;", "1; x", "1;x\n", "1\n",
          "1;x=\"a", "1;x\rX", "1;x=\x01", "g", "1;x=y\n", "10000000000000001"}) {
        bad.push_back(in_chunks(size + "\r\nx\r\n0\r\n\r\n"s));
    }
    for (const char* chunks :
         {"1\rXx\r\n0\r\n\r\n", "1\r\nxXX0\r\n\r\n", "1\r\nx\n0\r\n\r\n", "1\r\nx\r0\r\n\r\n",
          "1\r\nxy\r\n0\r\n\r\n", "1\r\n\r\n0\r\n\r\n", "0\r\n\rX", "0\r\nX\n", "0\r\n\n",
          "0\n\r\n", "0\r\nx y\r\n\r\n", "0\r\n x: y\r\n\r\n", "0\r\nx: y\n\r\n",
          "0\r\nx: y\r\n z\r\n\r\n", "0\r\nx: y\r\n\n",
          "0\r\n"
          "transfer-encoding: gzip\r\n\r\n"}) {
        bad.push_back(in_chunks(chunks));
    }
    expect_refused(400, bad);
    expect_refused(413, {in_chunks("ffffffffffffffff\r\n" + std::string(2'000'000, 'x'))});
}

TEST(RequestRefusedTest, a_target_is_a_path_of_this_host) {
    std::vector<std::string> bad;
    for (const std::string& target : {"foo"s,
                                      "t:80"s,
                                      "?x"s,
                                      "*"s,
                                      "*x"s,
                                      "/#x"s,
                                      "/?x#y"s,
                                      "/\tx"s,
                                      "/\fx"s,
                                      "/\x80"s,
                                      "/\rx"s,
                                      "/\0"s,
                                      "/\x7f"s,
                                      "/?\t"s,
                                      "/?\f"s,
                                      "/?\xff"s,
                                      "http://other/"s,
                                      "http://u:p@t/"s,
                                      "http://"s,
                                      "http:///"s,
                                      "http://t:81/"s,
                                      "http:/t/"s,
                                      "http://t, u/"s}) {
        bad.push_back(get_of(target));
    }
    bad.push_back("OPTIONS *x HTTP/1.1\r\n" + host_field + "\r\n");
    expect_refused(400, bad);
}

TEST(RequestRefusedTest, there_is_one_host) {
    std::vector<std::string> bad;
    for (const char* value : {"a b", "a, b", "a/b", "u@a", "a:b", "a\tb", "[::1"}) {
        bad.push_back("GET / HTTP/1.1\r\nhost: "s + value + "\r\n\r\n");
    }
    bad.push_back("GET / HTTP/1.1\r\n\r\n");
    bad.push_back("GET / HTTP/1.1\r\n" + host_field + host_field + "\r\n");
    bad.push_back("GET / HTTP/1.0\r\n" + host_field + host_field + "\r\n");
    expect_refused(400, bad);
}

TEST(RequestRefusedTest, a_request_line_has_three_words) {
    std::vector<std::string> bad;
    for (const char* line :
         {"GET", "GET\t/ HTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/1.2", "GET / HTTP/1.01",
          "GET / http/1.1", "get / HTTP/1.1", "NONE / HTTP/1.1", "GET /a b HTTP/1.1",
          "GET / HTTP/1.1 x", "PRI * HTTP/2.0", "FLUSH / HTTP/1.1", "GET / ICE/1.0"}) {
        bad.push_back(line + "\r\n"s + host_field + "\r\n");
    }
    expect_refused(400, bad);
    expect_refused(505,
                   {"GET / HTTP/2.0\r\n" + host_field + "\r\n",
                    "GET / HTTP/0.9\r\n" + host_field + "\r\n", "GET /\r\n" + host_field + "\r\n"});
}

TEST(RequestRefusedTest, what_chunks_say_of_themselves_has_a_limit) {
    ServerOptions options;
    options.max_head_bytes = 500;
    expect_refused(413,
                   {
                       in_chunks("1;" + std::string(600, 'x')),
                       in_chunks("1;x=" + std::string(600, 'y')),
                       in_chunks("1;x=\"" + std::string(600, 'y')),
                       in_chunks("1" + std::string(600, ';')),
                   },
                   options);
    std::string many;
    for (int i = 0; i < 100; ++i) {
        many += "1;signature=0123456789\r\nx\r\n";
    }
    EXPECT_EQ(refusal_of(in_chunks(many + "0\r\n\r\n"), 7, options), 0) << "each is short";
    expect_refused(431, {in_chunks("0\r\nx: " + std::string(600, 'y'))}, options);
}

// ---------------------------------------------------------------------------- and no others

TEST(RequestTakenTest, though_it_is_written_unusually) {
    expect_body("", {
                        "\r\n\r\n" + get_of("/"),
                        get_of("//a"),
                        get_of("http://t/a"),
                        get_of("HTTP://T/a"),
                        get_of("http://t?a"),
                        "OPTIONS * HTTP/1.1\r\n" + host_field + "\r\n",
                        "GET / HTTP/1.1\r\nhost:\r\n\r\n",
                        "GET http://t/ HTTP/1.0\r\n\r\n",
                        post_with("x:\r\n"),
                        post_with("x: \x80\r\n"),
                        post_with("upgrade: x\r\nconnection: upgrade\r\n"),
                        in_chunks("0\r\n\r\n"),
                        in_chunks("0\r\ncontent-length: 3\r\n\r\n"),
                    });
    expect_body("hello",
                {
                    post_with("content-length: 5\r\n", "hello"),
                    post_with("content-length:5  \r\n", "hello"),
                    post_with("content-length: 05\r\n", "hello"),
                    post_with("transfer-encoding: CHUNKED \r\n", "5\r\nhello\r\n0\r\n\r\n"),
                    in_chunks("5;x;y=z\r\nhello\r\n0;last\r\n\r\n"),
                    in_chunks("5;x=\"a;b\"\r\nhello\r\n0\r\nx: y\r\n\r\n"),
                    in_chunks("2\r\nhe\r\n0003\r\nllo\r\n000\r\n\r\n"),
                });
}

TEST(RequestTakenTest, without_the_blanks_around_a_value) {
    const ServerOptions options;
    RequestParser parser(options);
    parser.feed(post_with("x: \t a b \t \r\ny:  \r\n"));
    ASSERT_EQ(parser.stage(), Stage::complete);
    EXPECT_EQ(parser.request().headers.get("x"), "a b");
    EXPECT_EQ(parser.request().headers.get("y", "-"), "");
}

TEST(RequestTakenTest, and_ends_the_connection_when_it_says_so) {
    const ServerOptions options;
    for (const char* fields :
         {"connection: close, keep-alive\r\n", "connection: keep-alive, close\r\n",
          "connection: keep-alive\r\nconnection: close\r\n"}) {
        for (const char* version : {"1.0", "1.1"}) {
            RequestParser parser(options);
            parser.feed("GET / HTTP/"s + version + "\r\n" + host_field + fields + "\r\n");
            EXPECT_FALSE(parser.keeps_alive()) << version << fields;
        }
    }
}

}  // namespace
}  // namespace rondo::test
