// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/timed_stream.hpp"

#include <optional>
#include <string>
#include <utility>

#include "net/net_test.hpp"
#include "rondo/io/buffered_stream.hpp"
#include "rondo/io/stream.hpp"
#include "rondo/loop/sleep.hpp"

namespace rondo::test {
namespace {

using net::StreamLimits;
using net::TimedStream;

static_assert(io::ByteStream<TimedStream<TcpStream>>);

class TimedStreamTest : public NetTest {
protected:
    static StreamLimits limits() {
        StreamLimits result;
        result.read = 10s;
        result.write = 20s;
        return result;
    }
};

TEST_P(TimedStreamTest, a_silent_peer_ends_a_read_at_its_deadline) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        TimedStream<TcpStream> stream(std::move(pair.client), limits());
        char bytes[10];
        const TimePoint begin = now();
        const std::string error = co_await error_of([&] { return stream.read_some(bytes); });
        EXPECT_EQ(error, "timed_out");
        EXPECT_EQ(now() - begin, 10s);
        co_await pair.server.write_all("late");
        const io::Lease lease = co_await stream.read_leased();
        EXPECT_FALSE(lease.empty());
    });
}

TEST_P(TimedStreamTest, what_was_late_is_read_through_a_buffer_too) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        io::BufferedStream stream(
            io::Stream(TimedStream<TcpStream>(std::move(pair.client), limits())));
        co_await pair.server.write_all("half of a li");
        for (int i = 0; i < 2; ++i) {
            const std::string error = co_await error_of([&] { return stream.read_line(); });
            EXPECT_EQ(error, "timed_out");
        }
        co_await pair.server.write_all("ne\n");
        const std::optional<std::string> line = co_await stream.read_line();
        EXPECT_EQ(line, "half of a line");
    });
}

TEST_P(TimedStreamTest, a_peer_that_reads_nothing_ends_a_write_at_its_deadline) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        io::Stream stream = TimedStream<TcpStream>(std::move(pair.client), limits());
        const std::string much(1 << 20, 'm');
        const TimePoint begin = now();
        const std::string error = co_await error_of([&] { return stream.write_all(much); });
        EXPECT_EQ(error, "timed_out");
        EXPECT_EQ(now() - begin, 20s);
        const std::string second = co_await error_of([&] { return stream.write_all("x"); });
        EXPECT_EQ(second, "closed");
    });
}

TEST_P(TimedStreamTest, each_call_has_its_own_time) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        TimedStream<TcpStream> stream(std::move(pair.client), limits());
        auto drip = [&]() -> Task<> {
            for (int i = 0; i < 5; ++i) {
                co_await sleep(9s);
                co_await pair.server.write_all("d");
            }
            pair.server.shutdown_write();
        };
        auto read = [&]() -> Task<> {
            std::size_t all = 0;
            for (;;) {
                char bytes[10];
                const std::size_t count = co_await stream.read_some(bytes);
                if (count == 0) {
                    break;
                }
                all += count;
            }
            EXPECT_EQ(all, 5U);
        };
        co_await gather(drip, read);
        stream.shutdown_write();
        EXPECT_TRUE(stream.is_open());
        EXPECT_FALSE(stream.name().empty());
        stream.close();
        EXPECT_FALSE(stream.stream().is_open());
    });
}

INSTANTIATE_TEST_SUITE_P(net, TimedStreamTest, testing::ValuesIn(simulated_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
