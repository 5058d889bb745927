// SPDX-License-Identifier: Apache-2.0
// asyncio.StreamReader beside io::BufferedStream, over a connection in memory.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "parity/parity.hpp"
#include "rondo/io/buffered_stream.hpp"
#include "rondo/io/pipe.hpp"
#include "rondo/loop/create_task.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityStream : public ParityTest {
protected:
    /// Runs `body(near, stream)`: what `near` writes, `stream` reads.
    template <class F>
    void with_pair(F body) {
        run_sim([&]() -> Task<> {
            auto [near, far] = io::make_duplex();
            io::BufferedStream stream(std::move(far));
            co_await body(near, stream);
            stream.close();
        });
    }
};

using io::BufferedStream;
using io::MemoryStream;

TEST_F(ParityStream, a_read_gives_what_is_there) {
    same("test_streams: StreamTests.test_read");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        char to[30];
        auto read =
            create_task([&]() -> Task<std::size_t> { co_return co_await stream.read_some(to); });
        co_await turns(2);
        co_await near.write_all("some text");
        const std::size_t got = co_await read;
        EXPECT_EQ(std::string(to, got), "some text");
    });
}

TEST_F(ParityStream, a_read_takes_no_more_than_it_may) {
    same("test_streams: StreamTests.test_read_line_breaks");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("line1");
        co_await near.write_all("line2");
        char to[5];
        const std::size_t got = co_await stream.read_some(to);
        EXPECT_EQ(std::string(to, got), "line1");
        EXPECT_EQ(stream.buffered(), 5U);
    });
}

TEST_F(ParityStream, at_the_end_a_read_gives_nothing) {
    same("test_streams: StreamTests.test_read_eof");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        near.close();
        char to[8];
        const std::size_t got = co_await stream.read_some(to);
        EXPECT_EQ(got, 0U);
    });
}

TEST_F(ParityStream, a_read_of_everything_waits_for_the_end) {
    differs("test_streams: StreamTests.test_read_until_eof",
            "read_all wants a limit: a peer must not fill the memory");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        auto read = create_task(stream.read_all(100));
        co_await near.write_all("chunk1\n");
        co_await turns(2);
        EXPECT_FALSE(read.done());
        co_await near.write_all("chunk2");
        near.close();
        const std::string text = co_await read;
        EXPECT_EQ(text, "chunk1\nchunk2");
    });
}

TEST_F(ParityStream, a_failure_is_thrown_by_each_read) {
    same("test_streams: StreamTests.test_read_exception");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("line\n");
        char to[2];
        const std::size_t got = co_await stream.read_some(to);
        EXPECT_EQ(std::string(to, got), "li");
        co_await stream.write_all("never read");
        near.close();
        for (int i = 0; i < 2; ++i) {
            const std::string end = co_await ending_of(stream.read_until("?"));
            EXPECT_EQ(end, "read a stream in memory: Connection reset by peer");
        }
    });
}

TEST_F(ParityStream, a_line_is_put_together) {
    differs("test_streams: StreamTests.test_readline",
            "a line comes without its end, LF or CR LF, as std::getline has it");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("chunk1 ");
        auto read = create_task(stream.read_line());
        co_await turns(2);
        co_await near.write_all("chunk2 ");
        co_await near.write_all("chunk3 ");
        co_await near.write_all("\n chunk4");
        const auto line = co_await read;
        EXPECT_EQ(line, "chunk1 chunk2 chunk3 ");
        EXPECT_EQ(stream.buffered(), 7U);
    });
}

TEST_F(ParityStream, a_line_that_is_there_does_not_wait) {
    same("test_streams: StreamTests.test_readline_nolimit_nowait");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("line1\nline2\nline3\n");
        const auto line = co_await stream.read_line();
        EXPECT_EQ(line, "line1");
        EXPECT_EQ(stream.buffered(), 12U);
    });
}

