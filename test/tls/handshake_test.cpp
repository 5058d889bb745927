// SPDX-License-Identifier: Apache-2.0
// What two ends agree on, and what becomes of a handshake that does not end well.
#include <cerrno>
#include <thread>

#include "rondo/net/timed_stream.hpp"
#include "tls/raw_peer.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

class HandshakeTest : public TlsSimTest {
protected:
    /// Both ends of a handshake in memory that may fail at either.
    static Task<std::pair<Shaken, Shaken>> shake(const ClientOptions& client,
                                                 const ServerOptions& server,
                                                 std::string host = test_host) {
        MemoryPair pair;
        auto both = co_await shake_over(pair, client, server, host);
        co_return both;
    }
    static Task<std::pair<Shaken, Shaken>> shake_over(MemoryPair& pair, const ClientOptions& client,
                                                      const ServerOptions& server,
                                                      std::string host = test_host) {
        auto [one, other] = co_await gather(
            shaken(tls::connect(std::move(pair.client), host, ClientContext(client))),
            shaken(tls::accept(std::move(pair.server), ServerContext(server))));
        co_return std::pair(std::move(one), std::move(other));
    }
};

/// An io::ByteStream that cannot be written, and says nothing.
class MuteStream {
public:
    explicit MuteStream(int error) : error_(error) {}

    Task<std::size_t> read_some(MutableBytes) {
        co_await sleep(1h);
        co_return std::size_t{0};
    }
    Task<> write_all(Bytes) {
        co_await yield();
        throw Error("write", "mute", error_);
    }
    void shutdown_write() {}
    void close() noexcept { open_ = false; }
    bool is_open() const noexcept { return open_; }
    std::string name() const { return "mute"; }

private:
    int error_;
    bool open_ = true;
};

TEST_F(HandshakeTest, a_message_that_cannot_be_sent_is_told_at_once) {
    for (const int error : {ENOBUFS, ECONNRESET, EPIPE}) {
        run_sim([&]() -> Task<> {
            const TimePoint begin = now();
            io::Stream mute{MuteStream(error)};
            const Shaken client = co_await shaken(
                tls::connect(std::move(mute), test_host, ClientContext(client_options())));
            EXPECT_EQ(client.why, Error("write", "mute", error).what());
            EXPECT_LT(now() - begin, 1s);
        });
    }
}

TEST_F(HandshakeTest, a_byte_at_a_time) {
    run_sim([&]() -> Task<> {
        MemoryPair pair(1, 1);
        auto [client, server] = co_await shake_over(pair, client_options(), server_options());
        EXPECT_EQ(client.why + server.why, "");
        const std::string text = numbered_text(40'000);
        auto write = [&]() -> Task<> {
            co_await client.stream.write_all(text);
            co_await client.stream.shutdown_write();
        };
        auto [read, written] = co_await gather(read_to_end(server.stream), write);
        EXPECT_TRUE(read == text);
    });
}

TEST_F(HandshakeTest, odd_pieces_in_drawn_orders) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        run_sim(
            [&]() -> Task<> {
                MemoryPair pair(1 + seed * 37 % 1500, 1 + seed * 101 % 5000);
                auto [client, server] =
                    co_await shake_over(pair, client_options(), server_options());
                EXPECT_EQ(client.why + server.why, "") << seed;
                const std::string text = numbered_text(100'000);
                auto write = [&](TlsStream& stream) -> Task<> {
                    co_await stream.write_all(text);
                    co_await stream.shutdown_write();
                };
                auto [one, other, w, v] =
                    co_await gather(read_to_end(server.stream), read_to_end(client.stream),
                                    write(client.stream), write(server.stream));
                EXPECT_TRUE(one == text && other == text) << seed;
            },
            seed);
    }
}

TEST_F(HandshakeTest, the_servers_best_common_protocol_is_spoken) {
    run_sim([&]() -> Task<> {
        ClientOptions client = client_options();
        ServerOptions server = server_options();
        client.alpn = {"http/1.1", "h2"};
        server.alpn = {"h2", "http/1.1"};
        auto both = co_await shake(client, server);
        EXPECT_EQ(both.first.stream.alpn(), "h2");
        EXPECT_EQ(both.second.stream.alpn(), "h2");

        server.alpn = {};
        auto none = co_await shake(client, server);
        EXPECT_EQ(none.first.stream.alpn(), "");

        client.alpn = {};
        server.alpn = {"h2"};
        auto silent = co_await shake(client, server);
        EXPECT_EQ(silent.second.why, "");
        EXPECT_EQ(silent.second.stream.alpn(), "");
    });
}

