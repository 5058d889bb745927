// SPDX-License-Identifier: Apache-2.0
// Lines, and how long they may be.
#include "io/buffered_test.hpp"

namespace rondo::test {
namespace {

class BufferedLinesTest : public BufferedTest {};

TEST_P(BufferedLinesTest, lines_end_with_lf_or_cr_lf) {
    with_text("one\ntwo\r\n\n\r\nth\rree\r\r\nlast", [](BufferedStream& stream) -> Task<> {
        for (const char* expected : {"one", "two", "", "", "th\rree\r", "last"}) {
            const auto line = co_await stream.read_line();
            EXPECT_EQ(line.value_or("the end"), expected);
        }
        EXPECT_TRUE(stream.at_end());
        for (int i = 0; i < 2; ++i) {
            const auto line = co_await stream.read_line();
            EXPECT_FALSE(line.has_value());
        }
    });
}

TEST_P(BufferedLinesTest, lines_gives_the_same_lines) {
    with_text("one\ntwo\r\n\n\r\nth\rree\r\r\nlast\r", [](BufferedStream& stream) -> Task<> {
        const auto lines = co_await all_lines(stream);
        const std::vector<std::string> expected{"one", "two", "", "", "th\rree\r", "last\r"};
        EXPECT_EQ(lines, expected);
        EXPECT_TRUE(stream.at_end());
    });
}

TEST_P(BufferedLinesTest, lines_dropped_early_has_taken_the_lines_it_gave) {
    with_text("one\ntwo\nthree\n", [](BufferedStream& stream) -> Task<> {
        {
            auto lines = stream.lines();
            const auto line = co_await lines.next();
            EXPECT_EQ(line.value_or(""), "one");
        }
        const auto line = co_await stream.read_line();
        EXPECT_EQ(line.value_or(""), "two");
    });
}

TEST_P(BufferedLinesTest, lines_that_come_byte_by_byte) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        BufferedStream stream(std::move(ends.server));
        const std::string text = "first line\r\nsecond\n\r\nend";
        auto writer = [&]() -> Task<> {
            for (const char& letter : text) {
                co_await ends.client.write_all(Bytes(std::string_view(&letter, 1)));
                co_await turns(1);
            }
            co_await ends.client.shutdown_write();
        };
        auto [written, lines] = co_await gather(writer, all_lines(stream));
        const std::vector<std::string> expected{"first line", "second", "", "end"};
        EXPECT_EQ(lines, expected);
    });
}

TEST_P(BufferedLinesTest, many_lines_across_many_receives) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        BufferedStream stream(std::move(ends.server));
        std::string text;
        std::vector<std::string> expected;
        for (std::size_t i = 0; i < 4000; ++i) {
            expected.push_back(numbered_text(i % 97) + std::to_string(i));
            text += expected.back() + (i % 2 == 0 ? "\n" : "\r\n");
        }
        auto writer = [&]() -> Task<> {
            co_await ends.client.write_all(text);
            co_await ends.client.shutdown_write();
        };
        auto [written, lines] = co_await gather(writer, all_lines(stream));
        EXPECT_TRUE(lines == expected);
    });
}

TEST_P(BufferedLinesTest, a_next_that_was_stopped_can_be_repeated) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        BufferedStream stream(std::move(ends.server));
        co_await ends.client.write_all("one\ntw");
        auto lines = stream.lines();
        const auto first = co_await lines.next();
        EXPECT_EQ(first.value_or("the end"), "one");
        for (int i = 0; i < 2; ++i) {
            const auto late = co_await move_on_after(1ms, lines.next());
            EXPECT_FALSE(late.has_value());
        }
        co_await ends.client.write_all("o\nthree\nfour");
        const auto second = co_await lines.next();
        EXPECT_EQ(second.value_or("the end"), "two");
        lines = stream.lines();
        const auto third = co_await lines.next();
        EXPECT_EQ(third.value_or("the end"), "three");
        const auto late = co_await move_on_after(1ms, lines.next());
        EXPECT_FALSE(late.has_value());
        co_await ends.client.shutdown_write();
        const auto fourth = co_await lines.next();
        EXPECT_EQ(fourth.value_or("the end"), "four");
        for (int i = 0; i < 2; ++i) {
            const auto end = co_await lines.next();
            EXPECT_FALSE(end.has_value());
        }
    });
}

