// SPDX-License-Identifier: Apache-2.0
// Sessions that are resumed, keys that change, and peers that overdo both.
#include "tls/raw_peer.hpp"
#include "tls/session_cache.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

class SessionTest : public TlsSimTest {
protected:
    /// One connection on which the server says hello, so that its tickets arrive.
    static Task<bool> resumes(const ClientContext& client, const ServerContext& server,
                              std::string host = test_host) {
        MemoryPair pair;
        TlsPair both =
            co_await secured(std::move(pair.client), std::move(pair.server), client, server, host);
        co_await both.server.write_all("hello");
        co_await both.server.shutdown_write();
        const std::string text = co_await read_to_end(both.client);
        EXPECT_EQ(text, "hello");
        EXPECT_EQ(both.client.resumed(), both.server.resumed());
        EXPECT_TRUE(both.client.peer_certificate().has_value());
        EXPECT_EQ(both.client.peer_chain().empty(), both.client.resumed());
        co_return both.client.resumed();
    }
};

TEST_F(SessionTest, a_second_connection_resumes_the_first) {
    run_sim([&]() -> Task<> {
        for (const tls::Version version : {tls::Version::tls_1_2, tls::Version::tls_1_3}) {
            ClientOptions options = client_options();
            options.max_version = version;
            const ClientContext client(options);
            const ServerContext server(server_options());
            const bool first = co_await resumes(client, server);
            EXPECT_FALSE(first);
            EXPECT_GT(client.sessions(), 0U);
            for (int i = 0; i < 5; ++i) {
                const bool again = co_await resumes(client, server);
                EXPECT_TRUE(again) << to_string(version);
            }
        }
    });
}

TEST_F(SessionTest, none_is_resumed_for_another_host_context_or_server) {
    run_sim([&]() -> Task<> {
        const Entity leaf = make_leaf({test_host, "other.test"});
        const ClientContext client(client_options());
        const ServerContext server{ServerOptions(leaf.identity())};
        co_await resumes(client, server);
        const bool other_host = co_await resumes(client, server, "other.test");
        EXPECT_FALSE(other_host);
        const bool other_context = co_await resumes(ClientContext(client_options()), server);
        EXPECT_FALSE(other_context);
        const bool other_server =
            co_await resumes(client, ServerContext{ServerOptions(leaf.identity())});
        EXPECT_FALSE(other_server);
    });
}

// A session made under one name's rules is no ticket for another name's.
TEST_F(SessionTest, none_crosses_from_one_served_name_to_another) {
    run_sim([&]() -> Task<> {
        for (const tls::Version version : {tls::Version::tls_1_2, tls::Version::tls_1_3}) {
            const Entity leaf = make_leaf({"open.test", "closed.test"});
            ServerOptions closed(leaf.identity());
            closed.client_certificates = tls::ClientCertificates::optional;
            closed.client_trust = test_root().trust();
            ServerOptions options(leaf.identity());
            options.names.emplace_back("closed.test", ServerContext(closed));
            const ServerContext server(options);

            // A raw client that offers the session of one name under the other.
            tls::detail::SslContext raw = weak_context(false, TLS1_2_VERSION, TLS1_3_VERSION);
            SSL_CTX_set_max_proto_version(
                raw.get(), version == tls::Version::tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION);
            tls::detail::Session session;
            for (const auto& [name, resumed] :
                 {std::pair("open.test", false), std::pair("open.test", true),
                  std::pair("closed.test", false)}) {
                MemoryPair pair;
                RawPeer peer(std::move(pair.client), raw.get(), false);
                SSL_set_tlsext_host_name(peer.ssl(), name);
                if (session != nullptr) {
                    SSL_set_session(peer.ssl(), session.get());
                }
                auto serve = [&]() -> Task<> {
                    TlsStream stream = co_await tls::accept(std::move(pair.server), server);
                    EXPECT_EQ(stream.resumed(), resumed) << name;
                    co_await stream.write_all("x");
                    co_await stream.shutdown_write();
                };
                auto ask = [&]() -> Task<> {
                    co_await peer.handshake();
                    const std::string text = co_await peer.read();
                    EXPECT_EQ(text, "x");
                };
                co_await gather(serve, ask);
                if (session == nullptr) {
                    session.reset(SSL_SESSION_dup(SSL_get0_session(peer.ssl())));
                }
            }
        }
    });
}

TEST_F(SessionTest, neither_side_need_offer_it) {
    run_sim([&]() -> Task<> {
        for (const tls::Version version : {tls::Version::tls_1_2, tls::Version::tls_1_3}) {
            ClientOptions options = client_options();
            options.max_version = version;
            ServerOptions without = server_options();
            without.tickets = 0;
            const ClientContext client(options);
            const ServerContext server(without);
            co_await resumes(client, server);
            const bool no_tickets = co_await resumes(client, server);
            EXPECT_FALSE(no_tickets);

            options.sessions_max = 0;
            const ClientContext forgetful(options);
            const ServerContext willing(server_options());
            co_await resumes(forgetful, willing);
            const bool forgotten = co_await resumes(forgetful, willing);
            EXPECT_FALSE(forgotten);
            EXPECT_EQ(forgetful.sessions(), 0U);
        }
    });
}

