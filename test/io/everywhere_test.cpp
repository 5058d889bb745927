// SPDX-License-Identifier: Apache-2.0
// Cancelled at every point, over each kind of stream, nothing is left of a conversation; and under
// a thousand schedules no byte changes its place.
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "io/io_test.hpp"
#include "rondo/io/buffered_writer.hpp"
#include "rondo/io/copy.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

class IoEverywhereTest : public IoTest {
protected:
    void expect_clean(const Scenario& scenario) {
        Everywhere where;
        where.driver = GetParam().driver.driver;
        where.seed = GetParam().driver.schedule == Schedule::fifo ? 0 : GetParam().driver.seed;
        const EverywhereReport report = cancel_everywhere(scenario, where);
        EXPECT_GT(report.stopped, 0U);
    }
};

TEST_P(IoEverywhereTest, lines_and_lengths) {
    expect_clean([&]() -> Task<> {
        Ends ends = co_await connected();
        auto ask = [&]() -> Task<> {
            io::BufferedWriter out(ends.client);
            co_await out.write("one\r\ntwo\n");
            co_await out.write("5 12345");
            co_await out.flush();
            co_await ends.client.shutdown_write();
            co_await read_to_end(ends.client);
        };
        auto answer = [&]() -> Task<> {
            io::BufferedStream stream(std::move(ends.server));
            {
                auto lines = stream.lines();
                co_await lines.next();
            }
            co_await stream.read_line();
            co_await stream.read_until(" ");
            std::array<char, 3> to{};
            co_await stream.read_exactly(MutableBytes(to));
            co_await stream.read_exactly(2);
            co_await stream.write_all("answer");
            co_await stream.shutdown_write();
            co_await stream.read_all(0);
        };
        co_await gather(ask, answer);
    });
}

TEST_P(IoEverywhereTest, a_relay) {
    expect_clean([&]() -> Task<> {
        Ends left = co_await connected();
        Ends right = co_await connected();
        auto relay = [&]() -> Task<> { co_await io::copy_both(left.server, right.client); };
        auto client = [&]() -> Task<> {
            const Bytes parts[] = {"a ", "question"};
            co_await left.client.write_all(parts);
            co_await left.client.shutdown_write();
            co_await read_to_end(left.client);
        };
        auto server = [&]() -> Task<> {
            co_await read_to_end(right.server);
            co_await right.server.write_all("an answer");
            co_await right.server.shutdown_write();
        };
        co_await gather(relay, client, server);
    });
}

TEST_P(IoEverywhereTest, a_file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
    const std::string text = numbered_text(100'000);
    ASSERT_EQ(::pwrite(fileno(file.get()), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    expect_clean([&]() -> Task<> {
        Ends ends = co_await connected();
        auto sender = [&]() -> Task<> {
            co_await ends.client.send_file(fileno(file.get()));
            ends.client.close();
        };
        co_await gather(sender, read_to_end(ends.server));
    });
}

INSTANTIATE_TEST_SUITE_P(io, IoEverywhereTest, testing::ValuesIn(places(some_drivers())),
                         place_name);

// ------------------------------------------------------------------------ a thousand seeds

class IoSeedsTest : public LedgerTest {
protected:
    /// Byte `place` of a stream whose every byte tells where it belongs; no LF.
    static char byte_at(std::size_t place) {
        const auto byte = static_cast<char>((place * 131 + (place >> 8) * 17) & 0xff);
        return byte == '\n' || byte == '\r' ? '_' : byte;
    }
    static std::string bytes_at(std::size_t place, std::size_t count) {
        std::string text(count, '\0');
        for (std::size_t i = 0; i < count; ++i) {
            text[i] = byte_at(place + i);
        }
        return text;
    }

    /// Every kind of write on one side, every kind of read on the other.
    static Task<> conversation(Over over, std::uint64_t seed) {
        Ends ends = co_await connect_over(over);
        co_await gather(write_all(ends.client, seed), read_all(ends.server));
    }

    static constexpr std::size_t rounds = 12;
    static std::size_t size_of(std::size_t round) { return round * round * 37; }

    static Task<> write_all(io::Stream& to, std::uint64_t seed) {
        io::BufferedWriter out(to);
        std::size_t place = 0;
        for (std::size_t round = 0; round < rounds; ++round) {
            const std::string text = bytes_at(place, size_of(round)) + "\n";
            place += text.size();
            if ((seed + round) % 3 == 0) {
                co_await out.write(text);
                continue;
            }
            co_await out.flush();
            const std::size_t half = text.size() / 2;
            const Bytes parts[] = {Bytes(text).first(half), Bytes(), Bytes(text).from(half)};
            if ((seed + round) % 3 == 1) {
                co_await to.write_all(parts);
            } else {
                co_await to.write_all(parts[0]);
                co_await to.write_all(parts[2]);
            }
        }
        co_await out.flush();
        co_await to.shutdown_write();
    }

    static Task<> read_all(io::Stream& from) {
        io::BufferedStream stream(std::move(from));
        std::size_t place = 0;
        for (std::size_t round = 0; round < rounds; ++round) {
            const std::size_t size = size_of(round);
            std::string text;
            if (round % 4 == 0) {
                const auto line = co_await stream.read_line();
                text = line.value_or("no line");
            } else if (round % 4 == 1) {
                text = co_await stream.read_until("\n");
                text.pop_back();
            } else if (round % 4 == 2) {
                text = co_await stream.read_exactly(size);
                co_await stream.peek(1);
                stream.consume(1);
            } else {
                auto lines = stream.lines();
                const auto line = co_await lines.next();
                text = line.value_or("no line");
            }
            EXPECT_EQ(text, bytes_at(place, size));
            place += size + 1;
        }
        const std::string rest = co_await stream.read_all(0);
        EXPECT_EQ(rest, "");
    }
};

TEST_F(IoSeedsTest, each_byte_keeps_its_place) {
    for (std::uint64_t seed = 1; seed <= 1000 && !HasFailure(); ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        run_sim([&]() -> Task<> { co_await conversation(static_cast<Over>(seed % 3), seed); },
                seed);
    }
}

}  // namespace
}  // namespace rondo::test
