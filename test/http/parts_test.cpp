// SPDX-License-Identifier: Apache-2.0
// The parts without input or output: headers, URLs, the queue, the parser, the text of an answer.
#include <gtest/gtest.h>

#include <array>
#include <deque>

#include "http/answer_text.hpp"
#include "http/fields.hpp"
#include "http/queue.hpp"
#include "http/request_parser.hpp"
#include "http/url.hpp"
#include "rondo/http/request.hpp"

namespace rondo::test {
namespace {

using namespace http;
using namespace http::detail;

TEST(HeadersTest, are_found_without_regard_to_case) {
    Headers headers;
    EXPECT_TRUE(headers.empty());
    headers.add("Content-Type", "a");
    headers.add("Set-Cookie", "1");
    headers.add("SET-COOKIE", "2");
    EXPECT_EQ(headers.get("content-type"), "a");
    EXPECT_EQ(headers.get("missing", "otherwise"), "otherwise");
    EXPECT_EQ(*headers.find("set-cookie"), "1");
    EXPECT_EQ(headers.find("set-cooki"), nullptr);
    EXPECT_EQ(headers.all("set-cookie"), (std::vector<std::string_view>{"1", "2"}));
    headers.set("set-cookie", "3");
    EXPECT_EQ(headers.all("Set-Cookie"), (std::vector<std::string_view>{"3"}));
    EXPECT_EQ(headers.remove("content-type"), 1U);
    EXPECT_EQ(headers.size(), 1U);
    std::string order;
    for (const Header& field : headers) {
        order += field.name + "=" + field.value;
    }
    EXPECT_EQ(order, "set-cookie=3");
}

TEST(FieldsTest, only_tokens_and_lines_pass) {
    using namespace std::string_view_literals;
    for (const std::string_view good : {"GET"sv, "x-a_b.c!"sv, "1"sv}) {
        EXPECT_TRUE(is_token(good)) << good;
    }
    for (const std::string_view bad : {""sv, "a b"sv, "a:"sv, "a\r"sv, "a\0"sv, "\xc3\xa4"sv}) {
        EXPECT_FALSE(is_token(bad)) << bad;
    }
    EXPECT_TRUE(is_field_value("a b\t\xc3\xa4"));
    EXPECT_TRUE(is_field_value(""));
    for (const std::string_view bad : {"a\r"sv, "a\nb"sv, "\0"sv, "\x7f"sv, "\x1b[0m"sv}) {
        EXPECT_FALSE(is_field_value(bad)) << bad;
    }
    EXPECT_EQ(trimmed(" \t a b \r\n"), "a b");
    EXPECT_EQ(trimmed(" \r\n"), "");
}

TEST(UrlTest, has_an_origin) {
    EXPECT_EQ(split_url("http://a/b").origin, "http://a:80");
    EXPECT_EQ(split_url("HTTPS://A.example:8443/?q#f").origin, "https://A.example:8443");
    EXPECT_EQ(split_url("http://[::1]:1/").origin, "http://[::1]:1");
    EXPECT_EQ(split_url("http://u:p@a/").origin, "http://a:80");
}

TEST(UrlTest, is_shown_without_its_password) {
    EXPECT_EQ(split_url("http://user:secret@host/path?a@b").shown, "http://host/path?a@b");
    EXPECT_EQ(split_url("http://user:sec@ret@host/").shown, "http://host/");
    EXPECT_EQ(split_url("ftp://user:secret@host/").shown, "ftp://host/");
    EXPECT_EQ(split_url("user:secret@host").shown, "host");
    EXPECT_EQ(split_url("http:/user:secret@host/").shown, "http:/host/");
    EXPECT_EQ(split_url("http:///user:secret@host/").shown, "http:///host/");
    EXPECT_EQ(split_url("http://host/@").shown, "http://host/@");
    EXPECT_EQ(split_url("http://a\r\nb").shown, "http://a??b");
    EXPECT_EQ(split_url("").shown, "");
}

TEST(UrlTest, is_refused_with_a_reason) {
    EXPECT_EQ(split_url("example.com").error, "a URL begins with http:// or https://");
    EXPECT_EQ(split_url("").error.empty(), false);
    EXPECT_EQ(split_url("http://").error.empty(), false);
    EXPECT_EQ(split_url("http://a:99999/").error.empty(), false);
    EXPECT_EQ(split_url("http://[::1/").error.empty(), false);
    for (const char* text : {"ftp://a/", "file:///etc/passwd", "gopher://a/", "nonsense://a"}) {
        EXPECT_EQ(split_url(text).error, "only http:// and https:// are spoken") << text;
    }
    using namespace std::string_literals;
    for (const std::string& text :
         {"http://a/\r\nx"s, "http://a/ b"s, "http://a/\0"s, " http://a"s, "http://a/\x7f"s}) {
        EXPECT_EQ(split_url(text).error, "a URL has no blanks and no control characters");
    }
}

TEST(RequestTest, is_built_by_calls) {
    const Request request = Request("http://a/").header("A", "1").body("x").max_redirects(2);
    EXPECT_EQ(request.method(), "POST");
    EXPECT_EQ(request.body(), "x");
    EXPECT_EQ(request.headers().get("a"), "1");
    EXPECT_EQ(request.max_redirects(), 2);
    Request named("http://b/");
    named.body("y").method("PATCH").follow_redirects(false).insecure_tls();
    EXPECT_EQ(named.method(), "PATCH");
    EXPECT_FALSE(named.follow_redirects());
    EXPECT_TRUE(named.is_insecure_tls());
    named.body("z");
    EXPECT_EQ(named.method(), "PATCH");
}

TEST(QueueTest, serves_in_order_within_both_limits) {
    Queue queue(3, 2);
    std::deque<Place> places(6);
    const std::array<const char*, 6> hosts = {"a", "a", "a", "b", "a", "b"};
    for (std::size_t i = 0; i < places.size(); ++i) {
        queue.enter(places[i], hosts[i]);
    }
    EXPECT_EQ(queue.waiting(), 6U);
    EXPECT_EQ(queue.next(), &places[0]);
    EXPECT_EQ(queue.next(), &places[1]);
    EXPECT_EQ(queue.next(), &places[3]) << "host a is full";
    EXPECT_EQ(queue.next(), nullptr) << "the queue is full";
    queue.done(places[3]);
    EXPECT_EQ(queue.next(), &places[5]);
    queue.done(places[0]);
    queue.leave(places[2]);
    EXPECT_EQ(queue.next(), &places[4]);
    EXPECT_EQ(queue.next(), nullptr);
    EXPECT_EQ(queue.active(), 3U);
    EXPECT_EQ(queue.waiting(), 0U);
    for (const std::size_t i : {1U, 4U, 5U}) {
        queue.done(places[i]);
    }
    EXPECT_EQ(queue.active(), 0U);
    queue.enter(places[0], "a");
    queue.leave(places[0]);
    EXPECT_EQ(queue.next(), nullptr);
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
        "1\r\nx\r\n0\r\nhost: evil\r\n\r\n");
    ASSERT_EQ(parser.stage(), RequestParser::Stage::complete);
    EXPECT_EQ(parser.request().headers.all("host").size(), 1U);
}

TEST(AnswerTextTest, has_one_legal_form) {
    const Framing framing{false, true, false};
    ServerResponse response(200, "x");
    response.headers.add("a", "b");
    EXPECT_EQ(answer_text(response, framing),
              "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\na: b\r\n"
              "content-length: 1\r\n\r\nx");
    for (const int status : {-1, 0, 100, 199, 1000}) {
        response.status = status;
        EXPECT_THROW(answer_text(response, framing), Error) << status;
    }
    response.status = 599;
    EXPECT_TRUE(answer_text(response, framing).starts_with("HTTP/1.1 599 \r\n"));
}

}  // namespace
}  // namespace rondo::test
