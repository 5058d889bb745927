// SPDX-License-Identifier: Apache-2.0
// Reads other than lines, which are in buffered_lines_test.cpp.
#include "rondo/io/buffered_stream.hpp"

#include "io/buffered_test.hpp"

namespace rondo::test {
namespace {

class BufferedStreamTest : public BufferedTest {};

// --------------------------------------------------------------------- read_until

TEST_P(BufferedStreamTest, read_until_gives_the_delimiter_too) {
    with_text("key: value\r\n\r\nbody", [](BufferedStream& stream) -> Task<> {
        const std::string key = co_await stream.read_until(": ");
        EXPECT_EQ(key, "key: ");
        const std::string head = co_await stream.read_until("\r\n\r\n");
        EXPECT_EQ(head, "value\r\n\r\n");
        EXPECT_FALSE(stream.at_end());
    });
}

TEST_P(BufferedStreamTest, a_delimiter_may_come_in_pieces) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        BufferedStream stream(std::move(ends.server));
        const std::string text = "--\r\r\n-\r\n\r-abab\r\n\r\n!";
        auto writer = [&]() -> Task<> {
            for (const char& letter : text) {
                co_await ends.client.write_all(Bytes(std::string_view(&letter, 1)));
                co_await turns(2);
            }
        };
        auto reader = [&]() -> Task<std::string> {
            const std::string read = co_await stream.read_until("\r\n\r\n");
            const std::string rest = co_await stream.read_exactly(1);
            co_return read + rest;
        };
        auto [written, read] = co_await gather(writer, reader);
        EXPECT_EQ(read, text);
    });
}

TEST_P(BufferedStreamTest, an_end_before_the_delimiter_is_an_incomplete_read) {
    with_text("no such thing", [](BufferedStream& stream) -> Task<> {
        try {
            co_await stream.read_until("\n");
            ADD_FAILURE() << "no error";
        } catch (const io::IncompleteReadError& error) {
            EXPECT_EQ(error.partial(), "no such thing");
            EXPECT_FALSE(error.expected().has_value());
            EXPECT_EQ(error.code(), Errc::closed);
            EXPECT_NE(std::string(error.what()).find("ended after 13 bytes"), std::string::npos);
        }
        EXPECT_TRUE(stream.at_end()) << "the partial data has left the stream";
    });
}

TEST_P(BufferedStreamTest, read_until_allows_exactly_its_limit_before_the_delimiter) {
    with_text("12345::678901::", [](BufferedStream& stream) -> Task<> {
        const std::string first = co_await stream.read_until("::", 5);
        EXPECT_EQ(first, "12345::");
        try {
            co_await stream.read_until("::", 5);
            ADD_FAILURE() << "no error";
        } catch (const io::LimitOverrunError& error) {
            EXPECT_EQ(error.consumed(), 6U);
        }
        const std::string second = co_await stream.read_until("::", 6);
        EXPECT_EQ(second, "678901::");
    });
}

// ------------------------------------------------------------------- read_exactly, read_all

TEST_P(BufferedStreamTest, read_exactly_gives_exactly_that) {
    const std::string text = numbered_text(300'000);
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        BufferedStream stream(std::move(ends.server));
        auto writer = [&]() -> Task<> {
            co_await ends.client.write_all(text);
            co_await ends.client.shutdown_write();
        };
        auto reader = [&]() -> Task<std::string> {
            std::string read = co_await stream.read_exactly(0);
            for (const std::size_t count : {1U, 2U, 5'000U, 100'000U}) {
                read += co_await stream.read_exactly(count);
            }
            for (const std::size_t count : {3U, 60'000U}) {
                std::string part(count, '\0');
                co_await stream.read_exactly(MutableBytes(part));
                read += part;
            }
            std::string rest = co_await stream.read_all(text.size() - read.size());
            co_return read + rest;
        };
        auto [written, read] = co_await gather(writer, reader);
        EXPECT_TRUE(read == text);
        EXPECT_TRUE(stream.at_end());
    });
}

