// SPDX-License-Identifier: Apache-2.0
// A stream in memory behaves as the real ones do.
#include <optional>

#include "io/io_test.hpp"

namespace rondo::test {
namespace {

class EveryStreamTest : public IoTest {};

Task<std::size_t> read_byte(io::Stream& stream) {
    std::array<char, 1> to{};
    const std::size_t got = co_await stream.read_some(to);
    co_return got;
}

TEST_P(EveryStreamTest, carries_bytes_both_ways) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        co_await ends.client.write_all("question");
        co_await ends.server.write_all("answer");
        co_await ends.client.shutdown_write();
        co_await ends.server.shutdown_write();
        const std::string question = co_await read_to_end(ends.server);
        const std::string answer = co_await read_to_end(ends.client);
        EXPECT_EQ(question, "question");
        EXPECT_EQ(answer, "answer");
    });
}

TEST_P(EveryStreamTest, a_reader_waits_for_what_is_written_later) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        auto reader = create_task(read_to_end(ends.server));
        for (const char* word : {"one ", "two ", "three"}) {
            co_await turns(3);
            EXPECT_FALSE(reader.done());
            co_await ends.client.write_all(word);
        }
        co_await ends.client.shutdown_write();
        const std::string text = co_await reader;
        EXPECT_EQ(text, "one two three");
    });
}

TEST_P(EveryStreamTest, the_end_is_read_again_and_again) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        co_await ends.client.write_all("x");
        ends.client.close();
        const std::string text = co_await read_to_end(ends.server);
        EXPECT_EQ(text, "x");
        const std::size_t got = co_await read_byte(ends.server);
        EXPECT_EQ(got, 0U);
        const io::Lease lease = co_await ends.server.read_leased();
        EXPECT_TRUE(lease.empty());
    });
}

TEST_P(EveryStreamTest, a_half_closed_one_still_reads) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        co_await ends.client.shutdown_write();
        const std::string nothing = co_await read_to_end(ends.server);
        EXPECT_EQ(nothing, "");
        co_await ends.server.write_all("late answer");
        ends.server.close();
        const std::string text = co_await read_to_end(ends.client);
        EXPECT_EQ(text, "late answer");
    });
}

TEST_P(EveryStreamTest, a_write_after_the_shutdown_is_closed) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        co_await ends.client.shutdown_write();
        const std::string code = co_await code_of(ends.client.write_all("x"));
        EXPECT_EQ(code, "closed");
    });
}

TEST_P(EveryStreamTest, a_closed_one_says_so) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        EXPECT_TRUE(ends.client.is_open());
        ends.client.close();
        ends.client.close();
        EXPECT_FALSE(ends.client.is_open());
        std::string code = co_await code_of(ends.client.write_all("x"));
        EXPECT_EQ(code, "closed");
        code = co_await code_of(read_to_end(ends.client));
        EXPECT_EQ(code, "closed");
        code = co_await code_of(ends.client.shutdown_write());
        EXPECT_EQ(code, "closed");
    });
}

// TCP takes the first bytes for a peer that has gone, and is told then.
TEST_P(EveryStreamTest, writing_to_one_who_has_gone_fails) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        ends.server.close();
        std::string code;
        while (code.empty()) {
            code = co_await code_of(ends.client.write_all("x"));
            co_await turns(1);
        }
        EXPECT_TRUE(code == "closed" || code == "reset") << code;
        code = co_await code_of(ends.client.write_all("x"));
        EXPECT_EQ(code, "closed");
    });
}

TEST_P(EveryStreamTest, one_closed_with_bytes_unread_resets_its_peer) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        co_await ends.client.write_all("never read");
        co_await read_byte(ends.server);
        ends.server.close();
        const std::string code = co_await code_of(read_to_end(ends.client));
        EXPECT_EQ(code, "reset");
        const std::size_t got = co_await read_byte(ends.client);
        EXPECT_EQ(got, 0U) << "said once";
        const std::string again = co_await code_of(ends.client.write_all("x"));
        EXPECT_EQ(again, "closed");
    });
}

// Over a network it may be lost.
class LocalStreamTest : public IoTest {};

TEST_P(LocalStreamTest, what_was_sent_before_a_reset_is_read_first) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        co_await ends.client.write_all("never read");
        co_await ends.server.write_all("last words");
        co_await read_byte(ends.server);
        ends.server.close();
        std::string text;
        std::string code;
        while (code.empty()) {
            std::array<char, 32> to{};
            try {
                const std::size_t got = co_await ends.client.read_some(to);
                text.append(to.data(), got);
            } catch (const Error& error) {
                code = to_string(error.code());
            }
        }
        EXPECT_EQ(text, "last words");
        EXPECT_EQ(code, "reset");
    });
}