// 63 and the data after them are 64 records: as many as a server may send, and more than ours does.
TEST_F(SessionTest, many_tickets_are_no_flood) {
    run_sim([&]() -> Task<> {
        const Entity leaf = make_leaf({test_host});
        const tls::detail::SslContext raw =
            weak_context(true, TLS1_3_VERSION, TLS1_3_VERSION, "DEFAULT");
        use(raw.get(), leaf);
        EXPECT_EQ(SSL_CTX_set_num_tickets(raw.get(), 63), 1);
        MemoryPair memory;
        RawPeer server(std::move(memory.server), raw.get(), true);
        const ClientContext context(client_options());
        auto [client, shaken] = co_await gather(
            tls::connect(std::move(memory.client), test_host, context), server.handshake());
        co_await server.write("x");
        const std::string text = co_await read_count(client, 1);
        EXPECT_EQ(text, "x");
        EXPECT_GT(context.sessions(), 2U);
    });
}

TEST_F(SessionTest, the_cache_forgets_the_host_that_was_not_asked_for_longest) {
    const auto session = [] {
        tls::detail::Session made(SSL_SESSION_new());
        const unsigned char id[] = {1, 2, 3};
        SSL_SESSION_set1_id(made.get(), id, sizeof id);
        SSL_SESSION_set_protocol_version(made.get(), TLS1_3_VERSION);
        return made;
    };
    tls::detail::SessionCache cache(2);
    cache.put("a", session());
    cache.put("b", session());
    cache.put("a", session());
    cache.put("c", session());
    EXPECT_EQ(cache.size(), 3U);
    EXPECT_EQ(cache.take("b"), nullptr);
    EXPECT_NE(cache.take("a"), nullptr);
    EXPECT_NE(cache.take("a"), nullptr);
    EXPECT_EQ(cache.take("a"), nullptr) << "given once each";
    for (int i = 0; i < 10; ++i) {
        cache.put("c", session());
    }
    EXPECT_EQ(cache.size(), 4U) << "few for each host";
}

class KeysTest : public TlsSimTest {
protected:
    /// A raw client beside a server of ours, over memory.
    struct Hostile {
        tls::detail::SslContext context;
        RawPeer peer;
        Hostile(io::Stream under, int version)
            : context(weak_context(false, version, version)),
              peer(std::move(under), context.get(), false) {}
    };
    static Task<TlsStream> meet(Hostile& hostile, io::Stream server) {
        auto [stream, shaken] =
            co_await gather(tls::accept(std::move(server), ServerContext(server_options())),
                            hostile.peer.handshake());
        co_return std::move(stream);
    }
};

TEST_F(KeysTest, both_ends_may_change_keys_at_any_time) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        TlsPair pair =
            co_await secured(std::move(memory.client), std::move(memory.server),
                             ClientContext(client_options()), ServerContext(server_options()));
        const std::string text = numbered_text(50'000);
        for (int i = 0; i < 20; ++i) {
            TlsStream& from = i % 2 == 0 ? pair.client : pair.server;
            TlsStream& to = i % 2 == 0 ? pair.server : pair.client;
            from.update_keys();
            auto [written, read] =
                co_await gather(from.write_all(text), read_count(to, text.size()));
            EXPECT_TRUE(read == text) << i;
        }
    });
}

TEST_F(KeysTest, asking_again_before_a_write_is_asking_once) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        TlsPair pair =
            co_await secured(std::move(memory.client), std::move(memory.server),
                             ClientContext(client_options()), ServerContext(server_options()));
        pair.server.update_keys();
        EXPECT_NO_THROW(pair.server.update_keys());
        co_await pair.server.write_all("text");
        const std::string text = co_await read_count(pair.client, 4);
        EXPECT_EQ(text, "text");
    });
}

TEST_F(KeysTest, an_end_may_come_right_behind_new_keys) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        TlsPair pair =
            co_await secured(std::move(memory.client), std::move(memory.server),
                             ClientContext(client_options()), ServerContext(server_options()));
        co_await pair.client.write_all("text");
        pair.client.update_keys();
        co_await pair.client.shutdown_write();
        const std::string text = co_await read_to_end(pair.server);
        EXPECT_EQ(text, "text");
    });
}

TEST_F(KeysTest, tls_1_2_has_no_such_thing) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        ClientOptions options = client_options();
        options.max_version = tls::Version::tls_1_2;
        TlsPair pair = co_await secured(std::move(memory.client), std::move(memory.server),
                                        ClientContext(options), ServerContext(server_options()));
        EXPECT_EQ(pair.client.version(), tls::Version::tls_1_2);
        try {
            pair.client.update_keys();
            ADD_FAILURE() << "it had";
        } catch (const tls::TlsError& error) {
            EXPECT_EQ(error.code(), Errc::not_supported);
        }
    });
}

