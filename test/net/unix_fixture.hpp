// SPDX-License-Identifier: Apache-2.0
/// Tests of Unix sockets, on each driver.
#pragma once

#include <string>

#include "net/net_test.hpp"
#include "rondo/net/unix_listener.hpp"
#include "rondo/net/unix_stream.hpp"
#include "support/reading.hpp"
#include "support/unix_names.hpp"

namespace rondo::test {

using net::UnixListener;
using net::UnixStream;

class UnixTest : public NetTest {
protected:
    static Task<> meet_at(UnixAddress address) {
        UnixListener listener = UnixListener::listen(address);
        EXPECT_EQ(listener.local_address(), address);
        UnixStream client = co_await UnixStream::connect(address);
        UnixStream server = co_await listener.accept();
        EXPECT_EQ(client.name(), address.to_string());
        EXPECT_EQ(client.peer_address(), address);
        EXPECT_TRUE(client.local_address().is_unnamed());
        co_await client.write_all("question");
        const std::string question = co_await read_count(server, 8);
        EXPECT_EQ(question, "question");
        co_await server.write_all("answer");
        server.close();
        const std::string answer = co_await read_count(client, 100);
        EXPECT_EQ(answer, "answer");
    }
};

}  // namespace rondo::test
