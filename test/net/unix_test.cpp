// SPDX-License-Identifier: Apache-2.0
// Unix sockets of both kinds: names, files, descriptors, credentials.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <vector>

#include "net/net_test.hpp"
#include "rondo/io/stream.hpp"
#include "rondo/net/serve.hpp"
#include "rondo/net/unix_datagram.hpp"
#include "rondo/net/unix_listener.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/unix_names.hpp"

namespace rondo::test {
namespace {

using net::Descriptor;
using net::UnixDatagram;
using net::UnixListener;
using net::UnixListenOptions;
using net::UnixStream;

static_assert(io::ByteStream<UnixStream>);
static_assert(io::ByteStream<TcpStream>);

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

/// As somebody does who takes the place of a service that still runs.
void remove_file(const UnixAddress& path) {
    Driver& driver = current_loop().driver();
    SocketFile file;
    EXPECT_EQ(driver.find_socket_file(path.file(), file), 0);
    EXPECT_EQ(driver.remove_socket_file(path.file(), file), 0);
}

TEST_P(UnixTest, names_are_read_back) {
    const UnixAddress path = UnixAddress::path("/run/x.sock");
    EXPECT_EQ(path.to_string(), "/run/x.sock");
    EXPECT_TRUE(path.is_path());
    const UnixAddress name = UnixAddress::abstract("x");
    EXPECT_EQ(name.to_string(), "@x");
    EXPECT_TRUE(name.is_abstract());
    EXPECT_NE(path, name);
    EXPECT_TRUE(UnixAddress().is_unnamed());
    EXPECT_EQ(UnixAddress::from(path.data(), path.size()), path);
    EXPECT_THROW(UnixAddress::path(""), Error);
    EXPECT_THROW(UnixAddress::path(std::string("a\0b", 3)), Error);
    EXPECT_THROW(UnixAddress::path(std::string(108, 'x')), Error);
    EXPECT_EQ(UnixAddress::path(std::string(107, 'x')).name().size(), 107U);
}

TEST_P(UnixTest, two_meet_at_a_path) {
    on_driver([&]() -> Task<> { co_await meet_at(fresh_path()); });
}

TEST_P(UnixTest, two_meet_at_an_abstract_name) {
    on_driver([&]() -> Task<> { co_await meet_at(fresh_abstract()); });
}

TEST_P(UnixTest, nobody_there_is_told_from_nothing_there) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        const auto connect = [&] { return UnixStream::connect(path); };
        const std::string nothing = co_await error_of(connect);
        EXPECT_EQ(nothing, "not_found");
        UnixListenOptions options;
        options.remove_on_close = false;
        UnixListener::listen(path, options).close();
        const std::string nobody = co_await error_of(connect);
        EXPECT_EQ(nobody, "refused");
        UnixListener::listen(path).close();  // takes the stale file's place, and removes it
        const std::string again = co_await error_of(connect);
        EXPECT_EQ(again, "not_found");
    });
}

TEST_P(UnixTest, a_living_listener_is_not_replaced) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        UnixListener living = UnixListener::listen(path);
        EXPECT_THROW(UnixListener::listen(path), Error);
        UnixStream probe = co_await living.accept();
        const std::string nothing = co_await read_text(probe, 1);
        EXPECT_EQ(nothing, "");
        UnixStream client = co_await UnixStream::connect(path);
        UnixStream server = co_await living.accept();
        EXPECT_TRUE(server.is_open());
    });
}

TEST_P(UnixTest, a_stale_file_stays_when_asked) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        UnixListenOptions options;
        options.remove_on_close = false;
        options.replace_stale = false;
        UnixListener::listen(path, options).close();
        EXPECT_THROW(UnixListener::listen(path, options), Error);
        UnixListener::listen(path).close();
        co_return;
    });
}

