// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/buffered_writer.hpp"

#include "io/io_test.hpp"

namespace rondo::test {
namespace {

/// A sink that counts how often it was called.
struct Counted {
    std::string text;
    int calls = 0;
    bool open = true;

    void take(std::string_view more) {
        ++calls;
        text += more;
    }
};

class CountingSink {
public:
    explicit CountingSink(Counted& counted) : counted_(&counted) {}
    Task<> write_all(Bytes bytes) {
        counted_->take(bytes.text());
        co_return;
    }
    Task<> write_all(std::span<const Bytes> parts) {
        std::string all;
        for (const Bytes part : parts) {
            all += part.text();
        }
        counted_->take(all);
        co_return;
    }
    void shutdown_write() {}
    void close() noexcept { counted_->open = false; }
    bool is_open() const noexcept { return counted_->open; }
    std::string name() const { return "a counting sink"; }

private:
    Counted* counted_;
};

class BufferedWriterTest : public IoTest {};
class CollectingTest : public LedgerTest {};

TEST_F(CollectingTest, many_small_writes_are_few_large_ones) {
    Counted counted;
    run_sim([&]() -> Task<> {
        io::Stream sink(CountingSink{counted});
        io::BufferedWriter out(sink);
        std::string expected;
        for (int i = 0; i < 100'000; ++i) {
            const std::string row = std::to_string(i) + "\n";
            expected += row;
            co_await out.write(row);
            EXPECT_LE(out.pending(), io::BufferedWriter::capacity);
        }
        co_await out.flush();
        co_await out.flush();
        EXPECT_EQ(out.pending(), 0U);
        EXPECT_TRUE(counted.text == expected);
    });
    EXPECT_LE(counted.calls, static_cast<int>(counted.text.size() / (60 * 1024)) + 2);
}

TEST_F(CollectingTest, fills_its_buffer_to_the_last_byte) {
    Counted counted;
    run_sim([&]() -> Task<> {
        io::Stream sink(CountingSink{counted});
        io::BufferedWriter out(sink);
        const std::string most(io::BufferedWriter::capacity - 1, 'a');
        co_await out.write(most);
        co_await out.write("b");
        EXPECT_EQ(counted.calls, 0);
        co_await out.write("");
        EXPECT_EQ(counted.calls, 0);
        co_await out.write("c");
        EXPECT_EQ(counted.calls, 1) << "together with what it had";
        EXPECT_TRUE(counted.text == most + "bc");
        EXPECT_EQ(out.pending(), 0U);
        const std::string large(1 << 20, 'd');
        co_await out.write(large);
        EXPECT_EQ(counted.calls, 2);
        EXPECT_EQ(counted.text.size(), most.size() + 2 + large.size());
    });
}

TEST_F(CollectingTest, what_is_not_flushed_is_not_sent) {
    Counted counted;
    run_sim([&]() -> Task<> {
        io::Stream sink(CountingSink{counted});
        io::BufferedWriter out(sink);
        co_await out.write("lost");
        co_return;
    });
    EXPECT_EQ(counted.text, "");
}

TEST_F(CollectingTest, a_cancelled_scope_collects_nothing) {
    run_sim([&]() -> Task<> {
        auto [client, server] = io::make_duplex();
        io::Stream stream(std::move(client));
        io::BufferedWriter out(stream);
        co_await out.write("kept ");
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            co_await gather([&]() -> Task<> { co_await out.write("not collected"); },
                            [&]() -> Task<> { co_await out.flush(); });
        });
        EXPECT_EQ(out.pending(), 5U);
        co_await out.flush();
        stream.close();
        io::Stream rest(std::move(server));
        const std::string text = co_await read_to_end(rest);
        EXPECT_EQ(text, "kept ");
    });
}

TEST_P(BufferedWriterTest, waits_for_its_reader_and_keeps_the_order) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        const std::string text = numbered_text(beyond());
        auto write = [&]() -> Task<> {
            io::BufferedWriter out(ends.client);
            for (std::size_t at = 0; at < text.size(); at += 1000) {
                co_await out.write(std::string_view(text).substr(at, 1000));
            }
            co_await out.flush();
            ends.client.close();
        };
        auto writer = create_task(write());
        co_await turns(200);
        EXPECT_FALSE(writer.done());
        const std::string read = co_await read_to_end(ends.server);
        co_await writer;
        EXPECT_TRUE(read == text);
    });
}

TEST_P(BufferedWriterTest, a_flush_that_was_refused_can_be_repeated) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        io::BufferedWriter out(ends.client);
        const std::string filling = numbered_text(beyond());
        auto filler = create_task(ends.client.write_all(filling));
        co_await turns(20);
        co_await out.write("after it");
        const std::string busy = co_await code_of(out.flush());
        EXPECT_EQ(busy, "busy");
        EXPECT_EQ(out.pending(), 8U);
        std::string read;
        while (read.size() < filling.size()) {
            const io::Lease lease = co_await ends.server.read_leased();
            read += lease.bytes().text();
        }
        co_await filler;
        co_await out.flush();
        ends.client.close();
        read += co_await read_to_end(ends.server);
        EXPECT_TRUE(read == filling + "after it");
    });
}

TEST_P(BufferedWriterTest, a_second_writer_is_told_and_nothing_is_lost) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        io::BufferedWriter out(ends.client);
        const std::string large = numbered_text(beyond());
        auto send = [&]() -> Task<> { co_await out.write(large); };
        auto write = [&]() -> Task<> { co_await out.write("second"); };
        co_await out.write("first");
        auto sending = create_task(send());
        co_await turns(20);
        std::string code = co_await code_of(write());
        EXPECT_EQ(code, "busy");
        code = co_await code_of(out.flush());
        EXPECT_EQ(code, "busy");
        std::string read;
        while (read.size() < 5 + large.size()) {
            const io::Lease lease = co_await ends.server.read_leased();
            read += lease.bytes().text();
        }
        co_await sending;
        co_await write();
        co_await out.flush();
        ends.client.close();
        read += co_await read_to_end(ends.server);
        EXPECT_TRUE(read == "first" + large + "second");
    });
}

TEST_P(BufferedWriterTest, fails_as_its_stream_does) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        io::BufferedWriter out(ends.client);
        ends.client.close();
        const std::string code =
            co_await code_of([](io::BufferedWriter& to) -> Task<> { co_await to.write("x"); }(out));
        EXPECT_EQ(code, "closed");
    });
}

INSTANTIATE_TEST_SUITE_P(io, BufferedWriterTest, testing::ValuesIn(places(some_drivers())),
                         place_name);

}  // namespace
}  // namespace rondo::test