TEST_F(ParityStream, a_line_beyond_the_limit_that_is_there) {
    differs("test_streams: StreamTests.test_readline_limit_with_existing_data",
            "the line is left in the stream, as read_until leaves it; asyncio drops it, and what "
            "follows would be taken for a line");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("li");
        co_await near.write_all("ne1\nline2\n");
        const std::string end = co_await ending_of(stream.read_until("\n", 3));
        EXPECT_EQ(end, "read a stream in memory: more than the limit of 3 bytes came");
        EXPECT_EQ(stream.buffered(), 12U);
    });
}

TEST_F(ParityStream, a_line_beyond_the_limit_that_comes_in_pieces) {
    differs(
        "test_streams: StreamTests.test_readline_limit",
        "LimitOverrunError, where asyncio's readline makes a ValueError of it; nothing is lost");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        auto read = create_task(stream.read_line(4));
        co_await near.write_all("chunk1");
        bool overrun = false;
        try {
            co_await read;
        } catch (const io::LimitOverrunError&) {
            overrun = true;
        }
        EXPECT_TRUE(overrun);
        co_await near.write_all("chunk2\nchunk3\n");
        const auto line = co_await stream.read_line();
        EXPECT_EQ(line, "chunk1chunk2");
    });
}

TEST_F(ParityStream, a_last_line_needs_no_end) {
    same("test_streams: StreamTests.test_readline_eof");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("some data");
        near.close();
        const auto line = co_await stream.read_line();
        EXPECT_EQ(line, "some data");
    });
}

TEST_F(ParityStream, after_the_last_line_there_is_none) {
    differs("test_streams: StreamTests.test_readline_empty_eof",
            "an empty optional; an empty line is one");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        near.close();
        const auto line = co_await stream.read_line();
        EXPECT_FALSE(line.has_value());
    });
}

TEST_F(ParityStream, lines_and_counts_take_turns) {
    same("test_streams: StreamTests.test_readline_read_byte_count");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("line1\nline2\nline3\n");
        co_await stream.read_line();
        const std::string text = co_await stream.read_exactly(7);
        EXPECT_EQ(text, "line2\nl");
        EXPECT_EQ(stream.buffered(), 5U);
    });
}

TEST_F(ParityStream, at_end_wants_the_end_and_nothing_left) {
    same("test_streams: StreamTests.test_at_eof");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        EXPECT_FALSE(stream.at_end());
        co_await near.write_all("some data\n");
        co_await stream.peek();
        EXPECT_FALSE(stream.at_end());
        co_await stream.read_line();
        EXPECT_FALSE(stream.at_end());
        near.close();
        co_await stream.read_line();
        EXPECT_TRUE(stream.at_end());
    });
}

TEST_F(ParityStream, read_until_keeps_the_separator) {
    same("test_streams: StreamTests.test_readuntil_separator");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("lineABX");
        const std::string text = co_await stream.read_until("AB");
        EXPECT_EQ(text, "lineAB");
        EXPECT_EQ(stream.buffered(), 1U);
    });
}

TEST_F(ParityStream, a_separator_may_come_in_pieces) {
    same("test_streams: StreamTests.test_readuntil_multi_chunks_1");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        for (const auto& [first, second] :
             {std::pair("QWERTYaa", "a1"), std::pair("QWERTYa", "aa1")}) {
            auto read = create_task(stream.read_until("aaa"));
            co_await near.write_all(first);
            co_await turns(2);
            co_await near.write_all(second);
            const std::string text = co_await read;
            EXPECT_EQ(text, "QWERTYaaa");
            co_await stream.read_exactly(1);
        }
    });
}

