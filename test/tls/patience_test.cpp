// SPDX-License-Identifier: Apache-2.0
// Peers that go on and on without data.
#include "tls/patience.hpp"

#include <string>

#include "tls/raw_peer.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

using tls::detail::Patience;

class PatienceTest : public TlsSimTest {};

TEST_F(PatienceTest, records_without_data_are_counted_once) {
    Patience patience;
    for (int i = 0; i < Patience::limit; ++i) {
        patience.record();
        patience.message();
    }
    EXPECT_FALSE(patience.is_over());
    patience.record();
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

}  // namespace
}  // namespace rondo::test
