// SPDX-License-Identifier: Apache-2.0
// A ticket that comes in two parts. Until it has the rest OpenSSL sends nothing, so who writes
// waits for it, beside a reader or alone.
#include <memory>
#include <string>

#include "rondo/loop/sleep.hpp"
#include "rondo/net/timed_stream.hpp"
#include "tls/raw_peer.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

int make_ticket(SSL* ssl, void*) {
    const std::string large(1500, 't');
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), large.data(), large.size());
}

SSL_TICKET_RETURN ignore_ticket(SSL*, SSL_SESSION*, const unsigned char*, std::size_t,
                                SSL_TICKET_STATUS, void*) {
    return SSL_TICKET_RETURN_IGNORE;
}

/// A client, and a peer whose ticket takes several records.
class SplitMessageTest : public TlsSimTest {
protected:
    void SetUp() override {
        TlsSimTest::SetUp();
        context_ = weak_context(true, TLS1_3_VERSION, TLS1_3_VERSION, "DEFAULT");
        use(context_.get(), leaf_);
        SSL_CTX_set_num_tickets(context_.get(), 0);
        SSL_CTX_set_max_send_fragment(context_.get(), 512);
        SSL_CTX_set_session_ticket_cb(context_.get(), &make_ticket, &ignore_ticket, nullptr);
    }

    /// Runs `body` with both ends; the client has read the first part of a ticket.
    template <class Body>
    void with_half_a_ticket(Body body) {
        run_sim([&]() -> Task<> {
            MemoryPair pair;
            peer_ = std::make_unique<RawPeer>(std::move(pair.server), context_.get(), true);
            io::Stream below{net::TimedStream<io::Stream>(std::move(pair.client), limits_)};
            auto [client, shaken] = co_await gather(
                tls::connect(std::move(below), test_host, ClientContext(client_options())),
                peer_->handshake());
            client_ = std::move(client);
            co_await send_first_part();
            co_await body();
            client_.close();
            peer_.reset();
        });
    }

    Task<> send_rest(std::string and_more = "") { co_await peer_->send(rest_ + and_more); }

    Task<> send_rest_later(Duration after = 1s) {
        co_await sleep(after);
        co_await send_rest();
    }

    Task<> answer_later() {
        co_await send_rest_later();
        const std::string heard = co_await hear();
        co_await peer_->write(heard + " pong");
    }

    Task<> greet_later() {
        co_await send_rest_later(3s);
        co_await peer_->write("pong");
    }

    Task<std::string> hear() {
        std::string text = co_await peer_->read();
        co_return text;
    }

    std::unique_ptr<RawPeer> peer_;
    TlsStream client_;
    net::StreamLimits limits_;  ///< of the stream below the client

private:
    // A read that is stopped leaves what it has read of the ticket with OpenSSL.
    Task<> send_first_part() {
        EXPECT_EQ(SSL_new_session_ticket(peer_->ssl()), 1);
        EXPECT_EQ(SSL_do_handshake(peer_->ssl()), 1);
        char* data = nullptr;
        const long size = BIO_get_mem_data(SSL_get_wbio(peer_->ssl()), &data);
        const std::string ticket(data, static_cast<std::size_t>(size));
        BIO_reset(SSL_get_wbio(peer_->ssl()));
        const auto byte = [&](std::size_t at) {
            return std::size_t{static_cast<unsigned char>(ticket.at(at))};
        };
        const std::size_t first = 5 + (byte(3) << 8 | byte(4));
        EXPECT_LT(first, ticket.size());
        rest_ = ticket.substr(first);
        co_await peer_->send(ticket.substr(0, first));
        co_await move_on_after(1s, client_.read_leased());
    }

    const Entity leaf_ = make_leaf({test_host});
    tls::detail::SslContext context_;
    std::string rest_;
};

TEST_F(SplitMessageTest, a_write_waits_for_the_rest) {
    with_half_a_ticket([&]() -> Task<> {
        const TimePoint begin = now();
        co_await gather(client_.write_all("ping"), send_rest_later());
        EXPECT_EQ(now() - begin, 1s);
        const std::string heard = co_await hear();
        EXPECT_EQ(heard, "ping");
    });
}

TEST_F(SplitMessageTest, it_waits_beside_a_reader_that_came_before) {
    with_half_a_ticket([&]() -> Task<> {
        auto [read, written, answered] =
            co_await gather(read_count(client_, 9), client_.write_all("ping"), answer_later());
        EXPECT_EQ(read, "ping pong");
    });
}

