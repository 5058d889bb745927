// SPDX-License-Identifier: Apache-2.0
// TLS over a stream with time limits: what was late may be read yet.
#include "rondo/net/timed_stream.hpp"

#include <optional>
#include <string>
#include <utility>

#include "rondo/io/buffered_stream.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

class TlsOverTimedTest : public TlsSimTest {
protected:
    static constexpr Duration read_limit = 10s;
    static constexpr Duration write_limit = 20s;

    /// The stream below the client has limits.
    static Task<TlsPair> timed_pair(MemoryPair& memory) {
        io::Stream timed{
            net::TimedStream<io::Stream>(std::move(memory.client), {read_limit, write_limit})};
        TlsPair pair =
            co_await secured(std::move(timed), std::move(memory.server),
                             ClientContext(client_options()), ServerContext(server_options()));
        co_return pair;
    }

    /// Each waits for its own time.
    template <class Call>
    static Task<> expect_late(Call read) {
        for (int i = 0; i < 3; ++i) {
            const TimePoint begin = now();
            const std::string why = co_await message_of(read());
            EXPECT_EQ(why, TimeoutError().what()) << i;
            EXPECT_EQ(now() - begin, read_limit) << i;
        }
    }
};

TEST_F(TlsOverTimedTest, what_was_late_is_read_through_a_buffer_too) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        TlsPair pair = co_await timed_pair(memory);
        io::BufferedStream stream{io::Stream(std::move(pair.client))};
        co_await pair.server.write_all("half of a li");
        co_await expect_late([&] { return stream.read_line(); });
        co_await pair.server.write_all("ne\n");
        const std::optional<std::string> line = co_await stream.read_line();
        EXPECT_EQ(line, "half of a line");
    });
}

TEST_F(TlsOverTimedTest, so_is_the_rest_of_a_record) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        TlsPair pair = co_await timed_pair(memory);
        co_await pair.server.write_all("whole");
        const std::string records = std::exchange(memory.to_client->bytes, {});
        memory.to_client->bytes = records.substr(0, records.size() - 7);
        char bytes[10];
        co_await expect_late([&] { return pair.client.read_some(bytes); });
        memory.to_client->bytes = records.substr(records.size() - 7);
        const std::string text = co_await read_count(pair.client, 5);
        EXPECT_EQ(text, "whole");
    });
}

TEST_F(TlsOverTimedTest, a_write_that_is_too_slow_ends_writing) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        TlsPair pair = co_await timed_pair(memory);
        const std::string much(200'000, 'm');
        const TimePoint begin = now();
        const std::string late = co_await message_of(pair.client.write_all(much));
        EXPECT_EQ(late, TimeoutError().what());
        EXPECT_EQ(now() - begin, write_limit);
        const std::string second = co_await message_of(pair.client.write_all("x"));
        EXPECT_EQ(second, "write server.test: an earlier write ended halfway");
        co_await pair.server.write_all("still heard");
        const std::string heard = co_await read_count(pair.client, 11);
        EXPECT_EQ(heard, "still heard");
    });
}

}  // namespace
}  // namespace rondo::test
