// SPDX-License-Identifier: Apache-2.0
#include "rondo/tls/stream.hpp"

#include <csignal>

#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

class TlsStreamTest : public TlsTest {
protected:
    static constexpr std::size_t record = 16 * 1024;

    static Task<> echo_all(TlsStream& stream) {
        for (;;) {
            const io::Lease lease = co_await stream.read_leased();
            if (lease.empty()) {
                break;
            }
            co_await stream.write_all(lease.bytes());
        }
        co_await stream.shutdown_write();
    }
    static Task<> write_and_end(TlsStream& stream, const std::string& text) {
        co_await stream.write_all(text);
        co_await stream.shutdown_write();
    }
};

TEST_P(TlsStreamTest, carries_bytes_both_ways) {
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        co_await pair.client.write_all("question");
        const std::string question = co_await read_count(pair.server, 8);
        EXPECT_EQ(question, "question");
        co_await pair.server.write_all("answer");
        const std::string answer = co_await read_count(pair.client, 6);
        EXPECT_EQ(answer, "answer");
        EXPECT_EQ(pair.client.version(), tls::Version::tls_1_3);
        EXPECT_EQ(pair.client.cipher(), "TLS_AES_256_GCM_SHA384");
        EXPECT_EQ(pair.server.server_name(), test_host);
        EXPECT_EQ(pair.client.name(), test_host);
        EXPECT_FALSE(pair.client.resumed());
        EXPECT_TRUE(pair.client.is_open());
    });
}

TEST_P(TlsStreamTest, sizes_around_a_record_and_a_buffer_arrive_whole) {
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, record - 1, record,
                                       record + 1, 4 * record - 600, 4 * record, 5 * record + 1}) {
            const std::string text = numbered_text(size);
            auto [read, written] =
                co_await gather(read_count(pair.server, size), pair.client.write_all(text));
            EXPECT_EQ(read == text, true) << size;
        }
    });
}

TEST_P(TlsStreamTest, eight_mebibytes_in_both_directions_at_once) {
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        const std::string text = numbered_text(8 << 20);
        auto [at_server, at_client, one, other] =
            co_await gather(read_to_end(pair.server), read_to_end(pair.client),
                            write_and_end(pair.client, text), write_and_end(pair.server, text));
        EXPECT_TRUE(at_server == text);
        EXPECT_TRUE(at_client == text);
    });
}

TEST_P(TlsStreamTest, each_way_ends_on_its_own) {
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        co_await write_and_end(pair.client, "all I say");
        const std::string said = co_await read_to_end(pair.server);
        EXPECT_EQ(said, "all I say");
        co_await pair.server.write_all("much later");
        const std::string heard = co_await read_count(pair.client, 10);
        EXPECT_EQ(heard, "much later");
        co_await pair.server.shutdown_write();
        const std::string rest = co_await read_to_end(pair.client);
        EXPECT_EQ(rest, "");
        co_await pair.server.shutdown_write();  // idempotent
        const std::string after = co_await message_of(pair.client.write_all("x"));
        EXPECT_EQ(after, "write server.test: the outgoing direction has ended");
    });
}

TEST_P(TlsStreamTest, an_end_without_notice_is_a_truncation) {
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        co_await pair.client.write_all("half of it");
        const std::string half = co_await read_count(pair.server, 10);
        EXPECT_EQ(half, "half of it");
        co_await pair.client.under().shutdown_write();
        for (int i = 0; i < 2; ++i) {
            bool truncated = false;
            try {
                co_await pair.server.read_leased();
            } catch (const tls::TruncatedError& error) {
                truncated = true;
                EXPECT_EQ(error.code(), Errc::protocol);
                EXPECT_NE(std::string(error.what()).find("truncated"), std::string::npos);
            }
            EXPECT_TRUE(truncated) << i;
        }
    });
}

TEST_P(TlsStreamTest, a_truncation_may_be_an_end_if_the_options_say_so) {
    on_driver([&]() -> Task<> {
        ServerOptions options = server_options();
        options.truncation_is_end = true;
        TlsPair pair = co_await tls_pair(ClientContext(client_options()), ServerContext(options));
        co_await pair.client.write_all("all of it");
        co_await pair.client.under().shutdown_write();
        const std::string text = co_await read_to_end(pair.server);
        EXPECT_EQ(text, "all of it");
    });
}

TEST_P(TlsStreamTest, is_a_stream_like_others) {
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        io::Stream client(std::move(pair.client));
        auto serve = [&]() -> Task<> { co_await echo_all(pair.server); };
        auto ask = [&]() -> Task<std::string> {
            co_await client.write_all("echo");
            co_await client.shutdown_write();
            const std::string text = co_await read_to_end(client);
            co_return text;
        };
        auto [served, text] = co_await gather(serve, ask);
        EXPECT_EQ(text, "echo");
        EXPECT_NE(client.get_if<TlsStream>(), nullptr);
    });
}

