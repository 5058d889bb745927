// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/stream.hpp"

#include <array>

#include "net/net_test.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::test {
namespace {

class StreamTest : public NetTest {};

TEST_P(StreamTest, carries_what_its_tcp_stream_carries) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        io::Stream client(std::move(pair.client));
        io::Stream server(std::move(pair.server));
        co_await client.write_all("question");
        std::string text;
        while (text.size() < 8) {
            const io::Lease lease = co_await server.read_leased();
            text += lease.bytes().text();
        }
        EXPECT_EQ(text, "question");
        co_await server.write_all("answer");
        co_await server.shutdown_write();
        std::array<char, 16> to{};
        text.clear();
        for (std::size_t got = 1; got != 0;) {
            got = co_await client.read_some(to);
            text.append(to.data(), got);
        }
        EXPECT_EQ(text, "answer");
    });
}

TEST_P(StreamTest, gives_the_stream_inside_by_its_type) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        io::Stream stream(std::move(pair.client));
        EXPECT_NE(stream.get_if<TcpStream>(), nullptr);
        EXPECT_EQ(stream.name(), stream.get_if<TcpStream>()->peer_address().to_string());
        stream.close();
        stream.close();
        EXPECT_FALSE(stream.is_open());
    });
}

/// Takes one run of bytes at a time, and never those that say "wait".
class OneByOne {
public:
    explicit OneByOne(std::string& taken) : taken_(&taken) {}
    Task<> write_all(Bytes bytes) {
        if (bytes.text() == "wait") {
            co_await sleep(1h);
        }
        *taken_ += bytes.text();
    }
    void shutdown_write() {}
    void close() noexcept {}
    bool is_open() const noexcept { return true; }
    std::string name() const { return "one by one"; }

private:
    std::string* taken_;
};

TEST_P(StreamTest, stopped_between_two_parts_it_writes_no_more) {
    on_driver([&]() -> Task<> {
        std::string taken;
        io::Stream stream{OneByOne(taken)};
        const Bytes parts[] = {Bytes("one "), Bytes(""), Bytes("wait")};
        co_await move_on_after(1ms, stream.write_all(parts));
        EXPECT_EQ(taken, "one ");
        std::string error = co_await error_of([&] { return stream.write_all("two"); });
        EXPECT_EQ(error, "closed");
        error = co_await error_of([&] { return stream.write_all(parts); });
        EXPECT_EQ(error, "closed");
        error = co_await error_of([&]() -> Task<> { co_await stream.send_file(0); });
        EXPECT_EQ(error, "closed");
        error = co_await error_of([&] { return stream.shutdown_write(); });
        EXPECT_EQ(error, "closed") << "the peer must not take a part for the whole";
        io::Stream other{OneByOne(taken)};
        const Bytes waiting[] = {Bytes(""), Bytes("wait"), Bytes("one ")};
        co_await move_on_after(1ms, other.write_all(waiting));
        const Bytes whole[] = {Bytes("two "), Bytes("three")};
        co_await other.write_all(whole);
        EXPECT_EQ(taken, "one two three");
    });
}

TEST_P(StreamTest, a_closed_one_says_so) {
    on_driver([&]() -> Task<> {
        io::Stream none;
        Errc code{};
        try {
            co_await none.write_all("x");
        } catch (const Error& error) {
            code = error.code();
        }
        EXPECT_EQ(code, Errc::closed);
        EXPECT_EQ(none.get_if<TcpStream>(), nullptr);
    });
}

INSTANTIATE_TEST_SUITE_P(io, StreamTest, testing::ValuesIn(all_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