TEST_F(KeysTest, a_peer_that_changes_keys_without_end_is_stopped) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        Hostile hostile(std::move(memory.client), TLS1_3_VERSION);
        TlsStream stream = co_await meet(hostile, std::move(memory.server));
        // With data between them they are welcome.
        for (int i = 0; i < 200; ++i) {
            SSL_key_update(hostile.peer.ssl(), SSL_KEY_UPDATE_REQUESTED);
            co_await hostile.peer.write("x");
            const std::string text = co_await read_count(stream, 1);
            EXPECT_EQ(text, "x");
        }
        int sent = 0;
        auto flood = [&]() -> Task<> {
            for (; sent < 100'000; ++sent) {
                SSL_key_update(hostile.peer.ssl(), SSL_KEY_UPDATE_REQUESTED);
                SSL_do_handshake(hostile.peer.ssl());
                co_await hostile.peer.flush();
            }
        };
        auto read = [&]() -> Task<std::string> {
            std::string why = co_await message_of(stream.read_leased());
            stream.close();
            co_return why;
        };
        auto [flooded, why] = co_await gather(message_of(flood()), read);
        EXPECT_EQ(why, "read memory: the peer sends record after record without data");
        EXPECT_NE(flooded, "");
        EXPECT_LT(sent, 10'000);
    });
}

TEST_F(KeysTest, tls_1_2_is_not_renegotiated) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        Hostile hostile(std::move(memory.client), TLS1_2_VERSION);
        TlsStream stream = co_await meet(hostile, std::move(memory.server));
        SSL_renegotiate(hostile.peer.ssl());
        auto ask = [&]() -> Task<std::string> {
            std::string why = co_await message_of(hostile.peer.handshake());
            hostile.peer.close();
            co_return why;
        };
        auto serve = [&]() -> Task<std::string> {
            // Its no goes out with the next write.
            const auto nothing = co_await move_on_after(1s, stream.read_leased());
            EXPECT_FALSE(nothing.has_value());
            std::string why = co_await message_of(stream.write_all("data"));
            co_return why;
        };
        auto [why, served] = co_await gather(ask, serve);
        EXPECT_EQ(why, "no renegotiation");
        EXPECT_EQ(served, "");
    });
}

TEST_F(KeysTest, empty_records_without_end_are_an_error) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        ClientContext context(client_options());
        TlsPair pair = co_await secured(std::move(memory.client), std::move(memory.server), context,
                                        ServerContext(server_options()));
        // Change-cipher-spec records are allowed for old middleboxes, and carry nothing.
        const std::string record("\x14\x03\x03\x00\x01\x01", 6);
        std::string many;
        for (int i = 0; i < 1000; ++i) {
            many += record;
        }
        co_await pair.client.under().write_all(many);
        const std::string why = co_await message_of(pair.server.read_leased());
        EXPECT_NE(why, "");
    });
}

TEST_F(KeysTest, one_byte_records_and_broken_ones) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        TlsPair pair =
            co_await secured(std::move(memory.client), std::move(memory.server),
                             ClientContext(client_options()), ServerContext(server_options()));
        std::string text;
        for (int i = 0; i < 2000; ++i) {
            co_await pair.client.write_all("x");
        }
        while (text.size() < 2000) {
            const io::Lease lease = co_await pair.server.read_leased();
            text += lease.bytes().text();
        }
        EXPECT_EQ(text, std::string(2000, 'x'));

        // What was whole before the broken record is delivered first.
        co_await pair.client.write_all("whole");
        co_await pair.client.under().write_all(std::string("\x17\x03\x03\x00\x20", 5) +
                                               std::string(32, 'z'));
        const std::string whole = co_await read_count(pair.server, 5);
        EXPECT_EQ(whole, "whole");
        for (int i = 0; i < 2; ++i) {
            const std::string why = co_await message_of(pair.server.read_leased());
            EXPECT_EQ(why, "read memory: decryption failed or bad record mac");
        }
        const std::string dead = co_await message_of(pair.server.write_all("x"));
        EXPECT_EQ(dead, "read memory: decryption failed or bad record mac");
        const std::string told = co_await message_of(pair.client.read_leased());
        EXPECT_EQ(told, "read server.test: the peer's alert: bad record mac");
    });
}

TEST_F(KeysTest, a_record_longer_than_any_is_refused) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        TlsPair pair =
            co_await secured(std::move(memory.client), std::move(memory.server),
                             ClientContext(client_options()), ServerContext(server_options()));
        co_await pair.client.under().write_all(std::string("\x17\x03\x03\x50\x00", 5) +
                                               std::string(0x5000, 'z'));
        const std::string why = co_await message_of(pair.server.read_leased());
        EXPECT_NE(why.find("length too long"), std::string::npos) << why;
    });
}

TEST_F(KeysTest, an_idle_connection_owns_no_buffer_of_the_loop) {
    run_sim([&]() -> Task<> {
        MemoryPair memory;
        TlsPair pair =
            co_await secured(std::move(memory.client), std::move(memory.server),
                             ClientContext(client_options()), ServerContext(server_options()));
        co_await pair.client.write_all("question");
        co_await read_count(pair.server, 8);
        co_await pair.server.write_all("answer");
        co_await read_count(pair.client, 6);
        EXPECT_EQ(leases_out(), 0U);
    });
}

}  // namespace
}  // namespace rondo::test