TEST_P(EveryStreamTest, a_writer_waits_until_somebody_reads) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        const std::string text = numbered_text(beyond());
        auto writer = create_task(ends.client.write_all(text));
        co_await turns(20);
        EXPECT_FALSE(writer.done());
        std::string read;
        while (read.size() < text.size()) {
            const io::Lease lease = co_await ends.server.read_leased();
            read += lease.bytes().text();
        }
        co_await writer;
        EXPECT_TRUE(read == text);
    });
}

TEST_P(EveryStreamTest, a_waiting_writer_is_told_that_its_reader_has_gone) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        const std::string text = numbered_text(beyond());
        auto writer = create_task(code_of(ends.client.write_all(text)));
        co_await turns(20);
        EXPECT_FALSE(writer.done());
        ends.server.close();
        const std::string code = co_await writer;
        EXPECT_TRUE(code == "closed" || code == "reset") << code;
    });
}

TEST_P(EveryStreamTest, a_waiting_reader_is_told_of_a_reset) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        auto reader = create_task(code_of(read_to_end(ends.client)));
        co_await ends.client.write_all("never read");
        co_await turns(5);
        ends.server.close();
        const std::string code = co_await reader;
        EXPECT_TRUE(code == "reset") << code;
    });
}

TEST_P(EveryStreamTest, a_second_reader_and_a_second_writer_are_busy) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        const std::string text = numbered_text(beyond());
        auto reader = create_task(read_byte(ends.client));
        auto writer = create_task(ends.client.write_all(text));
        co_await turns(50);
        std::string code = co_await code_of(read_to_end(ends.client));
        EXPECT_EQ(code, "busy");
        code = co_await code_of(ends.client.write_all("y"));
        EXPECT_EQ(code, "busy");
        co_await ends.server.write_all("z");
        const std::size_t got = co_await reader;
        EXPECT_EQ(got, 1U);
        writer.cancel();
        co_await ended(writer);
    });
}

TEST_P(EveryStreamTest, several_parts_arrive_in_order) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        const std::string body = numbered_text(beyond());
        const Bytes parts[] = {"head", "", Bytes(body), "tail"};
        auto writer = [&]() -> Task<> {
            co_await ends.client.write_all(parts);
            co_await ends.client.write_all(std::span<const Bytes>());
            ends.client.close();
        };
        auto [written, text] = co_await gather(writer, read_to_end(ends.server));
        EXPECT_TRUE(text == "head" + body + "tail");
    });
}

TEST_P(EveryStreamTest, a_stopped_read_takes_nothing) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        for (int i = 0; i < 10; ++i) {
            auto reader = create_task(read_byte(ends.server));
            co_await turns(i % 4);
            reader.cancel();
            co_await ended(reader);
            EXPECT_TRUE(reader.cancelled());
        }
        co_await ends.client.write_all("kept");
        ends.client.close();
        const std::string text = co_await read_to_end(ends.server);
        EXPECT_EQ(text, "kept");
    });
}

TEST_P(EveryStreamTest, no_byte_is_lost_wherever_a_read_is_cancelled) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        const std::string sent = numbered_text(300);
        std::string received;
        auto read = [&]() -> Task<> {
            for (;;) {
                std::array<char, 1> to{};
                const std::size_t got = co_await ends.server.read_some(to);
                received.append(to.data(), got);
            }
        };
        for (std::size_t i = 0; i < sent.size(); i += 2) {
            auto reader = create_task(read);
            co_await turns(static_cast<int>(i / 2 % 3));
            co_await ends.client.write_all(Bytes(std::string_view(sent).substr(i, 2)));
            co_await turns(static_cast<int>(i / 6 % 5));
            reader.cancel();
            co_await ended(reader);
        }
        ends.client.close();
        received += co_await read_to_end(ends.server);
        EXPECT_EQ(received, sent);
    });
}

TEST_P(EveryStreamTest, a_cancelled_scope_reads_and_writes_nothing) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        co_await ends.client.write_all("kept");
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            co_await gather([&]() -> Task<> { co_await ends.server.write_all("x"); },
                            [&]() -> Task<> { co_await read_byte(ends.server); });
        });
        ends.client.close();
        const std::string text = co_await read_to_end(ends.server);
        EXPECT_EQ(text, "kept");
        ends.server.close();
    });
}

INSTANTIATE_TEST_SUITE_P(io, LocalStreamTest,
                         testing::ValuesIn(places(some_drivers(), {Over::memory, Over::pair})),
                         place_name);
INSTANTIATE_TEST_SUITE_P(io, EveryStreamTest, testing::ValuesIn(places(some_drivers())),
                         place_name);

}  // namespace
}  // namespace rondo::test
