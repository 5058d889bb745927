// SPDX-License-Identifier: Apache-2.0
// Peers that go on and on without data, or ask for new handshakes that they do not get.
#include "tls/patience.hpp"

#include <string>

#include "tls/raw_peer.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

using tls::detail::Patience;

class PatienceTest : public TlsSimTest {
protected:
    PatienceTest() { use(context_.get(), make_leaf({test_host})); }

    /// A client of ours, and a server of TLS 1.2 that asks for new handshakes.
    struct Ends {
        TlsStream client;
        RawPeer server;
        Ends(TlsStream one, RawPeer other) : client(std::move(one)), server(std::move(other)) {}
    };
    Task<Ends> meet(MemoryPair& memory) {
        RawPeer server(std::move(memory.server), context_.get(), true);
        auto [client, shaken] = co_await gather(
            tls::connect(std::move(memory.client), test_host, ClientContext(client_options())),
            server.handshake());
        co_return Ends(std::move(client), std::move(server));
    }

    /// Asks so often, and then says "x".
    static Task<> ask(RawPeer& server, int times) {
        for (int i = 0; i < times; ++i) {
            EXPECT_EQ(SSL_renegotiate(server.ssl()), 1);
            EXPECT_EQ(SSL_do_handshake(server.ssl()), 1);
        }
        co_await server.write("x");
    }
    /// Until the peer is gone; gives how often it asked.
    static Task<int> ask_without_end(RawPeer& server) {
        int asked = 0;
        for (std::string why; why.empty() && asked < 100'000; asked += 30) {
            why = co_await message_of(ask(server, 30));
        }
        co_return asked;
    }

    tls::detail::SslContext context_ = weak_context(true, TLS1_2_VERSION, TLS1_2_VERSION);
};

TEST_F(PatienceTest, records_without_data_are_counted_once) {
    Patience patience;
    for (int i = 0; i < Patience::limit; ++i) {
        patience.record();
        patience.message();
    }
    EXPECT_FALSE(patience.is_over());
    patience.record();
    EXPECT_TRUE(patience.is_over());
    patience.all_is_sent();
    EXPECT_TRUE(patience.is_over());
}

TEST_F(PatienceTest, so_is_each_message_in_one_record) {
    Patience patience;
    patience.record();
    patience.record();  // a message that takes two
    for (int i = 0; i < Patience::limit - 1; ++i) {
        patience.message();
    }
    EXPECT_FALSE(patience.is_over());
    patience.message();
    EXPECT_TRUE(patience.is_over());
}

TEST_F(PatienceTest, data_ends_the_count) {
    Patience patience;
    for (int i = 0; i < 10 * Patience::limit; ++i) {
        patience.record();
        patience.message();
        patience.record();
        patience.data();
    }
    EXPECT_FALSE(patience.is_over());
}

// 63 changes of keys and the data after them are 64 records.
TEST_F(PatienceTest, new_keys_in_a_row) {
    run_sim([&]() -> Task<> {
        for (const int changes : {63, 64}) {
            MemoryPair memory;
            const tls::detail::SslContext raw = weak_context(false, TLS1_3_VERSION, TLS1_3_VERSION);
            RawPeer peer(std::move(memory.client), raw.get(), false);
            auto [stream, shaken] = co_await gather(
                tls::accept(std::move(memory.server), ServerContext(server_options())),
                peer.handshake());
            for (int i = 0; i < changes; ++i) {
                EXPECT_EQ(SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
                EXPECT_EQ(SSL_do_handshake(peer.ssl()), 1);
            }
            co_await peer.write("x");
            const std::string why = co_await message_of(read_count(stream, 1));
            EXPECT_EQ(why, changes == 63
                               ? ""
                               : "read memory: the peer sends record after record without data");
        }
    });
}

TEST_F(PatienceTest, refusals_that_nobody_sends_end_the_connection) {
    run_sim([&]() -> Task<> {
        MemoryPair memory(64 * 1024, 4096);
        Ends ends = co_await meet(memory);
        auto read = [&]() -> Task<std::string> {
            std::string why = co_await message_of(read_to_end(ends.client));
            EXPECT_LE(leases_out(), 1U) << "but what was not read any more";
            ends.client.close();
            co_return why;
        };
        auto [asked, why] = co_await gather(ask_without_end(ends.server), read);
        EXPECT_EQ(why, "read server.test: the peer asks for new handshakes, and hears no answer");
        EXPECT_LT(asked, 500);
    });
}

TEST_F(PatienceTest, so_do_those_that_wait_behind_a_write) {
    run_sim([&]() -> Task<> {
        MemoryPair memory(64 * 1024, 4096);
        Ends ends = co_await meet(memory);
        const std::string text(20'000, 'y');  // more than the peer takes unread
        auto read = [&]() -> Task<std::string> {
            std::string why = co_await message_of(read_to_end(ends.client));
            ends.server.close();
            co_return why;
        };
        auto [asked, why, written] = co_await gather(ask_without_end(ends.server), read,
                                                     message_of(ends.client.write_all(text)));
        EXPECT_EQ(why, "read server.test: the peer asks for new handshakes, and hears no answer");
        EXPECT_LT(asked, 500);
        EXPECT_NE(written, "");
    });
}

TEST_F(PatienceTest, refusals_that_are_sent_may_be_many) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        Ends ends = co_await meet(memory);
        for (int i = 0; i < 200; ++i) {
            co_await ask(ends.server, 10);
            const std::string text = co_await read_count(ends.client, 1);
            EXPECT_EQ(text, "x");
            EXPECT_EQ(leases_out(), 0U);
            co_await ends.client.write_all("y");
            memory.to_server->bytes.clear();  // a no would end the raw peer
        }
    });
}

// With as many refusals as may wait.
TEST_F(PatienceTest, an_end_is_not_one_of_them) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        Ends ends = co_await meet(memory);
        std::string text;
        for (int i = 0; i < 2; ++i) {
            co_await ask(ends.server, Patience::limit / 2);
            text = co_await read_count(ends.client, 1);
            EXPECT_EQ(text, "x");
        }
        co_await ends.client.shutdown_write();
        co_await ends.server.write("y");
        text = co_await read_count(ends.client, 1);
        EXPECT_EQ(text, "y");
    });
}

TEST_F(PatienceTest, a_refusal_waits_for_a_write_without_a_buffer_of_the_loop) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        const tls::detail::SslContext raw = weak_context(false, TLS1_2_VERSION, TLS1_2_VERSION);
        RawPeer peer(std::move(memory.client), raw.get(), false);
        auto [stream, shaken] =
            co_await gather(tls::accept(std::move(memory.server), ServerContext(server_options())),
                            peer.handshake());
        EXPECT_EQ(SSL_renegotiate(peer.ssl()), 1);
        SSL_do_handshake(peer.ssl());
        co_await peer.flush();
        const auto nothing = co_await move_on_after(1s, stream.read_leased());
        EXPECT_FALSE(nothing.has_value());
        EXPECT_EQ(leases_out(), 0U);
        EXPECT_TRUE(memory.to_client->bytes.empty());
        co_await stream.write_all("data");
        const std::string why = co_await message_of(peer.handshake());
        EXPECT_EQ(why, "no renegotiation");
    });
}

}  // namespace
}  // namespace rondo::test
