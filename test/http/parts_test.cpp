// SPDX-License-Identifier: Apache-2.0
// The parts without input or output: headers, URLs, the queue, the text of an answer.
#include <gtest/gtest.h>

#include <array>
#include <deque>

#include "http/answer_text.hpp"
#include "http/fields.hpp"
#include "http/queue.hpp"
#include "http/unread.hpp"
#include "http/url.hpp"
#include "rondo/http/request.hpp"
#include "rondo/http/server.hpp"

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

TEST(FieldsTest, a_host_is_a_name_or_an_address_and_perhaps_a_port) {
    for (const char* good : {"", "a", "a.example:80", "a_b", "10.0.0.1:1", "[::1]", "[::1]:80",
                             "[fe80::1%25eth0]", "a:", "xn--a", "%41"}) {
        EXPECT_TRUE(is_host(good)) << good;
    }
    for (const char* bad : {"a b", "a/b", "u@a", "a:b", "a:80:80", "[::1", "[]", "::1", "[::1]x",
                            "[a/b]", "a, b", "a\t", "\xc3\xa4", "a?b", "a#b", "a\\b", "[[::1]]"}) {
        EXPECT_FALSE(is_host(bad)) << bad;
    }
}

TEST(FieldsTest, the_target_of_a_proxy_has_an_origin) {
    EXPECT_EQ(origin_of("/a://b"), "");
    EXPECT_EQ(origin_of("*"), "");
    EXPECT_EQ(origin_of("http://a"), "http://a");
    EXPECT_EQ(origin_of("http://a:1/b://c"), "http://a:1");
    EXPECT_EQ(origin_of("http://a?b"), "http://a");
}

TEST(ServerRequestTest, has_a_path_and_a_query) {
    const std::array<std::array<const char*, 3>, 7> cases = {{
        {"/", "/", ""},
        {"/a/b?c?d", "/a/b", "c?d"},
        {"/a?x=http://b/", "/a", "x=http://b/"},
        {"http://a/b?c", "/b", "c"},
        {"http://a", "/", ""},
        {"http://a?b", "/", "b"},
        {"*", "*", ""},
    }};
    for (const auto& [target, path, query] : cases) {
        ServerRequest request;
        request.target = target;
        EXPECT_EQ(request.path(), path) << target;
        EXPECT_EQ(request.query(), query) << target;
    }
}

TEST(UnreadTest, is_used_where_it_lies_and_leaves_no_memory) {
    Unread unread;
    EXPECT_TRUE(unread.empty());
    const std::string text(100'000, 'x');
    unread.keep(text);
    const char* const begin = unread.rest().data();
    for (std::size_t used = 0; used < text.size(); used += 10) {
        EXPECT_EQ(unread.rest().data(), begin + used);
        EXPECT_EQ(unread.rest().size(), text.size() - used);
        unread.use(10);
    }
    EXPECT_TRUE(unread.empty());
    EXPECT_LT(unread.capacity(), 100U);
    unread.keep("more");
    EXPECT_EQ(unread.rest(), "more");
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
