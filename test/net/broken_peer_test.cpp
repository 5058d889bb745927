// SPDX-License-Identifier: Apache-2.0
// What a peer can do to a connection: reset it in each state, end one direction, read too slowly.
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <variant>
#include <vector>

#include "net/net_test.hpp"
#include "rondo/net/serve.hpp"
#include "rondo/net/unix_stream.hpp"

namespace rondo::test {
namespace {

class BrokenPeerTest : public NetTest {
protected:
    template <class F>
    void with_pair(F body) {
        on_driver([&]() -> Task<> {
            Pair pair = co_await connected();
            co_await body(pair);
        });
    }
    static Task<std::string> read_error(TcpStream& stream) {
        std::string error = co_await error_of([&] { return read_all(stream); });
        co_return error;
    }
};

// ---------------------------------------------------------------- a reset, in each of six states

// The handshake is a greeting, as net::prepared() awaits it; that of TLS has tls/reset_test.cpp.

TEST_P(BrokenPeerTest, a_reset_while_connecting_is_refused) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const Address address = listener.local_address();
        listener.close();
        const std::string error = co_await error_of([&] { return TcpStream::connect(address); });
        EXPECT_EQ(error, "refused");
    });
}

TEST_P(BrokenPeerTest, a_reset_in_the_middle_of_a_handshake_fails_it) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        std::vector<Errc> errors;
        net::Server server;
        server.set_error_handler([&](const std::exception_ptr& error) {
            try {
                std::rethrow_exception(error);
            } catch (const Error& failure) {
                errors.push_back(failure.code());
            }
        });
        auto greet = [](TcpStream stream) -> Task<TcpStream> {
            co_await read_exactly(stream, 10);
            co_return stream;
        };
        bool talked = false;
        auto talk = [&](TcpStream stream) -> Task<> {
            talked = true;
            co_await read_all(stream);
        };
        auto run =
            create_task(net::serve(listener, net::prepared(10s, greet, std::ref(talk)), server));
        TcpStream client = co_await TcpStream::connect(listener.local_address());
        co_await client.write_all("half");
        while (server.active() == 0) {
            co_await yield();
        }
        co_await turns(5);
        client.reset();
        while (server.active() > 0) {
            co_await yield();
        }
        EXPECT_FALSE(talked);
        EXPECT_EQ(errors, std::vector{Errc::reset});
        server.shut_down();
        co_await run;
    });
}

TEST_P(BrokenPeerTest, a_reset_while_reading_is_an_error_and_no_end) {
    with_pair([](Pair& pair) -> Task<> {
        auto reading = create_task(read_error(pair.client));
        co_await turns(3);
        EXPECT_FALSE(reading.done());
        pair.server.reset();
        const std::string& error = co_await reading;
        EXPECT_EQ(error, "reset");
    });
}

TEST_P(BrokenPeerTest, a_reset_while_writing_is_an_error) {
    with_pair([](Pair& pair) -> Task<> {
        const std::string much(16 << 20, 'w');
        auto write = [&]() -> Task<std::string> {
            std::string error = co_await error_of([&] { return pair.client.write_all(much); });
            co_return error;
        };
        auto writing = create_task(write);
        co_await turns(5);
        EXPECT_FALSE(writing.done());
        pair.server.reset();
        const std::string& error = co_await writing;
        EXPECT_EQ(error, "reset");
    });
}

TEST_P(BrokenPeerTest, a_reset_while_idle_is_the_next_calls_error) {
    with_pair([](Pair& pair) -> Task<> {
        co_await pair.client.write_all("x");
        co_await read_exactly(pair.server, 1);
        pair.server.reset();
        co_await turns(5);
        const std::string error = co_await read_error(pair.client);
        EXPECT_EQ(error, "reset");
        const std::string second = co_await error_of([&] { return pair.client.write_all("more"); });
        EXPECT_EQ(second, "closed");
    });
}

TEST_P(BrokenPeerTest, a_reset_after_our_shutdown_is_an_error_and_no_end) {
    with_pair([](Pair& pair) -> Task<> {
        pair.client.shutdown_write();
        const std::string end = co_await read_all(pair.server);
        EXPECT_EQ(end, "");
        auto reading = create_task(read_error(pair.client));
        co_await turns(3);
        pair.server.reset();
        const std::string& error = co_await reading;
        EXPECT_EQ(error, "reset");
    });
}

// ---------------------------------------------------------------- half close, both ways

