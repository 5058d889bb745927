// SPDX-License-Identifier: Apache-2.0
// UDP ports that nobody chose: there are 25,536 of them.
#include <vector>

#include "rondo/net/udp_socket.hpp"
#include "sim/network_test.hpp"

namespace rondo::test {
namespace {

using net::UdpSocket;

class DatagramTest : public NetworkTest {};

template <class F>
int errno_of_call(F call) {
    try {
        call();
    } catch (const Error& error) {
        return error.os_error();
    }
    return 0;
}

TEST_F(DatagramTest, ports_run_out_and_come_back) {
    run([]() -> Task<> {
        const Address any_port = Address::loopback(0);
        std::vector<UdpSocket> sockets;
        const int error = errno_of_call([&] {
            while (sockets.size() < 30'000) {
                sockets.push_back(UdpSocket::bind(any_port));
            }
        });
        EXPECT_EQ(error, EADDRINUSE);
        EXPECT_EQ(sockets.size(), 25'536U);
        const Address peer = sockets[0].local_address();
        EXPECT_EQ(errno_of_call([&] { UdpSocket::connect(peer); }), EAGAIN);
        const Address freed = sockets.back().local_address();
        sockets.pop_back();
        UdpSocket last = UdpSocket::connect(peer);
        EXPECT_EQ(last.local_address(), freed);
        EXPECT_EQ(errno_of_call([&] { UdpSocket::bind(any_port); }), EADDRINUSE);
        co_return;
    });
}

}  // namespace
}  // namespace rondo::test