TEST_F(HandshakeTest, a_client_without_a_common_protocol_is_refused) {
    run_sim([&]() -> Task<> {
        ClientOptions client = client_options();
        ServerOptions server = server_options();
        client.alpn = {"spdy/1"};
        server.alpn = {"h2"};
        auto both = co_await shake(client, server);
        EXPECT_EQ(both.first.why,
                  "tls handshake server.test: the peer's alert: no application protocol");
        EXPECT_EQ(both.second.why,
                  "tls handshake memory: the client speaks none of the protocols that are served");
    });
}

TEST_F(HandshakeTest, a_name_is_sent_and_an_address_never) {
    run_sim([&]() -> Task<> {
        CertificateSpec spec({"server.test"});
        spec.ips = {"127.0.0.1", "::1"};
        const ServerOptions server(make_certificate(spec, &test_root()).identity());
        auto named = co_await shake(client_options(), server, "SERVER.test.");
        EXPECT_EQ(named.second.stream.server_name(), "server.test");
        for (const char* const address : {"127.0.0.1", "::1", "[::1]"}) {
            auto numbered = co_await shake(client_options(), server, address);
            EXPECT_EQ(numbered.first.why, "") << address;
            EXPECT_EQ(numbered.second.stream.server_name(), "") << address;
        }
    });
}

TEST_F(HandshakeTest, the_name_chooses_the_context) {
    run_sim([&]() -> Task<> {
        ServerOptions strict(make_leaf({"one.test"}).identity());
        strict.alpn = {"one"};
        strict.min_version = tls::Version::tls_1_3;
        strict.client_certificates = tls::ClientCertificates::required;
        strict.client_trust = test_root().trust();
        ServerOptions wild(make_leaf({"*.wild.test"}).identity());
        wild.max_version = tls::Version::tls_1_2;
        ServerOptions server = server_options();
        server.names.emplace_back("One.test", ServerContext(strict));
        server.names.emplace_back("*.wild.test", ServerContext(wild));

        ClientOptions client = client_options();
        client.alpn = {"one"};
        auto refused = co_await shake(client, server, "one.test");
        EXPECT_EQ(refused.second.why, "tls handshake memory: peer did not return a certificate");
        client.identities.push_back(make_leaf({"me"}).identity());
        auto one = co_await shake(client, server, "one.test");
        EXPECT_EQ(one.first.why + one.second.why, "");
        EXPECT_EQ(one.first.stream.alpn(), "one");
        EXPECT_EQ(one.second.stream.peer_certificate()->dns_names.at(0), "me");

        auto wild_one = co_await shake(client_options(), server, "a.wild.test");
        EXPECT_EQ(wild_one.first.stream.version(), tls::Version::tls_1_2);
        auto other = co_await shake(client_options(), server);
        EXPECT_EQ(other.first.stream.peer_certificate()->dns_names.at(0), test_host);
        auto deeper = co_await shake(client_options(), server, "a.b.wild.test");
        EXPECT_NE(deeper.first.why.find("hostname mismatch"), std::string::npos);
    });
}

TEST_F(HandshakeTest, other_names_can_be_refused) {
    run_sim([&]() -> Task<> {
        ServerOptions server = server_options();
        server.names.emplace_back(test_host, ServerContext(server_options()));
        server.refuse_other_names = true;
        auto good = co_await shake(client_options(), server);
        EXPECT_EQ(good.first.why, "");
        auto bad = co_await shake(client_options(), server, "other.test");
        EXPECT_EQ(bad.first.why, "tls handshake other.test: the peer's alert: unrecognized name");
        EXPECT_EQ(bad.second.why,
                  "tls handshake memory: the client asks for a name that is not served");
    });
}

TEST_F(HandshakeTest, a_client_shows_who_it_is_when_asked) {
    run_sim([&]() -> Task<> {
        ServerOptions server = server_options();
        server.client_certificates = tls::ClientCertificates::optional;
        server.client_trust = test_root().trust();
        auto anonymous = co_await shake(client_options(), server);
        EXPECT_EQ(anonymous.second.why, "");
        EXPECT_FALSE(anonymous.second.stream.peer_certificate().has_value());

        ClientOptions client = client_options();
        client.identities.push_back(make_leaf({"me"}).identity());
        auto known = co_await shake(client, server);
        EXPECT_EQ(known.second.stream.peer_certificate()->dns_names.at(0), "me");
        EXPECT_EQ(known.second.stream.peer_chain().at(0).dns_names.at(0), "me");

        ServerOptions incurious = server_options();
        auto unasked = co_await shake(client, incurious);
        EXPECT_FALSE(unasked.second.stream.peer_certificate().has_value());
    });
}