TEST_P(BrokenPeerTest, each_side_may_end_first_and_the_other_goes_on) {
    for (const bool client_first : {true, false}) {
        for (const bool with_answer : {true, false}) {
            with_pair([&](Pair& pair) -> Task<> {
                TcpStream& first = client_first ? pair.client : pair.server;
                TcpStream& second = client_first ? pair.server : pair.client;
                co_await first.write_all("last words");
                first.shutdown_write();
                const std::string heard = co_await read_all(second);
                EXPECT_EQ(heard, "last words");
                const std::string answer = with_answer ? numbered_text(200'000) : "";
                auto reply = [&]() -> Task<> {
                    co_await second.write_all(answer);
                    second.shutdown_write();
                };
                auto [got, done] = co_await gather(read_all(first), reply);
                EXPECT_EQ(got, answer);
                EXPECT_EQ(done, std::monostate());
                const std::string error =
                    co_await error_of([&] { return first.write_all("too late"); });
                EXPECT_EQ(error, "closed");
            });
        }
    }
}

// ---------------------------------------------------------------- no signal, no memory

TEST_P(BrokenPeerTest, a_write_to_nobody_raises_no_signal) {
    ASSERT_EQ(std::signal(SIGPIPE, SIG_DFL), SIG_DFL);
    on_driver([&]() -> Task<> {
        auto [near, far] = net::UnixStream::pair();
        far.close();
        const std::string error = co_await error_of([&] { return near.write_all("x"); });
        EXPECT_EQ(error, "closed");
        Pair pair = co_await connected();
        pair.server.reset();
        co_await turns(5);
        for (int i = 0; i < 3; ++i) {
            const std::string failed =
                co_await error_of([&] { return pair.client.write_all("x"); });
            EXPECT_NE(failed, "");
        }
    });
}

TEST_P(BrokenPeerTest, a_slow_reader_holds_the_writer_up) {
    with_pair([](Pair& pair) -> Task<> {
        pair.client.set_send_buffer(64 * 1024);
        pair.server.set_receive_buffer(64 * 1024);
        std::size_t written = 0;
        auto produce = [&]() -> Task<> {
            const std::string chunk(10'000, 'c');
            for (;;) {
                co_await pair.client.write_all(chunk);
                written += chunk.size();
            }
        };
        auto producer = create_task(produce);
        std::size_t before = 1;
        while (before != written) {
            before = written;
            co_await turns(200);
        }
        constexpr std::size_t bound = 8 << 20;  // what Linux may buffer between the two
        EXPECT_LT(written, bound);
        std::size_t read = 0;
        const std::size_t enough = 4 * written;
        while (read < enough) {
            const io::Lease lease = co_await pair.server.read_leased();
            read += lease.size();
            EXPECT_LT(written, read + bound);
        }
        producer.cancel();
        co_await producer.wait();
    });
}

INSTANTIATE_TEST_SUITE_P(net, BrokenPeerTest, testing::ValuesIn(all_drivers()), param_name);

// ---------------------------------------------------------------- what only a kernel does

class OddTcpTest : public NetTest {};

TEST_P(OddTcpTest, a_second_connect_is_an_error) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        const Address address = pair.client.peer_address();
        int result = 0;
        for (int i = 0; i < 2; ++i) {  // the kernel lets the first one pass, as news of the success
            result = co_await AwaitOperation(OperationKind::connect, pair.client.descriptor(),
                                             const_cast<sockaddr*>(address.data()), address.size());
        }
        EXPECT_EQ(result, -EISCONN);
        EXPECT_EQ(errc_of(EISCONN), Errc::invalid);
        EXPECT_EQ(errc_of(EALREADY), Errc::busy);
    });
}

TEST_P(OddTcpTest, urgent_data_does_not_end_a_read) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        EXPECT_EQ(::send(pair.client.descriptor(), "!", 1, MSG_OOB), 1);
        co_await pair.client.write_all("plain");
        const std::string text = co_await read_exactly(pair.server, 5);
        EXPECT_EQ(text, "plain");
    });
}

// TCP lets a socket connect to itself; then it hears what it says.
TEST_P(OddTcpTest, a_connection_to_itself_is_one) {
    on_driver([&]() -> Task<> {
        Driver& driver = current_loop().driver();
        TcpStream self = TcpStream::adopt(driver.open_socket(AF_INET));
        const Address any = Address::loopback(0);
        EXPECT_EQ(driver.bind(self.descriptor(), any.data(), any.size()), 0);
        const Address own = self.local_address();
        const int result = co_await AwaitOperation(OperationKind::connect, self.descriptor(),
                                                   const_cast<sockaddr*>(own.data()), own.size());
        EXPECT_EQ(result, 0);
        EXPECT_EQ(self.peer_address(), own);
        co_await self.write_all("echo");
        const std::string text = co_await read_exactly(self, 4);
        EXPECT_EQ(text, "echo");
    });
}

INSTANTIATE_TEST_SUITE_P(net, OddTcpTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
