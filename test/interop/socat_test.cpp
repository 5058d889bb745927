// SPDX-License-Identifier: Apache-2.0
// Against socat: streams and datagrams of each kind, from either side.
#include <csignal>
#include <string>
#include <type_traits>

#include "interop/interop.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/net/udp_socket.hpp"
#include "rondo/net/unix_datagram.hpp"
#include "rondo/net/unix_listener.hpp"
#include "rondo/tls/stream.hpp"

namespace rondo::test {
namespace {

using net::UnixAddress;

class SocatTest : public InteropTest {
protected:
    SocatTest() : InteropTest("socat") {}

    /// Joins its input and output to `address`, and says what it does. When one direction has
    /// ended, the other one may go on for a minute.
    os::ProcessOptions socat(const std::string& address) const { return between("-", address); }
    os::ProcessOptions between(const std::string& one, const std::string& other) const {
        return peer({"-d", "-d", "-t", "60", one, other});
    }

    static Task<std::uint16_t> port_of(Program& program) {
        const std::uint16_t port = co_await program.port_after("127.0.0.1:");
        co_return port;
    }

    template <class S>
    static Task<> end_writing(S& stream) {
        if constexpr (std::is_void_v<decltype(stream.shutdown_write())>) {
            stream.shutdown_write();
        } else {
            co_await stream.shutdown_write();
        }
        co_return;
    }

    /// Both speak, then one ends its direction while the other one goes on.
    template <class S>
    static Task<> converse(S& stream, Program& program, bool we_end_first) {
        co_await program.say("hello\n");
        const std::string hello = co_await read_count(stream, 6);
        EXPECT_EQ(hello, "hello\n");
        co_await stream.write_all("answer\n");
        co_await program.line_with("answer");
        if (we_end_first) {
            co_await end_writing(stream);
            co_await program.say("still here\n");
            program.hang_up();
            const std::string rest = co_await read_to_end(stream);
            EXPECT_EQ(rest, "still here\n");
        } else {
            program.hang_up();
            const std::string rest = co_await read_to_end(stream);
            EXPECT_EQ(rest, "");
            co_await stream.write_all("still here\n");
            co_await program.line_with("still here");
            co_await end_writing(stream);
        }
        const os::ExitStatus status = co_await program.end();
        EXPECT_TRUE(status.ok()) << status.to_string() << program.said();
    }