TEST_F(HandshakeTest, a_client_that_must_show_who_it_is_and_does_not_is_refused) {
    run_sim([&]() -> Task<> {
        ServerOptions server = server_options();
        server.client_certificates = tls::ClientCertificates::required;
        server.client_trust = test_root().trust();
        for (const tls::Version version : {tls::Version::tls_1_2, tls::Version::tls_1_3}) {
            ClientOptions client = client_options();
            client.max_version = version;
            auto absent = co_await shake(client, server);
            EXPECT_EQ(absent.second.why, "tls handshake memory: peer did not return a certificate");
            // Under TLS 1.3 the client's handshake has ended by then: its first read is told.
            std::string told = absent.first.why;
            if (told.empty()) {
                told = co_await message_of(absent.first.stream.read_leased());
            }
            EXPECT_EQ(told, version == tls::Version::tls_1_3
                                ? "read server.test: the peer's alert: certificate required"
                                : "tls handshake server.test: the peer's alert: handshake failure");

            client.identities.push_back(make_certificate(CertificateSpec({"me"})).identity());
            auto wrong = co_await shake(client, server);
            EXPECT_TRUE(wrong.second.is_certificate_error);
            EXPECT_EQ(wrong.second.why,
                      "tls handshake memory: self-signed certificate (the peer's own, CN=leaf)");
        }
    });
}

TEST_F(HandshakeTest, a_silent_peer_is_given_up_on) {
    run_sim([&]() -> Task<> {
        MemoryPair pair;
        ClientOptions client = client_options();
        client.handshake_timeout = 3s;
        const TimePoint before = now();
        const Shaken one =
            co_await shaken(tls::connect(std::move(pair.client), test_host, ClientContext(client)));
        EXPECT_EQ(one.why, "tls handshake server.test: it took longer than 3000 ms");
        EXPECT_EQ(now() - before, 3s);
        MemoryPair silent;
        const Shaken other =
            co_await shaken(tls::accept(std::move(silent.server), ServerContext(server_options())));
        EXPECT_EQ(other.why, "tls handshake memory: it took longer than 10000 ms");
        EXPECT_EQ(now() - before, 13s);
    });
}

TEST_F(HandshakeTest, a_deadline_around_it_stays_what_it_is) {
    run_sim([&]() -> Task<> {
        MemoryPair pair;
        bool late = false;
        try {
            co_await timeout(1s, tls::connect(std::move(pair.client), test_host,
                                              ClientContext(client_options())));
        } catch (const TimeoutError&) {
            late = true;
        }
        EXPECT_TRUE(late);
    });
}

TEST_F(HandshakeTest, a_time_limit_of_the_stream_below_is_reported_as_its_own) {
    run_sim([&]() -> Task<> {
        for (const bool server : {false, true}) {
            MemoryPair pair;
            io::Stream timed{net::TimedStream<io::Stream>(std::move(pair.client), {1s, 1s})};
            const TimePoint begin = now();
            std::string why;
            try {
                if (server) {
                    co_await tls::accept(std::move(timed), ServerContext(server_options()));
                } else {
                    co_await tls::connect(std::move(timed), test_host,
                                          ClientContext(client_options()));
                }
            } catch (const TimeoutError& error) {
                why = error.what();
            }
            EXPECT_EQ(why, TimeoutError().what());
            EXPECT_EQ(now() - begin, 1s);
            EXPECT_TRUE(pair.to_server->ended) << "it is given up";
        }
    });
}

TEST_F(HandshakeTest, a_peer_that_goes_or_talks_nonsense_is_an_error) {
    run_sim([&]() -> Task<> {
        MemoryPair gone;
        gone.server.close();
        const Shaken one = co_await shaken(
            tls::connect(std::move(gone.client), test_host, ClientContext(client_options())));
        EXPECT_NE(one.why, "");

        MemoryPair ended;
        co_await ended.server.shutdown_write();
        const Shaken two = co_await shaken(
            tls::connect(std::move(ended.client), test_host, ClientContext(client_options())));
        EXPECT_EQ(two.why, "tls handshake server.test: the peer ended the connection");

        MemoryPair http;
        co_await http.client.write_all("GET / HTTP/1.0\r\n\r\n");
        const Shaken three =
            co_await shaken(tls::accept(std::move(http.server), ServerContext(server_options())));
        EXPECT_EQ(three.why, "tls handshake memory: http request");

        MemoryPair noise;
        co_await noise.client.write_all(std::string(100, '\x80'));
        const Shaken four =
            co_await shaken(tls::accept(std::move(noise.server), ServerContext(server_options())));
        EXPECT_NE(four.why.find("tls handshake memory: "), std::string::npos);
    });
}