TEST_P(TlsStreamTest, runs_over_itself) {
    on_driver([&]() -> Task<> {
        TlsPair outer = co_await tls_pair();
        TlsPair inner =
            co_await secured(std::move(outer.client), std::move(outer.server),
                             ClientContext(client_options()), ServerContext(server_options()));
        co_await inner.client.write_all("twice wrapped");
        const std::string text = co_await read_count(inner.server, 13);
        EXPECT_EQ(text, "twice wrapped");
    });
}

TEST_P(TlsStreamTest, a_second_reader_or_writer_is_told) {
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        const std::string much(8 << 20, 'x');
        int waiting = 0;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                ++waiting;
                co_await pair.client.read_leased();
            });
            group.spawn([&]() -> Task<> {
                ++waiting;
                co_await pair.client.write_all(much);
            });
            while (waiting < 2) {
                co_await yield();
            }
            const std::string reader = co_await message_of(pair.client.read_leased());
            EXPECT_EQ(reader, "read server.test: another one waits on this stream");
            const std::string writer = co_await message_of(pair.client.write_all("y"));
            EXPECT_EQ(writer, "write server.test: another one waits on this stream");
            group.cancel();
        });
    });
}

TEST_P(TlsStreamTest, a_stopped_read_loses_nothing_and_a_stopped_write_ends_writing) {
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        const auto nothing = co_await move_on_after(1ms, pair.server.read_leased());
        EXPECT_FALSE(nothing.has_value());
        co_await pair.client.write_all("whole");
        const std::string text = co_await read_count(pair.server, 5);
        EXPECT_EQ(text, "whole");

        const std::string much(8 << 20, 'x');
        const auto written = co_await move_on_after(1ms, pair.client.write_all(much));
        EXPECT_FALSE(written.has_value());
        const std::string why = co_await message_of(pair.client.write_all("x"));
        EXPECT_EQ(why, "write server.test: an earlier write ended halfway");
        co_await pair.server.write_all("still heard");
        const std::string heard = co_await read_count(pair.client, 11);
        EXPECT_EQ(heard, "still heard");
    });
}

TEST_P(TlsStreamTest, in_a_cancelled_scope_a_write_has_no_effect) {
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                group.cancel();
                co_await pair.client.write_all("never");
            });
            co_await forever();
        });
        co_await pair.client.write_all("first");
        const std::string text = co_await read_count(pair.server, 5);
        EXPECT_EQ(text, "first");
    });
}

TEST_P(TlsStreamTest, a_closed_one_says_so) {
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        pair.client.close();
        pair.client.close();
        EXPECT_FALSE(pair.client.is_open());
        std::string why;
        try {
            co_await pair.client.write_all("x");
        } catch (const tls::TlsError& error) {
            EXPECT_EQ(error.code(), Errc::closed);
            why = error.what();
        }
        EXPECT_EQ(why, "write a closed stream: the stream is closed");
        TlsStream none;
        EXPECT_FALSE(none.is_open());
        EXPECT_THROW(none.cipher(), tls::TlsError);
    });
}

// With the signal's default action the program would end here.
TEST_P(TlsStreamTest, a_write_to_a_peer_that_is_gone_is_an_error_and_no_signal) {
    ASSERT_NE(std::signal(SIGPIPE, SIG_DFL), SIG_ERR);
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        pair.server.close();
        std::string why;
        for (int i = 0; i < 1000 && why.empty(); ++i) {
            why = co_await message_of(pair.client.write_all(std::string(10'000, 'x')));
        }
        EXPECT_NE(why, "");
        const std::string again = co_await message_of(pair.client.write_all("x"));
        EXPECT_EQ(again, "write server.test: an earlier write ended halfway");
    });
}

TEST_P(TlsStreamTest, the_keys_of_both_ends_agree) {
    on_driver([&]() -> Task<> {
        TlsPair pair = co_await tls_pair();
        const std::string keys = pair.client.export_keys("EXPORTER-test", 32, "context");
        EXPECT_EQ(keys.size(), 32U);
        EXPECT_EQ(keys, pair.server.export_keys("EXPORTER-test", 32, "context"));
        EXPECT_NE(keys, pair.server.export_keys("EXPORTER-test", 32));
    });
}

INSTANTIATE_TEST_SUITE_P(tls, TlsStreamTest, testing::ValuesIn(all_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