    std::string openssl_listen(const std::string& more = "") const {
        return "OPENSSL-LISTEN:0,bind=127.0.0.1,cert=" + chain_ + ",key=" + key_ +
               ",cafile=" + root_ + more;
    }
    std::string openssl_connect(const Address& to, const std::string& name) const {
        return "OPENSSL:" + to.to_string() + ",cafile=" + root_ + ",cert=" + chain_ +
               ",key=" + key_ + ",commonname=" + name;
    }
    tls::ClientOptions client_options() const {
        tls::ClientOptions options;
        options.trust = tls::Trust::file(root_);
        options.identities.push_back(tls::Identity::files(chain_, key_));
        return options;
    }
    tls::ServerOptions server_options() const {
        tls::ServerOptions options(tls::Identity::files(chain_, key_));
        options.client_certificates = tls::ClientCertificates::required;
        options.client_trust = tls::Trust::file(root_);
        return options;
    }
};

constexpr bool both[] = {false, true};

TEST_P(SocatTest, connects_over_tcp) {
    for (const bool we_end_first : both) {
        bounded([&]() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            Program program(socat("TCP:" + listener.local_address().to_string()));
            TcpStream stream = co_await listener.accept();
            co_await converse(stream, program, we_end_first);
        });
    }
}

TEST_P(SocatTest, listens_on_tcp) {
    for (const bool we_end_first : both) {
        bounded([&]() -> Task<> {
            Program program(socat("TCP-LISTEN:0,bind=127.0.0.1"));
            const std::uint16_t port = co_await port_of(program);
            TcpStream stream = co_await TcpStream::connect(Address::loopback(port));
            co_await converse(stream, program, we_end_first);
        });
    }
}

TEST_P(SocatTest, carries_much_in_both_directions_at_once) {
    bounded([&]() -> Task<> {
        const std::string much = numbered_text(8 << 20);
        Program program(between("TCP-LISTEN:0,bind=127.0.0.1", "EXEC:cat"));
        const std::uint16_t port = co_await port_of(program);
        TcpStream stream = co_await TcpStream::connect(Address::loopback(port));
        auto write = [&]() -> Task<> {
            co_await stream.write_all(much);
            stream.shutdown_write();
        };
        Task<> writing = write();
        const auto [back, written] = co_await gather(read_to_end(stream), std::move(writing));
        EXPECT_TRUE(back == much) << back.size();
        const os::ExitStatus status = co_await program.end();
        EXPECT_TRUE(status.ok()) << status.to_string() << program.said();
    });
}

TEST_P(SocatTest, resets_a_connection) {
    bounded([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        Program program(socat("TCP:" + listener.local_address().to_string() + ",linger=0"));
        TcpStream stream = co_await listener.accept();
        co_await stream.write_all("hello\n");
        co_await program.line_with("hello");
        program.signal(SIGKILL);
        std::string why;
        try {
            why = co_await read_to_end(stream);
        } catch (const Error& error) {
            why = error.what();
        }
        EXPECT_THAT(why, testing::HasSubstr("reset"));
        co_await program.end();
    });
}

TEST_P(SocatTest, connects_and_listens_on_unix_sockets) {
    for (const bool we_end_first : both) {
        const std::string path = folder_ / (we_end_first ? "one" : "other");
        bounded([&]() -> Task<> {
            net::UnixListener listener = net::UnixListener::listen(UnixAddress::path(path));
            Program program(socat("UNIX-CONNECT:" + path));
            net::UnixStream stream = co_await listener.accept();
            co_await converse(stream, program, we_end_first);
        });
        bounded([&]() -> Task<> {
            Program program(socat("UNIX-LISTEN:" + path));
            co_await program.line_with("listening on");
            net::UnixStream stream = co_await net::UnixStream::connect(UnixAddress::path(path));
            co_await converse(stream, program, we_end_first);
        });
    }
}

TEST_P(SocatTest, exchanges_unix_datagrams) {
    bounded([&]() -> Task<> {
        net::UnixDatagram socket = net::UnixDatagram::bind(UnixAddress::path(folder_ / "ours"));
        Program program(
            socat("UNIX-SENDTO:" + (folder_ / "ours") + ",bind=" + (folder_ / "theirs")));
        for (const std::string text : {"one\n", "another one\n"}) {
            co_await program.say(text);
            const auto datagram = co_await socket.receive_leased();
            EXPECT_EQ(datagram.bytes().text(), text);
            EXPECT_EQ(datagram.from, UnixAddress::path(folder_ / "theirs"));
            co_await socket.send_to("answer to " + text, datagram.from);
            co_await program.line_with("answer to " + text.substr(0, text.size() - 1));
        }
    });
}

TEST_P(SocatTest, sends_udp_first) {
    bounded([&]() -> Task<> {
        net::UdpSocket socket = net::UdpSocket::bind(Address::loopback(0));
        Program program(socat("UDP:" + socket.local_address().to_string()));
        for (const std::string text : {"one\n", "another one\n"}) {
            co_await program.say(text);
            const auto datagram = co_await socket.receive_leased();
            EXPECT_EQ(datagram.bytes().text(), text);
            co_await socket.send_to("answer to " + text, datagram.from);
            co_await program.line_with("answer to " + text.substr(0, text.size() - 1));
        }
    });
}

TEST_P(SocatTest, receives_udp_first) {
    bounded([&]() -> Task<> {
        Program program(socat("UDP-LISTEN:0,bind=127.0.0.1"));
        const std::uint16_t port = co_await port_of(program);
        net::UdpSocket socket = net::UdpSocket::connect(Address::loopback(port));
        co_await socket.send("hello\n");
        co_await program.line_with("hello");
        co_await program.say("answer\n");
        const auto datagram = co_await socket.receive_leased();
        EXPECT_EQ(datagram.bytes().text(), "answer\n");
        EXPECT_EQ(datagram.from, Address::loopback(port));
    });
}

TEST_P(SocatTest, connects_over_tls_and_verifies) {
    for (const bool we_end_first : both) {
        bounded([&]() -> Task<> {
            const tls::ServerContext context(server_options());
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            Program program(socat(openssl_connect(listener.local_address(), host)));
            TcpStream tcp = co_await listener.accept();
            tls::TlsStream stream = co_await tls::accept(std::move(tcp), context);
            EXPECT_TRUE(stream.peer_certificate().has_value());
            co_await converse(stream, program, we_end_first);
        });
    }
}

TEST_P(SocatTest, listens_on_tls_and_verifies) {
    for (const bool we_end_first : both) {
        bounded([&]() -> Task<> {
            const tls::ClientContext context(client_options());
            Program program(socat(openssl_listen()));
            const std::uint16_t port = co_await port_of(program);
            TcpStream tcp = co_await TcpStream::connect(Address::loopback(port));
            tls::TlsStream stream = co_await tls::connect(std::move(tcp), host, context);
            co_await converse(stream, program, we_end_first);
        });
    }
}

TEST_P(SocatTest, does_not_believe_our_wrong_name) {
    bounded([&]() -> Task<> {
        const tls::ServerContext context(server_options());
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        Program program(socat(openssl_connect(listener.local_address(), "other.test")));
        TcpStream tcp = co_await listener.accept();
        tls::TlsStream stream = co_await tls::accept(std::move(tcp), context);
        std::string text;
        try {
            text = co_await read_to_end(stream);
        } catch (const Error&) {  // a connection that is dropped after the handshake
        }
        EXPECT_EQ(text, "");
        const os::ExitStatus status = co_await program.end();
        EXPECT_FALSE(status.ok()) << program.said();
    });
}

TEST_P(SocatTest, is_not_believed_when_its_name_or_its_signer_is_wrong) {
    for (const bool wrong_name : both) {
        bounded([&]() -> Task<> {
            tls::ClientOptions options = client_options();
            if (!wrong_name) {
                options.trust =
                    tls::Trust::pem(make_certificate(CertificateSpec()).certificate_pem());
            }
            const tls::ClientContext context(options);
            Program program(socat(openssl_listen()));
            const std::uint16_t port = co_await port_of(program);
            TcpStream tcp = co_await TcpStream::connect(Address::loopback(port));
            bool refused = false;
            try {
                co_await tls::connect(std::move(tcp), wrong_name ? "other.test" : host, context);
            } catch (const tls::CertificateError&) {
                refused = true;
            }
            EXPECT_TRUE(refused);
        });
    }
}

INSTANTIATE_TEST_SUITE_P(interop, SocatTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
