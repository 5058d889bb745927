// SPDX-License-Identifier: Apache-2.0
// Against the program openssl, as server and as client.
#include "interop/interop.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

class OpensslTest : public InteropTest {
protected:
    OpensslTest() : InteropTest("openssl") {}

    os::ProcessOptions s_client(const TcpListener& listener, const Words& more) const {
        Words all{"s_client",
                  "-connect",
                  listener.local_address().to_string(),
                  "-CAfile",
                  root_,
                  "-servername",
                  host,
                  "-verify_hostname",
                  host,
                  "-verify_return_error"};
        all.insert(all.end(), more.begin(), more.end());
        return peer(std::move(all));
    }
};

TEST_P(OpensslTest, s_client_talks_to_our_server) {
    for (const char* const version : {"-tls1_2", "-tls1_3"}) {
        bounded([&]() -> Task<> {
            ServerOptions options(tls::Identity::files(chain_, key_));
            options.alpn = {"h2"};
            const ServerContext context(options);
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            Program program(s_client(listener, {version, "-ign_eof", "-alpn", "h2"}));
            co_await program.say("hello\n");
            TcpStream tcp = co_await listener.accept();
            TlsStream stream = co_await tls::accept(std::move(tcp), context);
            const std::string text = co_await read_count(stream, 6);
            EXPECT_EQ(text, "hello\n");
            EXPECT_EQ(stream.server_name(), host);
            EXPECT_EQ(stream.alpn(), "h2");
            co_await stream.write_all("answer\n");
            co_await stream.shutdown_write();
            co_await program.end();
            const std::string& said = program.said();
            EXPECT_THAT(said, testing::HasSubstr("answer"));
            EXPECT_THAT(said, testing::HasSubstr("Verify return code: 0 (ok)"));
            EXPECT_THAT(said, testing::HasSubstr("ALPN protocol: h2"));
        });
    }
}

TEST_P(OpensslTest, s_client_asks_for_new_keys) {
    bounded([&]() -> Task<> {
        const ServerContext context(ServerOptions(tls::Identity::files(chain_, key_)));
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        // A command is known by its being all that there is to read.
        Program program(s_client(listener, {"-tls1_3"}));
        co_await program.say("K\n");
        TcpStream tcp = co_await listener.accept();
        TlsStream stream = co_await tls::accept(std::move(tcp), context);
        co_await program.line_with("KEYUPDATE");
        co_await program.say("hello\n");
        const std::string text = co_await read_count(stream, 6);
        EXPECT_EQ(text, "hello\n");
        co_await stream.write_all("with new keys\n");
        co_await program.line_with("with new keys");
        program.hang_up();
        const std::string rest = co_await read_to_end(stream);
        EXPECT_EQ(rest, "");
    });
}

TEST_P(OpensslTest, s_client_resumes_its_session) {
    for (const char* const version : {"-tls1_2", "-tls1_3"}) {
        bounded([&]() -> Task<> {
            const ServerContext context(ServerOptions(tls::Identity::files(chain_, key_)));
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            const std::string session = folder_ / "session";
            for (const bool again : {false, true}) {
                Program program(s_client(
                    listener, {version, "-ign_eof", again ? "-sess_in" : "-sess_out", session}));
                co_await program.say("hello\n");
                TcpStream tcp = co_await listener.accept();
                TlsStream stream = co_await tls::accept(std::move(tcp), context);
                EXPECT_EQ(stream.resumed(), again) << version;
                co_await read_count(stream, 6);
                co_await stream.write_all("answer\n");
                co_await stream.shutdown_write();
                co_await program.end();
            }
        });
    }
}

TEST_P(OpensslTest, s_client_does_not_believe_a_wrong_name) {
    bounded([&]() -> Task<> {
        const ServerContext context(ServerOptions(make_leaf({"other.test"}).identity()));
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        Program program(s_client(listener, {}));
        TcpStream tcp = co_await listener.accept();
        const Shaken result = co_await shaken(tls::accept(std::move(tcp), context));
        EXPECT_EQ(result.why.substr(result.why.rfind(": ") + 2), "bad certificate");
        const os::ExitStatus status = co_await program.end();
        EXPECT_FALSE(status.ok());
    });
}

TEST_P(OpensslTest, our_client_talks_to_s_server) {
    for (const char* const version : {"-tls1_2", "-tls1_3"}) {
        bounded([&]() -> Task<> {
            Program program(peer({"s_server", "-accept", "127.0.0.1:0", "-cert", chain_, "-key",
                                  key_, "-CAfile", root_, "-Verify", "1", "-verify_return_error",
                                  "-rev", "-alpn", "x,h2", version}));
            const std::uint16_t at = co_await program.port_after("ACCEPT 127.0.0.1:");
            ClientOptions options;
            options.trust = tls::Trust::file(root_);
            options.identities.push_back(tls::Identity::files(chain_, key_));
            options.alpn = {"h2"};
            const ClientContext context(options);
            for (int round = 0; round < 3; ++round) {
                TcpStream tcp = co_await TcpStream::connect(Address::loopback(at));
                TlsStream stream = co_await tls::connect(std::move(tcp), "localhost", context);
                EXPECT_EQ(stream.alpn(), "h2");
                EXPECT_EQ(stream.resumed(), round > 0);
                co_await stream.write_all("abc\n");
                const std::string text = co_await read_count(stream, 4);
                EXPECT_EQ(text, "cba\n");
                if (stream.version() == tls::Version::tls_1_3) {
                    stream.update_keys();
                    co_await stream.write_all("xyz\n");
                    const std::string more = co_await read_count(stream, 4);
                    EXPECT_EQ(more, "zyx\n");
                }
                co_await stream.shutdown_write();
            }
        });
    }
}

INSTANTIATE_TEST_SUITE_P(interop, OpensslTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