TEST_F(ParityStream, an_end_before_the_separator_gives_the_partial_text_and_forgets_it) {
    same("test_streams: StreamTests.test_readuntil_eof");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("some dataAA");
        near.close();
        std::string partial;
        bool has_count = true;
        try {
            co_await stream.read_until("AAA");
        } catch (const io::IncompleteReadError& error) {
            partial = error.partial();
            has_count = error.expected().has_value();
        }
        EXPECT_EQ(partial, "some dataAA");
        EXPECT_FALSE(has_count);
        EXPECT_EQ(stream.buffered(), 0U);
    });
}

TEST_F(ParityStream, an_overrun_leaves_the_data_where_it_is) {
    same("test_streams: StreamTests.test_readuntil_limit_found_sep");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("some dataAA");
        std::string found = co_await ending_of(stream.read_until("AAA", 3));
        EXPECT_NE(found.find("more than the limit"), std::string::npos) << found;
        EXPECT_EQ(stream.buffered(), 11U);
        co_await near.write_all("A");
        found = co_await ending_of(stream.read_until("AAA", 3));
        EXPECT_NE(found.find("more than the limit"), std::string::npos) << found;
        EXPECT_EQ(stream.buffered(), 11U);
        const std::string text = co_await stream.read_until("AAA", 9);
        EXPECT_EQ(text, "some dataAAA");
    });
}

TEST_F(ParityStream, read_exactly_of_nothing) {
    differs("test_streams: StreamTests.test_readexactly_zero_or_less",
            "a count has no sign; 0 gives nothing in both");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("x");
        const std::string text = co_await stream.read_exactly(0);
        EXPECT_EQ(text, "");
    });
}

TEST_F(ParityStream, read_exactly_is_no_business_of_the_limit) {
    same("test_streams: StreamTests.test_readexactly_limit");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        const std::string text(200'000, 'c');
        auto write = create_task([&]() -> Task<> { co_await near.write_all(text); });
        const std::string read = co_await stream.read_exactly(text.size());
        EXPECT_EQ(read, text);
        co_await write;
    });
}

TEST_F(ParityStream, an_end_before_the_count_gives_the_partial_text) {
    same("test_streams: StreamTests.test_readexactly_eof");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("some data");
        near.close();
        std::string partial;
        std::size_t expected = 0;
        try {
            co_await stream.read_exactly(18);
        } catch (const io::IncompleteReadError& error) {
            partial = error.partial();
            expected = error.expected().value_or(0);
        }
        EXPECT_EQ(partial, "some data");
        EXPECT_EQ(expected, 18U);
        EXPECT_EQ(stream.buffered(), 0U);
    });
}

TEST_F(ParityStream, a_cancelled_reader_leaves_the_stream_usable) {
    same("test_streams: StreamTests.test_exception_cancel");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        auto read = create_task(stream.read_line());
        co_await turns(2);
        read.cancel();
        const std::string end = co_await ending_at(read);
        EXPECT_EQ(end, "cancelled: caller");
        co_await near.write_all("kept\n");
        const auto line = co_await stream.read_line();
        EXPECT_EQ(line, "kept");
    });
}

TEST_F(ParityStream, a_second_reader_is_refused) {
    differs("test_streams: StreamReader, one reader at a time",
            "an Error of code busy rather than a RuntimeError");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        auto read = create_task(stream.read_line());
        co_await turns(2);
        const std::string end = co_await ending_of(stream.read_all(1));
        EXPECT_EQ(end, "read a stream in memory: Device or resource busy");
        near.close();
        co_await read;
    });
}

TEST_F(ParityStream, lines_can_be_gone_through) {
    same("test_pep492: StreamReaderTests.test_readline");
    with_pair([](MemoryStream& near, BufferedStream& stream) -> Task<> {
        co_await near.write_all("line1\nline2\nline3");
        near.close();
        std::string all;
        auto lines = stream.lines();
        for (;;) {
            const auto line = co_await lines.next();
            if (!line) {
                break;
            }
            all += "[" + std::string(*line) + "]";
        }
        EXPECT_EQ(all, "[line1][line2][line3]");
    });
}

}  // namespace
}  // namespace rondo::test
