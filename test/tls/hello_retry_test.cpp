// SPDX-License-Identifier: Apache-2.0
// Servers that ask their clients for another key (HelloRetryRequest): the second hello is served by
// the context that the first one chose.
#include <string>
#include <utility>

#include "tls/raw_peer.hpp"
#include "tls/state.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

class HelloRetryTest : public TlsSimTest {
protected:
    /// Agrees on keys by a group for which no client brings one unasked.
    static ServerContext retrying(const ServerOptions& options) {
        ServerContext context(options);
        SSL_CTX* const ssl = tls::detail::Access::state(context)->ssl.get();
        EXPECT_EQ(SSL_CTX_set1_groups_list(ssl, "P-384"), 1);
        return context;
    }

    /// For open.test, or closed.test whose clients must show who they are; others get test_host's.
    static ServerOptions open_and_closed() {
        ServerOptions closed(make_leaf({"closed.test"}).identity());
        closed.client_certificates = tls::ClientCertificates::required;
        closed.client_trust = test_root().trust();
        ServerOptions options = server_options();
        options.names.emplace_back(
            "open.test", ServerContext(ServerOptions(make_leaf({"open.test"}).identity())));
        options.names.emplace_back("closed.test", ServerContext(closed));
        return options;
    }

    /// What both ends say of a client that asks for `first` and then for `second`; null: for none.
    static Task<std::pair<std::string, Shaken>> ask(ServerContext server, const char* first,
                                                    const char* second) {
        MemoryPair pair;
        const tls::detail::SslContext context = weak_context(false, TLS1_3_VERSION, TLS1_3_VERSION);
        RawPeer peer(std::move(pair.client), context.get(), false);
        SSL_set_tlsext_host_name(peer.ssl(), first);
        SSL_do_handshake(peer.ssl());  // makes the first hello, and waits for an answer
        SSL_set_tlsext_host_name(peer.ssl(), second);
        auto [why, served] =
            co_await gather(message_of(peer.handshake()),
                            shaken(tls::accept(std::move(pair.server), std::move(server))));
        co_return std::pair(std::move(why), std::move(served));
    }

    /// Both ends of our own client's handshake.
    static Task<std::pair<Shaken, Shaken>> shake(ClientOptions client, ServerContext server,
                                                 std::string host) {
        MemoryPair pair;
        auto [one, other] = co_await gather(
            shaken(tls::connect(std::move(pair.client), host, ClientContext(client))),
            shaken(tls::accept(std::move(pair.server), std::move(server))));
        co_return std::pair(std::move(one), std::move(other));
    }
};

TEST_F(HelloRetryTest, another_name_in_the_second_hello_is_refused) {
    run_sim([&]() -> Task<> {
        const ServerContext server = retrying(open_and_closed());
        const std::pair<const char*, const char*> changes[] = {
            {"open.test", "closed.test"}, {"closed.test", "open.test"}, {"open.test", nullptr},
            {nullptr, "closed.test"},     {"none.test", "closed.test"}, {"open.test", "none.test"},
        };
        for (const auto& [first, second] : changes) {
            auto [why, served] = co_await ask(server, first, second);
            EXPECT_EQ(why, "the peer's alert: illegal parameter");
            EXPECT_EQ(served.why,
                      "tls handshake memory: the client asks for another name than before");
        }
    });
}

TEST_F(HelloRetryTest, the_same_name_is_served_as_before) {
    run_sim([&]() -> Task<> {
        const ServerContext server = retrying(open_and_closed());
        for (const char* const name : {"open.test", "none.test", ""}) {
            const char* const asked = *name != '\0' ? name : nullptr;
            auto [why, served] = co_await ask(server, asked, asked);
            EXPECT_EQ(why + served.why, "") << name;
            EXPECT_EQ(served.stream.server_name(), name);
        }
        // How a name is written does not matter.
        auto [why, served] = co_await ask(server, "Open.test", "open.TEST");
        EXPECT_EQ(why + served.why, "");
        auto closed = co_await ask(server, "closed.test", "closed.test");
        EXPECT_EQ(closed.second.why, "tls handshake memory: peer did not return a certificate");
    });
}

TEST_F(HelloRetryTest, the_name_chooses_the_context_all_the_same) {
    run_sim([&]() -> Task<> {
        ServerOptions options = open_and_closed();
        for (const bool refuse : {false, true}) {
            options.refuse_other_names = refuse;
            const ServerContext server = retrying(options);
            ClientOptions client = client_options();
            auto open = co_await shake(client, server, "open.test");
            EXPECT_EQ(open.first.why + open.second.why, "");
            EXPECT_EQ(open.first.stream.peer_certificate()->dns_names.at(0), "open.test");
            EXPECT_EQ(open.second.stream.server_name(), "open.test");

            client.identities.push_back(make_leaf({"me"}).identity());
            auto closed = co_await shake(client, server, "closed.test");
            EXPECT_EQ(closed.first.why + closed.second.why, "");
            EXPECT_EQ(closed.first.stream.peer_certificate()->dns_names.at(0), "closed.test");
            EXPECT_EQ(closed.second.stream.peer_certificate()->dns_names.at(0), "me");

            auto other = co_await shake(client, server, test_host);
            EXPECT_EQ(other.second.why,
                      refuse ? "tls handshake memory: the client asks for a name that is not served"
                             : "");
        }
    });
}

// A context may serve some names by itself and be one that another context chooses.
TEST_F(HelloRetryTest, names_of_the_chosen_context_do_not_matter) {
    run_sim([&]() -> Task<> {
        for (const char* const inner_name : {"deeper.test", "open.test"}) {
            ServerOptions inner(make_leaf({"open.test"}).identity());
            inner.alpn = {"inner"};
            inner.names.emplace_back(inner_name, ServerContext(server_options()));
            inner.refuse_other_names = true;
            ServerOptions options = server_options();
            options.names.emplace_back("*.test", ServerContext(inner));
            ClientOptions client = client_options();
            client.alpn = {"inner"};
            auto both = co_await shake(client, retrying(options), "open.test");
            EXPECT_EQ(both.first.why + both.second.why, "") << inner_name;
            EXPECT_EQ(both.first.stream.alpn(), "inner");
        }
    });
}

}  // namespace
}  // namespace rondo::test