TEST_P(BufferedLinesTest, a_next_that_failed_can_be_repeated) {
    with_text("one\n" + std::string(11, 'a') + "\nthree\n", [](BufferedStream& stream) -> Task<> {
        auto lines = stream.lines(10);
        const auto first = co_await lines.next();
        EXPECT_EQ(first.value_or("the end"), "one");
        for (int i = 0; i < 2; ++i) {
            const std::string code = co_await code_of(lines.next());
            EXPECT_EQ(code, "protocol");
        }
        lines = stream.lines(11);
        const auto second = co_await lines.next();
        EXPECT_EQ(second.value_or("the end"), std::string(11, 'a'));
        const auto third = co_await lines.next();
        EXPECT_EQ(third.value_or("the end"), "three");
    });
}

// ------------------------------------------------------------------------------- limits

TEST_P(BufferedLinesTest, a_line_of_the_limit_passes_and_one_more_does_not) {
    for (const std::string end : {"\n", "\r\n", ""}) {
        with_text(std::string(10, 'a') + end, [&](BufferedStream& stream) -> Task<> {
            const auto line = co_await stream.read_line(10);
            EXPECT_EQ(line.value_or(""), std::string(10, 'a'));
        });
        with_text(std::string(11, 'a') + end, [&](BufferedStream& stream) -> Task<> {
            const std::string code = co_await code_of(stream.read_line(10));
            EXPECT_EQ(code, "protocol");
            const auto line = co_await stream.read_line(11);
            EXPECT_EQ(line.value_or(""), std::string(11, 'a')) << "it was left in the stream";
        });
    }
}

TEST_P(BufferedLinesTest, a_line_too_long_is_found_before_its_end_has_come) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        BufferedStream stream(std::move(ends.server));
        co_await ends.client.write_all(std::string(11, 'a') + "\r");
        try {
            co_await stream.read_line(10);
            ADD_FAILURE() << "no error";
        } catch (const io::LimitOverrunError& error) {
            EXPECT_EQ(error.limit(), 10U);
            EXPECT_GE(error.consumed(), 11U);
            EXPECT_EQ(error.code(), Errc::protocol);
        }
        std::string code = co_await code_of(all_lines(stream, 10));
        EXPECT_EQ(code, "protocol") << "again and again";
        co_await ends.client.write_all("\n");
        const auto line = co_await stream.read_line(11);
        EXPECT_EQ(line.value_or(""), std::string(11, 'a'));
    });
}

TEST_P(BufferedLinesTest, a_lone_cr_at_the_end_counts) {
    with_text(std::string(10, 'a') + "\r", [](BufferedStream& stream) -> Task<> {
        const std::string code = co_await code_of(stream.read_line(10));
        EXPECT_EQ(code, "protocol");
        const auto line = co_await stream.read_line(11);
        EXPECT_EQ(line.value_or(""), std::string(10, 'a') + "\r");
    });
}

TEST_P(BufferedLinesTest, the_default_limit_is_64_kib) {
    const std::string line(64 * 1024, 'x');
    with_text(line + "\n" + line + "y\n", [&](BufferedStream& stream) -> Task<> {
        const auto first = co_await stream.read_line();
        EXPECT_TRUE(first == line);
        const std::string code = co_await code_of(stream.read_line());
        EXPECT_EQ(code, "protocol");
        const std::string second = co_await stream.read_until("\n", line.size() + 1);
        EXPECT_TRUE(second == line + "y\n");
    });
}

INSTANTIATE_TEST_SUITE_P(io, BufferedLinesTest, testing::ValuesIn(places(some_drivers())),
                         place_name);

}  // namespace
}  // namespace rondo::test