// Our message fails, but the reason lies before the end.
TEST_F(HandshakeTest, why_a_peer_refuses_is_heard_although_it_is_gone) {
    run_sim([&]() -> Task<> {
        MemoryPair pair;
        co_await pair.server.write_all(std::string("\x15\x03\x03\x00\x02\x02\x28", 7));
        pair.server.close();
        const Shaken result = co_await shaken(
            tls::connect(std::move(pair.client), test_host, ClientContext(client_options())));
        EXPECT_EQ(result.why, "tls handshake server.test: the peer's alert: handshake failure");
    });
}

TEST_F(HandshakeTest, contexts_are_shared_by_threads) {
    const ClientContext client(client_options());
    const ServerContext server(server_options());
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            run_sim([&]() -> Task<> {
                for (int round = 0; round < 5; ++round) {
                    MemoryPair pair;
                    TlsPair both = co_await secured(std::move(pair.client), std::move(pair.server),
                                                    client, server);
                    co_await both.server.write_all("x");
                    const std::string text = co_await read_count(both.client, 1);
                    EXPECT_EQ(text, "x");
                }
            });
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_GT(client.sessions(), 0U);
}

TEST_F(HandshakeTest, hosts_that_cannot_be_are_refused) {
    run_sim([&]() -> Task<> {
        using namespace std::string_literals;
        for (const std::string& host :
             {""s, "."s, "a..b"s, "good.test\0.evil.test"s, "ex ample"s,
              "b\xc3\xbc"
              "cher.test"s,
              "127.1"s, "1.2.3.4.5"s, "999.1.1.1"s, "0x7f.0x1"s, "a/b"s, "a:b"s, "a@b"s,
              std::string(64, 'a') + ".test", std::string(300, 'a'), "*.test"s}) {
            MemoryPair pair;
            bool invalid = false;
            try {
                co_await tls::connect(std::move(pair.client), host,
                                      ClientContext(client_options()));
            } catch (const tls::TlsError& error) {
                invalid = error.code() == Errc::invalid;
            }
            EXPECT_TRUE(invalid) << host;
        }
    });
}

TEST_F(HandshakeTest, the_peers_certificates_can_be_read) {
    run_sim([&]() -> Task<> {
        CertificateSpec spec({"server.test", "other.test"});
        spec.ips = {"10.0.0.1", "2001:db8::1"};
        spec.common_name = "The Server";
        const Entity leaf = make_certificate(spec, &test_root());
        auto both = co_await shake(client_options(),
                                   ServerOptions(leaf.identity(test_root().certificate_pem())));
        const tls::Certificate shown = *both.first.stream.peer_certificate();
        EXPECT_EQ(shown.subject, "CN=The Server");
        EXPECT_EQ(shown.issuer, "CN=Test Root");
        EXPECT_THAT(shown.dns_names, testing::ElementsAre("server.test", "other.test"));
        EXPECT_THAT(shown.ip_addresses,
                    testing::ElementsAre("10.0.0.1", "2001:0db8:0000:0000:0000:0000:0000:0001"));
        EXPECT_EQ(shown.sha256.size(), 64U);
        EXPECT_FALSE(shown.der.empty());
        EXPECT_EQ(shown.not_after - shown.not_before, std::chrono::days(31));
        EXPECT_EQ(both.first.stream.peer_chain().size(), 2U);
    });
}

// An error that another connection of this thread left behind must not be taken for one's own.
TEST_F(HandshakeTest, errors_of_one_connection_do_not_reach_another) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        run_sim(
            [&]() -> Task<> {
                MemoryPair good(1 + seed * 7 % 300);
                MemoryPair bad(1 + seed * 13 % 300);
                const ClientContext trusting(client_options());
                const ServerContext serving(server_options());
                auto talk = [&]() -> Task<> {
                    TlsPair pair = co_await secured(std::move(good.client), std::move(good.server),
                                                    trusting, serving);
                    for (int i = 0; i < 3; ++i) {
                        co_await pair.client.write_all("text");
                        const std::string text = co_await read_count(pair.server, 4);
                        EXPECT_EQ(text, "text");
                        ERR_raise(ERR_LIB_SSL, SSL_R_BAD_DATA);  // as careless neighbours do
                    }
                };
                auto fail = [&]() -> Task<> {
                    auto [one, other] = co_await gather(
                        shaken(tls::connect(std::move(bad.client), "wrong.test", trusting)),
                        shaken(tls::accept(std::move(bad.server), serving)));
                    EXPECT_NE(one.why.find("hostname mismatch"), std::string::npos);
                    EXPECT_EQ(ERR_peek_error(), 0U);
                };
                co_await gather(talk, fail);
            },
            seed);
    }
}

}  // namespace
}  // namespace rondo::test
