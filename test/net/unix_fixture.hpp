// SPDX-License-Identifier: Apache-2.0
/// Tests of Unix sockets, on each driver.
#pragma once

#include <string>

#include "net/net_test.hpp"
#include "rondo/net/unix_listener.hpp"
#include "rondo/net/unix_stream.hpp"
#include "support/unix_names.hpp"

namespace rondo::test {

using net::UnixListener;
using net::UnixStream;

class UnixTest : public NetTest {
protected:
    template <class S>
    static Task<std::string> read_text(S& stream, std::size_t count) {
        std::string text(count, '\0');
        std::size_t have = 0;
        while (have < count) {
            const MutableBytes rest(reinterpret_cast<std::byte*>(text.data()) + have, count - have);
            const std::size_t bytes = co_await stream.read_some(rest);
            if (bytes == 0) {
                text.resize(have);
                break;
            }
            have += bytes;
        }
        co_return text;
    }

    static Task<> meet_at(UnixAddress address) {
        UnixListener listener = UnixListener::listen(address);
        EXPECT_EQ(listener.local_address(), address);
        UnixStream client = co_await UnixStream::connect(address);
        UnixStream server = co_await listener.accept();
        EXPECT_EQ(client.name(), address.to_string());
        EXPECT_EQ(client.peer_address(), address);
        EXPECT_TRUE(client.local_address().is_unnamed());
        co_await client.write_all("question");
        const std::string question = co_await read_text(server, 8);
        EXPECT_EQ(question, "question");
        co_await server.write_all("answer");
        server.close();
        const std::string answer = co_await read_text(client, 100);
        EXPECT_EQ(answer, "answer");
    }
};

}  // namespace rondo::test