TEST_P(BufferedStreamTest, an_end_before_the_count_is_an_incomplete_read) {
    for (const bool into : {false, true}) {
        with_text("only this", [&](BufferedStream& stream) -> Task<> {
            std::string to(100'000, '\0');
            try {
                if (into) {
                    co_await stream.read_exactly(MutableBytes(to));
                } else {
                    co_await stream.read_exactly(100'000);
                }
                ADD_FAILURE() << "no error";
            } catch (const io::IncompleteReadError& error) {
                EXPECT_EQ(error.partial(), "only this");
                EXPECT_EQ(error.expected(), 100'000U);
                EXPECT_NE(std::string(error.what()).find("9 of 100000"), std::string::npos);
            }
            EXPECT_TRUE(stream.at_end());
        });
    }
}

TEST_P(BufferedStreamTest, read_all_allows_exactly_its_limit) {
    with_text("12345", [](BufferedStream& stream) -> Task<> {
        const std::string code = co_await code_of(stream.read_all(4));
        EXPECT_EQ(code, "protocol");
        const std::string text = co_await stream.read_all(5);
        EXPECT_EQ(text, "12345") << "it was left in the stream";
        const std::string nothing = co_await stream.read_all(0);
        EXPECT_EQ(nothing, "");
    });
}

// ------------------------------------------------------------------------- for parsers

TEST_P(BufferedStreamTest, peek_shows_and_consume_takes) {
    with_text("abcdef", [](BufferedStream& stream) -> Task<> {
        std::string_view seen = co_await stream.peek(4);
        EXPECT_EQ(seen.substr(0, 4), "abcd");
        stream.consume(2);
        const std::string text = co_await stream.read_exactly(2);
        EXPECT_EQ(text, "cd");
        seen = co_await stream.peek(100);
        EXPECT_EQ(seen, "ef") << "fewer at the end";
        EXPECT_EQ(stream.buffered(), 2U);
        stream.consume(2);
        seen = co_await stream.peek();
        EXPECT_EQ(seen, "");
        EXPECT_TRUE(stream.at_end());
    });
}

TEST_P(BufferedStreamTest, peek_joins_what_came_in_pieces) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        BufferedStream stream(std::move(ends.server));
        const std::string text = numbered_text(200'000);
        auto writer = [&]() -> Task<> { co_await ends.client.write_all(text); };
        auto reader = [&]() -> Task<std::string> {
            std::string read;
            for (std::size_t count = 1; read.size() < text.size(); count = count * 3 % 7919 + 1) {
                const std::size_t wanted = std::min(count, text.size() - read.size());
                const std::string_view seen = co_await stream.peek(wanted);
                EXPECT_GE(seen.size(), wanted);
                read += seen.substr(0, wanted);
                stream.consume(wanted);
            }
            co_return read;
        };
        auto [written, read] = co_await gather(writer, reader);
        EXPECT_TRUE(read == text);
    });
}

TEST_P(BufferedStreamTest, it_is_a_stream_itself_and_keeps_what_it_read_ahead) {
    with_text("STARTTLS\nsecret", [](BufferedStream& stream) -> Task<> {
        const auto line = co_await stream.read_line();
        EXPECT_EQ(line.value_or(""), "STARTTLS");
        io::Stream lower(std::move(stream));
        const std::string text = co_await read_to_end(lower);
        EXPECT_EQ(text, "secret");
        stream = BufferedStream();
        EXPECT_FALSE(stream.is_open());
    });
}

TEST_P(BufferedStreamTest, reads_of_all_kinds_take_what_is_buffered_first) {
    with_text("0123456789", [](BufferedStream& stream) -> Task<> {
        co_await stream.peek(10);
        std::array<char, 3> to{};
        std::size_t got = co_await stream.read_some(to);
        EXPECT_EQ(std::string(to.data(), got), "012");
        const io::Lease lease = co_await stream.read_leased();
        EXPECT_EQ(lease.bytes().text(), "3456789");
        got = co_await stream.read_some(to);
        EXPECT_EQ(got, 0U);
        const io::Lease end = co_await stream.read_leased();
        EXPECT_TRUE(end.empty());
    });
}

// ------------------------------------------------------------------------------- failures

TEST_P(BufferedStreamTest, a_reset_is_no_end_however_often_one_reads) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        BufferedStream stream(std::move(ends.server));
        co_await ends.client.write_all("half a li");
        const std::string_view seen = co_await stream.peek(9);
        EXPECT_EQ(seen, "half a li");
        co_await stream.write_all("never read");
        const std::string first = co_await code_of([](io::Stream& from) -> Task<> {
            std::array<char, 1> to{};
            co_await from.read_some(to);
        }(ends.client));
        EXPECT_EQ(first, "");
        ends.client.close();
        for (int i = 0; i < 3; ++i) {
            const std::string code = co_await code_of(stream.read_line());
            EXPECT_EQ(code, "reset");
        }
        const std::string text = co_await stream.read_exactly(9);
        EXPECT_EQ(text, "half a li") << "what came before can be read";
    });
}

