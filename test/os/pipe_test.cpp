// SPDX-License-Identifier: Apache-2.0
// Pipes as streams, within one process.
#include <csignal>

#include "os/os_test.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

using os::make_pipe;
using os::PipePair;

static_assert(io::ByteStream<PipeStream>);

class PipeTest : public OsTest {};

TEST_P(PipeTest, bytes_arrive_in_order_and_end) {
    on_driver([]() -> Task<> {
        PipePair pipe = make_pipe();
        const std::string text = numbered_text(3'000'000);
        auto writer = [&]() -> Task<> {
            co_await pipe.writer.write_all(text);
            pipe.writer.shutdown_write();
            EXPECT_FALSE(pipe.writer.is_open());
        };
        std::string got;
        auto reader = [&]() -> Task<> { got = co_await read_all(pipe.reader); };
        co_await gather(writer, reader);
        EXPECT_TRUE(got == text);
        std::string buffer(10, '\0');
        const std::size_t after = co_await pipe.reader.read_some(buffer);
        EXPECT_EQ(after, 0U);
    });
}

TEST_P(PipeTest, a_read_that_is_cancelled_takes_no_byte) {
    on_driver([]() -> Task<> {
        PipePair pipe = make_pipe();
        std::string buffer(10, '\0');
        for (int i = 0; i < 50; ++i) {
            const auto nothing = co_await move_on_after(0s, pipe.reader.read_some(buffer));
            EXPECT_FALSE(nothing);
        }
        co_await pipe.writer.write_all("whole");
        const std::size_t got = co_await pipe.reader.read_some(buffer);
        EXPECT_EQ(buffer.substr(0, got), "whole");
    });
}

// Whatever the instant at which the cancel strikes: a byte was read and told, or it is still there.
TEST_P(PipeTest, cancels_beside_writes_lose_nothing) {
    on_driver([]() -> Task<> {
        PipePair pipe = make_pipe();
        std::string got;
        auto read_once = [&]() -> Task<> {
            std::string buffer(16, '\0');
            const std::size_t bytes = co_await pipe.reader.read_some(buffer);
            got.append(buffer, 0, bytes);
        };
        std::string sent;
        for (int i = 0; i < 2000; ++i) {
            auto reading = create_task(read_once);
            co_await turns(i % 3);
            const std::string letter(1, static_cast<char>('a' + i % 26));
            co_await pipe.writer.write_all(letter);
            sent += letter;
            co_await turns(i % 2);
            reading.cancel();
            try {
                co_await reading;
            } catch (const Cancelled&) {
                continue;
            }
        }
        pipe.writer.close();
        got += co_await read_all(pipe.reader);
        EXPECT_EQ(got, sent);
    });
}

TEST_P(PipeTest, a_write_that_stops_halfway_breaks_the_stream) {
    on_driver([]() -> Task<> {
        PipePair pipe = make_pipe();
        const std::string text(1'000'000, 'x');
        const auto done = co_await move_on_after(1ms, pipe.writer.write_all(text));
        EXPECT_FALSE(done);
        const auto again = [&]() -> Task<> { co_await pipe.writer.write_all("more"); };
        const std::string code = co_await error_of(again);
        EXPECT_EQ(code, "closed");
    });
}

TEST_P(PipeTest, a_write_that_had_not_begun_breaks_nothing) {
    on_driver([]() -> Task<> {
        PipePair pipe = make_pipe();
        const std::string fill(65536, 'x');
        co_await pipe.writer.write_all(fill);
        const auto done = co_await move_on_after(1ms, pipe.writer.write_all("late"));
        EXPECT_FALSE(done);
        std::string buffer(65536, '\0');
        std::size_t got = 0;
        while (got < fill.size()) {
            got += co_await pipe.reader.read_some(buffer);
        }
        co_await pipe.writer.write_all("fine");
        got = co_await pipe.reader.read_some(buffer);
        EXPECT_EQ(buffer.substr(0, got), "fine");
    });
}

TEST_P(PipeTest, nobody_who_reads_is_an_error_and_no_signal) {
    std::signal(SIGPIPE, SIG_DFL);
    on_driver([]() -> Task<> {
        PipePair pipe = make_pipe();
        pipe.reader.close();
        std::string text;
        try {
            co_await pipe.writer.write_all("x");
        } catch (const Error& error) {
            text = error.what();
            EXPECT_EQ(error.code(), Errc::closed);
        }
        EXPECT_EQ(text, "write a pipe: Broken pipe");
    });
}