TEST_P(UnixTest, a_listener_that_closes_leaves_the_file_of_its_successor) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        UnixListener first = UnixListener::listen(path);
        remove_file(path);
        UnixListener second = UnixListener::listen(path);
        first.close();
        UnixStream client = co_await UnixStream::connect(path);
        UnixStream server = co_await second.accept();
        EXPECT_TRUE(server.is_open());
        second = UnixListener();
        const auto connect = [&] { return UnixStream::connect(path); };
        const std::string nothing = co_await error_of(connect);
        EXPECT_EQ(nothing, "not_found") << "its own it takes along";
    });
}

TEST_P(UnixTest, a_connect_to_a_full_queue_waits) {
    on_driver([&]() -> Task<> {
        UnixListenOptions options;
        options.backlog = 1;
        const UnixAddress address = fresh_abstract();
        UnixListener listener = UnixListener::listen(address, options);
        std::vector<UnixStream> clients;
        auto connect_all = [&]() -> Task<> {
            for (int i = 0; i < 6; ++i) {
                UnixStream client = co_await UnixStream::connect(address);
                clients.push_back(std::move(client));
            }
        };
        auto accept_all = [&]() -> Task<> {
            for (int i = 0; i < 6; ++i) {
                co_await turns(3);
                UnixStream server = co_await listener.accept();
            }
        };
        co_await gather(connect_all, accept_all);
        EXPECT_EQ(clients.size(), 6U);
    });
}

TEST_P(UnixTest, a_pair_has_credentials_and_both_directions) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const net::PeerCredentials credentials = near.peer_credentials();
        EXPECT_EQ(credentials.process, getpid());
        EXPECT_EQ(credentials.user, getuid());
        EXPECT_EQ(credentials.group, getgid());
        co_await near.write_all("out");
        near.shutdown_write();
        const std::string text = co_await read_text(far, 100);
        EXPECT_EQ(text, "out");
        co_await far.write_all("back");
        const std::string back = co_await read_text(near, 4);
        EXPECT_EQ(back, "back");
    });
}

TEST_P(UnixTest, serve_takes_a_unix_listener) {
    on_driver([&]() -> Task<> {
        const UnixAddress address = fresh_path();
        UnixListener listener = UnixListener::listen(address);
        net::Server server;
        auto handler = [](UnixStream stream) -> Task<> {
            const std::string text = co_await read_text(stream, 1);
            co_await stream.write_all(text + text);
        };
        auto run = create_task(net::serve(listener, handler, server));
        UnixStream client = co_await UnixStream::connect(address);
        co_await client.write_all("x");
        const std::string answer = co_await read_text(client, 10);
        EXPECT_EQ(answer, "xx");
        server.shut_down();
        co_await run;
    });
}

TEST_P(UnixTest, datagrams_by_name_keep_order_and_sender) {
    on_driver([&]() -> Task<> {
        UnixDatagram a = UnixDatagram::bind(fresh_path());
        UnixDatagram b = UnixDatagram::bind(fresh_abstract());
        auto send = [&]() -> Task<> {
            for (int i = 0; i < 100; ++i) {
                co_await a.send_to(std::to_string(i), b.local_address());
            }
        };
        auto receive = [&]() -> Task<> {
            for (int i = 0; i < 100; ++i) {
                const auto datagram = co_await b.receive_leased();
                EXPECT_EQ(datagram.bytes().text(), std::to_string(i));
                EXPECT_EQ(datagram.from, a.local_address());
            }
        };
        co_await gather(send, receive);
    });
}

TEST_P(UnixTest, a_connected_datagram_waits_for_room) {
    on_driver([&]() -> Task<> {
        auto [a, b] = UnixDatagram::pair();
        auto send = [&]() -> Task<> {
            for (int i = 0; i < 2000; ++i) {
                co_await a.send("datagram");
            }
        };
        auto receive = [&]() -> Task<> {
            std::string room(100, '-');
            for (int i = 0; i < 2000; ++i) {
                const auto datagram = co_await b.receive_from(room);
                EXPECT_EQ(datagram.size, 8U);
            }
        };
        co_await gather(send, receive);
    });
}

