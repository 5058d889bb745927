// SPDX-License-Identifier: Apache-2.0
// What is particular to streams in memory; every_stream_test.cpp has what they share with others.
#include "rondo/io/pipe.hpp"

#include "io/io_test.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

class PipeTest : public LedgerTest {
protected:
    static Task<std::string> drain(io::PipeReader& reader, std::size_t at_most) {
        std::string text;
        std::vector<char> to(at_most);
        for (;;) {
            const std::size_t got = co_await reader.read_some(to);
            if (got == 0) {
                co_return text;
            }
            text.append(to.data(), got);
        }
    }
};

TEST_F(PipeTest, holds_exactly_its_capacity) {
    for (const std::size_t capacity : {1U, 2U, 7U, 64U}) {
        run_sim([&]() -> Task<> {
            auto [reader, writer] = io::make_pipe(capacity);
            const std::string text(capacity, 'x');
            co_await writer.write_all(text);
            auto one_more = create_task([&]() -> Task<> { co_await writer.write_all("y"); });
            co_await turns(5);
            EXPECT_FALSE(one_more.done());
            std::array<char, 1> to{};
            co_await reader.read_some(to);
            EXPECT_EQ(to[0], 'x');
            co_await one_more;
            writer.close();
            const std::string rest = co_await drain(reader, 100);
            EXPECT_EQ(rest, text.substr(1) + "y");
        });
    }
}

TEST_F(PipeTest, with_no_capacity_a_write_waits_for_its_last_byte) {
    run_sim([&]() -> Task<> {
        auto [reader, writer] = io::make_pipe(0);
        auto write = create_task([&]() -> Task<> { co_await writer.write_all("abc"); });
        co_await turns(3);
        EXPECT_FALSE(write.done());
        std::array<char, 2> to{};
        const std::size_t got = co_await reader.read_some(to);
        EXPECT_EQ(std::string(to.data(), got), "ab");
        co_await turns(3);
        EXPECT_FALSE(write.done());
        const std::size_t last = co_await reader.read_some(to);
        EXPECT_EQ(std::string(to.data(), last), "c");
        co_await write;
        co_await writer.write_all("");
        writer.shutdown_write();
        const std::size_t end = co_await reader.read_some(to);
        EXPECT_EQ(end, 0U);
    });
}

TEST_F(PipeTest, keeps_the_order_for_every_capacity_and_portion) {
    for (const std::size_t capacity : {0U, 1U, 3U, 10U, 1000U}) {
        for (const std::size_t portion : {1U, 2U, 5U, 64U, 2000U}) {
            run_sim([&]() -> Task<> {
                auto [reader, writer] = io::make_pipe(capacity);
                const std::string text = numbered_text(1500);
                auto write = [&]() -> Task<> {
                    for (std::size_t at = 0; at < text.size(); at += portion) {
                        co_await writer.write_all(std::string_view(text).substr(at, portion));
                    }
                    writer.close();
                };
                auto [done, read] = co_await gather(write, drain(reader, 1 + portion * 2 / 3));
                EXPECT_EQ(read, text);
            });
        }
    }
}

TEST_F(PipeTest, a_reader_that_waits_gets_the_bytes_from_the_writers_memory) {
    run_sim([&]() -> Task<> {
        auto [reader, writer] = io::make_pipe(4);
        std::string into(100, '\0');
        auto read = create_task([&]() -> Task<std::size_t> {
            const std::size_t got = co_await reader.read_some(into);
            co_return got;
        });
        co_await turns(2);
        const std::string text = numbered_text(60);
        co_await writer.write_all(text);  // would not fit into the pipe
        const std::size_t got = co_await read;
        EXPECT_EQ(got, 60U);
        EXPECT_EQ(into.substr(0, 60), text);
    });
}

TEST_F(PipeTest, what_a_cancel_came_too_late_for_is_delivered) {
    run_sim([&]() -> Task<> {
        auto [reader, writer] = io::make_pipe();
        std::array<char, 4> to{};
        std::size_t got = 0;
        auto read = create_task([&]() -> Task<> { got = co_await reader.read_some(to); });
        co_await turns(2);
        co_await writer.write_all("data");
        read.cancel();
        try {
            co_await read;
        } catch (const Cancelled&) {
        }
        EXPECT_EQ(got, 4U);
    });
}