TEST_F(SplitMessageTest, a_reader_may_come_while_it_waits) {
    with_half_a_ticket([&]() -> Task<> {
        auto [written, read, answered] =
            co_await gather(client_.write_all("ping"), read_count(client_, 9), answer_later());
        EXPECT_EQ(read, "ping pong");
    });
}

TEST_F(SplitMessageTest, it_goes_on_when_the_reader_is_stopped) {
    with_half_a_ticket([&]() -> Task<> {
        auto reader = [&]() -> Task<> { co_await move_on_after(100ms, client_.read_leased()); };
        co_await gather(reader(), client_.write_all("ping"), send_rest_later());
        const std::string heard = co_await hear();
        EXPECT_EQ(heard, "ping");
    });
}

TEST_F(SplitMessageTest, it_goes_on_when_the_reader_waits_too_long) {
    limits_.read = 2s;
    with_half_a_ticket([&]() -> Task<> {
        auto [late, written, sent] = co_await gather(
            message_of(client_.read_leased()), client_.write_all("ping"), send_rest_later(3s));
        EXPECT_EQ(late, TimeoutError().what());
        const std::string heard = co_await hear();
        EXPECT_EQ(heard, "ping");
        co_await peer_->write("pong");
        const std::string read = co_await read_count(client_, 4);
        EXPECT_EQ(read, "pong");
    });
}

TEST_F(SplitMessageTest, when_it_waits_too_long_it_has_sent_nothing_and_the_reader_goes_on) {
    limits_.read = 2s;
    with_half_a_ticket([&]() -> Task<> {
        auto [late, read, answered] = co_await gather(message_of(client_.write_all("never")),
                                                      read_count(client_, 4), greet_later());
        EXPECT_EQ(late, TimeoutError().what());
        EXPECT_EQ(read, "pong");
        co_await client_.write_all("ping");
        const std::string heard = co_await hear();
        EXPECT_EQ(heard, "ping");
    });
}

TEST_F(SplitMessageTest, stopped_while_it_waits_it_has_sent_nothing) {
    with_half_a_ticket([&]() -> Task<> {
        co_await move_on_after(1s, client_.write_all("never"));
        co_await gather(client_.write_all("ping"), send_rest_later());
        const std::string heard = co_await hear();
        EXPECT_EQ(heard, "ping");
    });
}

TEST_F(SplitMessageTest, an_end_of_writing_waits_too) {
    with_half_a_ticket([&]() -> Task<> {
        co_await gather(client_.shutdown_write(), send_rest_later());
        const std::string heard = co_await hear();
        EXPECT_EQ(heard, "");
        co_await peer_->write("still");
        const std::string read = co_await read_count(client_, 5);
        EXPECT_EQ(read, "still");
    });
}

TEST_F(SplitMessageTest, new_keys_are_made_with_the_next_write) {
    with_half_a_ticket([&]() -> Task<> {
        client_.update_keys();
        client_.update_keys();
        co_await gather(client_.write_all("ping"), send_rest_later());
        std::string heard = co_await hear();
        EXPECT_EQ(heard, "ping");
        EXPECT_EQ(SSL_get_key_update_type(peer_->ssl()), SSL_KEY_UPDATE_NOT_REQUESTED)
            << "the peer was asked for new ones";
        co_await client_.write_all("again");
        heard = co_await hear();
        EXPECT_EQ(heard, "again");
    });
}

TEST_F(SplitMessageTest, the_rest_may_come_with_the_end_of_the_peers_stream) {
    with_half_a_ticket([&]() -> Task<> {
        auto end = [&]() -> Task<> {
            co_await sleep(1s);
            SSL_shutdown(peer_->ssl());
            char* data = nullptr;
            const long size = BIO_get_mem_data(SSL_get_wbio(peer_->ssl()), &data);
            const std::string notice(data, static_cast<std::size_t>(size));
            BIO_reset(SSL_get_wbio(peer_->ssl()));
            co_await send_rest(notice);
        };
        auto [read, written, ended] =
            co_await gather(read_to_end(client_), client_.write_all("ping"), end());
        EXPECT_EQ(read, "");
        const std::string heard = co_await hear();
        EXPECT_EQ(heard, "ping");
    });
}

TEST_F(SplitMessageTest, a_connection_that_ends_there_is_truncated) {
    with_half_a_ticket([&]() -> Task<> {
        auto end = [&]() -> Task<> {
            co_await sleep(1s);
            peer_->close();
        };
        auto [why, ended] = co_await gather(message_of(client_.write_all("ping")), end());
        EXPECT_TRUE(why.starts_with("write server.test: ")) << why;
        EXPECT_TRUE(why.ends_with("truncated")) << why;
    });
}

}  // namespace
}  // namespace rondo::test