TEST_P(UnixTest, a_datagram_socket_takes_a_stale_files_place) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        {
            UnixDatagram first = UnixDatagram::bind(path);
            EXPECT_THROW(UnixDatagram::bind(path), Error);
        }
        UnixDatagram sender = UnixDatagram::unbound();
        EXPECT_THROW(sender.connect_to(path), Error);
        UnixDatagram second = UnixDatagram::bind(path);
        sender.connect_to(path);
        co_await sender.send("x");
        const auto datagram = co_await second.receive_leased();
        EXPECT_TRUE(datagram.from.is_unnamed());
    });
}

TEST_P(UnixTest, a_datagram_socket_that_closes_leaves_the_file_of_its_successor) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        UnixDatagram first = UnixDatagram::bind(path);
        remove_file(path);
        UnixDatagram second = UnixDatagram::bind(path);
        first.close();
        UnixDatagram sender = UnixDatagram::unbound();
        co_await sender.send_to("x", path);
        const auto datagram = co_await second.receive_leased();
        EXPECT_EQ(datagram.bytes().text(), "x");
        second = UnixDatagram();
        EXPECT_THROW(sender.connect_to(path), Error);
    });
}

TEST_P(UnixTest, cancelled_anywhere_nothing_is_left) {
    Everywhere where;
    where.driver = GetParam().driver;
    where.seed = GetParam().schedule == Schedule::fifo ? 0 : GetParam().seed;
    const Scenario scenario = []() -> Task<> {
        co_await meet_at(fresh_path());
        auto [a, b] = UnixDatagram::pair();
        co_await a.send("x");
        co_await b.receive_leased();
    };
    cancel_everywhere(scenario, where);
}

INSTANTIATE_TEST_SUITE_P(net, UnixTest, testing::ValuesIn(all_drivers()), param_name);

// ---------------------------------------------------------------------------- descriptors

class UnixKernelTest : public UnixTest {
protected:
    static Task<> write_one(UnixStream& stream) { co_await stream.write_all("x"); }
    static int open_null() { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }
    static bool is_close_on_exec(int fd) { return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }
};

TEST_P(UnixKernelTest, a_descriptor_passed_is_the_same_file) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        auto [a, b] = UnixStream::pair();
        const std::array passed = {a.descriptor()};
        co_await near.send_descriptors(passed, "here");
        a.close();
        std::string room(10, '-');
        auto received = co_await far.receive_descriptors(room);
        EXPECT_EQ(room.substr(0, received.bytes), "here");
        EXPECT_FALSE(received.truncated);
        EXPECT_EQ(received.descriptors.size(), 1U);
        EXPECT_TRUE(is_close_on_exec(received.descriptors[0].descriptor()));
        UnixStream stream = UnixStream::adopt(received.descriptors[0].release());
        co_await stream.write_all("through it");
        const std::string text = co_await read_text(b, 10);
        EXPECT_EQ(text, "through it");
    });
}

TEST_P(UnixKernelTest, a_thousand_passes_leak_nothing) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor(), null.descriptor(), null.descriptor()};
        std::string room(10, '-');
        const auto before = descriptors_open();
        for (int i = 0; i < 1000; ++i) {
            co_await near.send_descriptors(passed, "x");
            const std::size_t most = 1 + static_cast<std::size_t>(i) % 4;
            auto received = co_await far.receive_descriptors(room, most);
            EXPECT_EQ(received.descriptors.size(), std::min<std::size_t>(most, 3));
            EXPECT_EQ(received.truncated, most < 3);
        }
        for (int i = 0; i < 100; ++i) {
            co_await near.send_descriptors(passed, "x");
            const std::size_t got = co_await far.read_some(room);
            EXPECT_EQ(got, 1U);
        }
        co_await yield();
        current_loop().driver().wait(0);
        EXPECT_EQ(descriptors_open(), before);
    });
}