TEST_F(PipeTest, a_write_that_was_stopped_halfway_breaks_it_for_writing) {
    run_sim([&]() -> Task<> {
        auto [reader, writer] = io::make_pipe(4);
        const auto nothing = co_await move_on_after(1s, [&]() -> Task<int> {
            co_await writer.write_all("four+");
            co_return 0;
        });
        EXPECT_FALSE(nothing.has_value());
        try {
            co_await writer.write_all("x");
            ADD_FAILURE() << "no error";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::closed);
            EXPECT_NE(std::string(error.what()).find("ended halfway"), std::string::npos);
        }
        writer.close();
        const std::string text = co_await drain(reader, 100);
        EXPECT_EQ(text, "four");
    });
}

TEST_F(PipeTest, a_write_that_was_stopped_before_its_first_byte_leaves_it_whole) {
    run_sim([&]() -> Task<> {
        auto [reader, writer] = io::make_pipe(4);
        co_await writer.write_all("four");
        const auto nothing = co_await move_on_after(1s, [&]() -> Task<int> {
            co_await writer.write_all("never");
            co_return 0;
        });
        EXPECT_FALSE(nothing.has_value());
        std::array<char, 2> to{};
        co_await reader.read_some(to);
        co_await writer.write_all("+1");
        writer.close();
        const std::string text = co_await drain(reader, 100);
        EXPECT_EQ(text, "ur+1");
    });
}

TEST_F(PipeTest, a_closed_reader_is_no_reset_but_a_broken_pipe) {
    run_sim([&]() -> Task<> {
        auto [reader, writer] = io::make_pipe();
        co_await writer.write_all("unread");
        reader.close();
        try {
            co_await writer.write_all("x");
            ADD_FAILURE() << "no error";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::closed);
            EXPECT_EQ(error.os_error(), EPIPE);
            EXPECT_EQ(std::string(error.what()), "write a pipe in memory: Broken pipe");
        }
    });
}

TEST_F(PipeTest, an_end_is_a_stream_that_has_one_direction) {
    run_sim([&]() -> Task<> {
        auto [reader, writer] = io::make_pipe();
        io::Stream source(std::move(reader));
        io::Stream sink(std::move(writer));
        co_await sink.write_all("text");
        co_await sink.shutdown_write();
        const std::string text = co_await read_to_end(source);
        EXPECT_EQ(text, "text");
        std::string code = co_await code_of(source.write_all("x"));
        EXPECT_EQ(code, "not_supported");
        code = co_await code_of(source.shutdown_write());
        EXPECT_EQ(code, "not_supported");
        code = co_await code_of(read_to_end(sink));
        EXPECT_EQ(code, "not_supported");
    });
}

TEST_F(PipeTest, a_lease_is_taken_only_for_bytes) {
    run_sim([&]() -> Task<> {
        auto [reader, writer] = io::make_pipe();
        auto read = create_task([&]() -> Task<std::string> {
            const io::Lease lease = co_await reader.read_leased();
            co_return std::string(lease.bytes().text());
        });
        co_await turns(2);
        co_await writer.write_all("text");
        const std::string text = co_await read;
        EXPECT_EQ(text, "text");
    });
}

TEST_F(PipeTest, a_deadlock_says_who_waits_for_what) {
    try {
        run_sim([&]() -> Task<> {
            auto [reader, writer] = io::make_pipe();
            std::array<char, 1> to{};
            co_await reader.read_some(to);
        });
        ADD_FAILURE() << "no deadlock";
    } catch (const std::exception& error) {
        EXPECT_NE(std::string(error.what()).find("a stream in memory: read"), std::string::npos)
            << error.what();
    }
}

TEST_F(PipeTest, cancelled_everywhere_it_leaves_nothing) {
    cancel_everywhere([]() -> Task<> {
        auto [client, server] = io::make_duplex(8);
        auto ask = [&]() -> Task<> {
            co_await client.write_all("a question longer than that");
            client.shutdown_write();
            const io::Lease answer = co_await client.read_leased();
        };
        auto answer = [&]() -> Task<> {
            std::array<char, 5> to{};
            for (std::size_t got = 1; got != 0;) {
                got = co_await server.read_some(to);
            }
            const Bytes parts[] = {"an ", "answer"};
            co_await server.write_all(parts);
        };
        co_await gather(ask, answer);
    });
}

}  // namespace
}  // namespace rondo::test