TEST_P(BufferedStreamTest, a_second_reader_is_busy_and_disturbs_nothing) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        BufferedStream stream(std::move(ends.server));
        co_await ends.client.write_all("1234");
        auto reader = create_task(stream.read_exactly(6));
        co_await turns(10);
        const std::string code = co_await code_of(stream.read_exactly(1));
        EXPECT_EQ(code, "busy");
        co_await ends.client.write_all("56");
        const std::string text = co_await reader;
        EXPECT_EQ(text, "123456");
    });
}

TEST_P(BufferedStreamTest, a_closed_one_says_so) {
    with_text("text", [](BufferedStream& stream) -> Task<> {
        co_await stream.peek(2);
        stream.close();
        stream.close();
        EXPECT_EQ(stream.buffered(), 0U);
        const std::string code = co_await code_of(stream.read_line());
        EXPECT_EQ(code, "closed");
        const std::string write = co_await code_of(stream.write_all("x"));
        EXPECT_EQ(write, "closed");
    });
}

// ------------------------------------------------------------------------------ cancellation

TEST_P(BufferedStreamTest, a_stopped_read_loses_no_byte) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        BufferedStream stream(std::move(ends.server));
        const std::string text = numbered_text(400);
        std::string to(1000, '\0');
        for (std::size_t i = 0; i < text.size(); i += 4) {
            auto reader = create_task([&]() -> Task<> {
                switch (i / 4 % 5) {
                    case 0: co_await stream.read_line(); break;
                    case 1: co_await stream.read_until("::"); break;
                    case 2: co_await stream.read_exactly(1000); break;
                    case 3: co_await stream.read_exactly(MutableBytes(to)); break;
                    default: co_await stream.read_all(10'000); break;
                }
            });
            co_await turns(static_cast<int>(i / 4 % 3));
            co_await ends.client.write_all(Bytes(std::string_view(text).substr(i, 4)));
            co_await turns(static_cast<int>(i / 12 % 5));
            reader.cancel();
            co_await ended(reader);
            EXPECT_TRUE(reader.cancelled());
        }
        ends.client.close();
        const std::string read = co_await stream.read_all(10'000);
        EXPECT_EQ(read, text);
    });
}

TEST_P(BufferedStreamTest, a_stopped_read_into_large_memory_puts_back_what_it_got) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        BufferedStream stream(std::move(ends.server));
        const std::string text = numbered_text(50'000);
        {
            std::string to(100'000, '\0');
            auto reader =
                create_task([&]() -> Task<> { co_await stream.read_exactly(MutableBytes(to)); });
            co_await ends.client.write_all(text);
            co_await turns(30);
            reader.cancel();
            co_await ended(reader);
        }
        ends.client.close();
        const std::string read = co_await stream.read_all(100'000);
        EXPECT_TRUE(read == text);
    });
}

INSTANTIATE_TEST_SUITE_P(io, BufferedStreamTest, testing::ValuesIn(places(some_drivers())),
                         place_name);

}  // namespace
}  // namespace rondo::test