TEST_P(UnixKernelTest, a_cancelled_receive_leaves_the_descriptors_to_the_next) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        std::string room(10, '-');
        const auto nothing = co_await move_on_after(1ms, far.receive_descriptors(room));
        EXPECT_FALSE(nothing.has_value());
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        co_await near.send_descriptors(passed, "x");
        auto received = co_await far.receive_descriptors(room);
        EXPECT_EQ(received.descriptors.size(), 1U);
        near.close();
        auto end = co_await far.receive_descriptors(room);
        EXPECT_EQ(end.bytes, 0U);
        EXPECT_TRUE(end.descriptors.empty());
    });
}

TEST_P(UnixKernelTest, a_long_message_with_descriptors_arrives_whole) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        const std::string text = numbered_text(1 << 20);
        auto receive = [&]() -> Task<> {
            std::string all;
            std::size_t descriptors = 0;
            std::string room(1 << 16, '-');
            while (all.size() < text.size()) {
                auto received = co_await far.receive_descriptors(room);
                all += room.substr(0, received.bytes);
                descriptors += received.descriptors.size();
            }
            EXPECT_EQ(all, text);
            EXPECT_EQ(descriptors, 1U);
        };
        co_await gather(near.send_descriptors(passed, text), receive);
    });
}

TEST_P(UnixKernelTest, a_peer_that_leaves_in_the_middle_of_a_message_is_told_as_that) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        const std::string text(1 << 20, 'x');
        int os_error = 0;
        auto send = [&]() -> Task<> {
            try {
                co_await near.send_descriptors(passed, text);
            } catch (const Error& error) {
                os_error = error.os_error();
            }
        };
        auto leave = [&]() -> Task<> {
            co_await turns(10);
            const std::string beside = co_await error_of([&] { return write_one(near); });
            EXPECT_EQ(beside, "busy");
            far.close();
        };
        co_await gather(send, leave);
        EXPECT_TRUE(os_error == EPIPE || os_error == ECONNRESET) << os_error;
        const std::string later = co_await error_of([&] { return write_one(near); });
        EXPECT_EQ(later, "closed");
    });
}

// Whatever of the message went out, no other can follow it.
TEST_P(UnixKernelTest, a_stopped_message_ends_the_writing) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        const std::string text(1 << 20, 'x');
        const auto sent = co_await move_on_after(1ms, near.send_descriptors(passed, text));
        EXPECT_FALSE(sent.has_value());
        const std::string later = co_await error_of([&] { return write_one(near); });
        EXPECT_EQ(later, "closed");
    });
}

TEST_P(UnixKernelTest, passing_descriptors_cancelled_anywhere_leaks_none) {
    Everywhere where;
    where.driver = GetParam().driver;
    const Scenario scenario = []() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        const std::string text(300'000, 'x');
        auto receive = [&]() -> Task<> {
            std::size_t all = 0;
            std::string room(1 << 16, '-');
            while (all < text.size()) {
                auto received = co_await far.receive_descriptors(room);
                all += received.bytes;
            }
        };
        co_await gather(near.send_descriptors(passed, text), receive);
    };
    cancel_everywhere(scenario, where);
}

TEST_P(UnixKernelTest, a_file_that_is_no_socket_is_not_removed) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        std::ofstream(path.file()) << "precious";
        EXPECT_THROW(UnixListener::listen(path), Error);
        EXPECT_EQ(::unlink(path.file()), 0);
        co_return;
    });
}

INSTANTIATE_TEST_SUITE_P(net, UnixKernelTest, testing::ValuesIn(real_drivers()), param_name);

class UnixSimTest : public UnixTest {};

TEST_P(UnixSimTest, the_simulation_passes_no_descriptors) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const std::array passed = {0};
        const std::string error =
            co_await error_of([&] { return near.send_descriptors(passed, "x"); });
        EXPECT_EQ(error, "not_supported");
        co_await near.write_all("y");
        std::string room(10, '-');
        auto received = co_await far.receive_descriptors(room);
        EXPECT_EQ(received.bytes, 1U);
    });
}

INSTANTIATE_TEST_SUITE_P(net, UnixSimTest, testing::ValuesIn(simulated_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