// More than a ring has entries: the kernel gets the first of them before the turn ends.
TEST_P(PipeTest, very_many_writes_to_nobody_in_one_turn_raise_no_signal) {
    std::signal(SIGPIPE, SIG_DFL);
    on_driver([]() -> Task<> {
        constexpr int count = 300;
        std::vector<PipeStream> writers;
        for (int i = 0; i < count; ++i) {
            PipePair pipe = make_pipe();
            writers.push_back(std::move(pipe.writer));
        }
        int closed = 0;
        auto write = [&](PipeStream& writer) -> Task<> {
            auto one = [&]() -> Task<> { co_await writer.write_all("x"); };
            const std::string code = co_await error_of(one);
            closed += code == "closed" ? 1 : 0;
        };
        std::vector<Task<>> writes;
        for (PipeStream& writer : writers) {
            writes.push_back(write(writer));
        }
        co_await gather(std::move(writes));
        EXPECT_EQ(closed, count);
    });
}

// A listener that is opened publishes what is queued.
TEST_P(PipeTest, a_write_to_nobody_beside_a_new_listener_raises_no_signal) {
    std::signal(SIGPIPE, SIG_DFL);
    on_driver([]() -> Task<> {
        PipePair pipe = make_pipe();
        pipe.reader.close();
        auto write = [&]() -> Task<> { co_await pipe.writer.write_all("x"); };
        auto listen = []() -> Task<> {
            const TcpListener listener = TcpListener::listen(Address::loopback(0));
            co_return;
        };
        auto fails = [&]() -> Task<std::string> {
            const std::string code = co_await error_of(write);
            co_return code;
        };
        const auto [code, nothing] = co_await gather(fails, listen);
        static_cast<void>(nothing);
        EXPECT_EQ(code, "closed");
    });
}

TEST_P(PipeTest, a_waiting_write_hears_that_the_reader_went) {
    std::signal(SIGPIPE, SIG_DFL);
    on_driver([]() -> Task<> {
        PipePair pipe = make_pipe();
        const std::string text(1'000'000, 'x');
        std::string code;
        auto writer = [&]() -> Task<> {
            auto write = [&]() -> Task<> { co_await pipe.writer.write_all(text); };
            code = co_await error_of(write);
        };
        auto closer = [&]() -> Task<> {
            co_await turns(5);
            pipe.reader.close();
        };
        co_await gather(writer, closer);
        EXPECT_EQ(code, "closed");
    });
}

TEST_P(PipeTest, the_wrong_direction_and_a_second_reader) {
    on_driver([]() -> Task<> {
        PipePair pipe = make_pipe();
        std::string buffer(10, '\0');
        auto wrong = [&]() -> Task<> { co_await pipe.reader.write_all("x"); };
        std::string code = co_await error_of(wrong);
        EXPECT_EQ(code, "closed");
        auto first = [&]() -> Task<> { co_await pipe.reader.read_some(buffer); };
        auto task = create_task(first);
        co_await turns(2);
        std::string other(10, '\0');
        auto second = [&]() -> Task<> { co_await pipe.reader.read_some(other); };
        code = co_await error_of(second);
        EXPECT_EQ(code, "busy");
        co_await pipe.writer.write_all("x");
        co_await task;
        EXPECT_EQ(buffer[0], 'x');
        PipeStream closed;
        auto read_closed = [&]() -> Task<> { co_await closed.read_some(buffer); };
        code = co_await error_of(read_closed);
        EXPECT_EQ(code, "closed");
    });
}

TEST_P(PipeTest, moving_leaves_a_closed_pipe) {
    on_driver([]() -> Task<> {
        PipePair pipe = make_pipe();
        PipeStream reader = std::move(pipe.reader);
        EXPECT_FALSE(pipe.reader.is_open());
        EXPECT_EQ(pipe.reader.name(), "a closed pipe");
        pipe.reader = std::move(reader);
        EXPECT_TRUE(pipe.reader.is_open());
        pipe.reader = PipeStream();
        EXPECT_FALSE(pipe.reader.is_open());
        co_return;
    });
}

TEST_P(PipeTest, cancelled_everywhere) {
    Everywhere where;
    where.driver = GetParam().driver;
    cancel_everywhere(
        []() -> Task<> {
            PipePair pipe = make_pipe();
            const std::string text(300'000, 'x');
            auto writer = [&]() -> Task<> {
                co_await pipe.writer.write_all(text);
                pipe.writer.close();
            };
            auto reader = [&]() -> Task<> { co_await read_all(pipe.reader); };
            co_await gather(writer, reader);
        },
        where);
}

INSTANTIATE_TEST_SUITE_P(os, PipeTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
