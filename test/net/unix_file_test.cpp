// SPDX-License-Identifier: Apache-2.0
// The files of Unix sockets, where something else is missing.
#include <cerrno>
#include <string>

#include "net/net_test.hpp"
#include "rondo/net/unix_datagram.hpp"
#include "rondo/net/unix_listener.hpp"
#include "rondo/sim/network.hpp"
#include "support/unix_names.hpp"

namespace rondo::test {
namespace {

using net::UnixDatagram;
using net::UnixListener;
using net::UnixListenOptions;

class UnixFileTest : public NetTest {};

// Of one free descriptor the socket takes it, and there is none to ask whether the file is stale.
TEST_P(UnixFileTest, that_no_descriptor_is_left_is_not_told_as_a_path_in_use) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        UnixListenOptions options;
        options.remove_on_close = false;
        UnixListener::listen(path, options).close();
        const auto bind = [&]() -> Task<> {
            UnixDatagram::bind(path);
            co_return;
        };
        const auto listen = [&]() -> Task<> {
            UnixListener::listen(path);
            co_return;
        };
        sim::network().fail(sim::Call::socket, 2, EMFILE);
        std::string error = co_await error_of(bind);
        EXPECT_EQ(error, "exhausted");
        sim::network().fail(sim::Call::socket, 2, EMFILE);
        error = co_await error_of(listen);
        EXPECT_EQ(error, "exhausted");
        error = co_await error_of(bind);
        EXPECT_EQ(error, "");
        UnixListener living = UnixListener::listen(path);
        error = co_await error_of(bind);
        EXPECT_EQ(error, "in_use");
    });
}

INSTANTIATE_TEST_SUITE_P(net, UnixFileTest, testing::ValuesIn(simulated_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
