// SPDX-License-Identifier: Apache-2.0
// Against the program openssl, as server and as client, on the loopback interface.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "rondo/loop/sleep.hpp"
#include "rondo/loop/to_thread.hpp"
#include "tls/tls_test.hpp"

extern char** environ;

namespace rondo::test {
namespace {

/// A folder that goes with the test.
class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "rondo-tls-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("mkdtemp");
        }
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    std::string file(const std::string& name) const { return (path_ / name).string(); }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(file(name)) << text;
        return file(name);
    }
    std::string read(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(file(name)).rdbuf();
        return text.str();
    }

private:
    std::filesystem::path path_;
};

/// openssl with arguments, which is told its input and writes the file "output" of the folder.
class Program {
public:
    Program(const Folder& folder, std::vector<std::string> arguments, const std::string& input) {
        arguments.insert(arguments.begin(), "openssl");
        std::vector<char*> pointers;
        for (std::string& argument : arguments) {
            pointers.push_back(argument.data());
        }
        pointers.push_back(nullptr);
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC) != 0) {
            throw Error("run", "openssl", errno);
        }
        input_ = ends[1];
        const std::string to = folder.file("output");
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
        posix_spawn_file_actions_addopen(&actions, 1, to.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                         0600);
        posix_spawn_file_actions_adddup2(&actions, 1, 2);
        const int error =
            posix_spawnp(&process_, "openssl", &actions, nullptr, pointers.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(ends[0]);
        if (error != 0) {
            throw Error("run", "openssl", error);
        }
        say(input);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        hang_up();
        if (process_ > 0) {
            kill(process_, SIGKILL);
            waitpid(process_, nullptr, 0);
        }
    }

    void say(const std::string& text) const {
        EXPECT_EQ(::write(input_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void hang_up() {
        if (input_ >= 0) {
            ::close(std::exchange(input_, -1));
        }
    }
    /// Its exit code, after the end of its input.
    Task<int> wait() {
        hang_up();
        for (;;) {
            int status = 0;
            if (waitpid(process_, &status, WNOHANG) == process_) {
                process_ = -1;
                co_return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
            }
            co_await sleep(5ms);
        }
    }

private:
    pid_t process_ = -1;
    int input_ = -1;
};

class InteropTest : public LedgerTest {
protected:
    template <class F>
    void bounded(F&& main) {
        RunOptions options;
        options.handle_signals = false;
        auto in_time = [&]() -> Task<> { co_await timeout(60s, main); };
        run(in_time, options);
    }

    const Folder folder_;
    const std::string root_ = folder_.write("root.pem", test_root().certificate_pem());
    const Entity leaf_ = make_leaf({test_host, "localhost"});
    const std::string chain_ = folder_.write("chain.pem", leaf_.certificate_pem());
    const std::string key_ = folder_.write("key.pem", leaf_.key_pem());

    std::vector<std::string> client_arguments(const TcpListener& listener,
                                              std::vector<std::string> more) const {
        std::vector<std::string> all{"s_client",
                                     "-connect",
                                     listener.local_address().to_string(),
                                     "-CAfile",
                                     root_,
                                     "-servername",
                                     test_host,
                                     "-verify_hostname",
                                     test_host,
                                     "-verify_return_error"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    Task<> output_has(std::string word) const {
        while (folder_.read("output").find(word) == std::string::npos) {
            co_await sleep(5ms);
        }
    }

    /// The port that s_server says it listens on.
    Task<std::uint16_t> port() const {
        const std::string word = "ACCEPT 127.0.0.1:";
        for (;;) {
            const std::string text = folder_.read("output");
            const std::size_t at = text.find(word);
            if (at != std::string::npos && text.find('\n', at) != std::string::npos) {
                co_return static_cast<std::uint16_t>(std::stoul(text.substr(at + word.size())));
            }
            co_await sleep(5ms);
        }
    }
};

TEST_F(InteropTest, s_client_talks_to_our_server) {
    for (const char* const version : {"-tls1_2", "-tls1_3"}) {
        bounded([&]() -> Task<> {
            ServerOptions options(tls::Identity::files(chain_, key_));
            options.alpn = {"h2"};
            const ServerContext context(options);
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            Program program(folder_,
                            client_arguments(listener, {version, "-ign_eof", "-alpn", "h2"}),
                            "hello\n");
            TcpStream tcp = co_await listener.accept();
            TlsStream stream = co_await tls::accept(std::move(tcp), context);
            const std::string text = co_await read_count(stream, 6);
            EXPECT_EQ(text, "hello\n");
            EXPECT_EQ(stream.server_name(), test_host);
            EXPECT_EQ(stream.alpn(), "h2");
            co_await stream.write_all("answer\n");
            co_await stream.shutdown_write();
            co_await program.wait();
            const std::string said = folder_.read("output");
            EXPECT_THAT(said, testing::HasSubstr("answer"));
            EXPECT_THAT(said, testing::HasSubstr("Verify return code: 0 (ok)"));
            EXPECT_THAT(said, testing::HasSubstr("ALPN protocol: h2"));
        });
    }
}

TEST_F(InteropTest, s_client_asks_for_new_keys) {
    bounded([&]() -> Task<> {
        const ServerContext context(ServerOptions(tls::Identity::files(chain_, key_)));
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        // A command is known by its being all that there is to read.
        Program program(folder_, client_arguments(listener, {"-tls1_3"}), "K\n");
        TcpStream tcp = co_await listener.accept();
        TlsStream stream = co_await tls::accept(std::move(tcp), context);
        co_await output_has("KEYUPDATE");
        program.say("hello\n");
        const std::string text = co_await read_count(stream, 6);
        EXPECT_EQ(text, "hello\n");
        co_await stream.write_all("with new keys\n");
        co_await output_has("with new keys");
        program.hang_up();
        const std::string rest = co_await read_to_end(stream);
        EXPECT_EQ(rest, "");
    });
}

TEST_F(InteropTest, s_client_resumes_its_session) {
    for (const char* const version : {"-tls1_2", "-tls1_3"}) {
        bounded([&]() -> Task<> {
            const ServerContext context(ServerOptions(tls::Identity::files(chain_, key_)));
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            const std::string session = folder_.file("session");
            for (const bool again : {false, true}) {
                Program program(
                    folder_,
                    client_arguments(
                        listener, {version, "-ign_eof", again ? "-sess_in" : "-sess_out", session}),
                    "hello\n");
                TcpStream tcp = co_await listener.accept();
                TlsStream stream = co_await tls::accept(std::move(tcp), context);
                EXPECT_EQ(stream.resumed(), again) << version;
                co_await read_count(stream, 6);
                co_await stream.write_all("answer\n");
                co_await stream.shutdown_write();
                co_await program.wait();
            }
        });
    }
}

TEST_F(InteropTest, s_client_does_not_believe_a_wrong_name) {
    bounded([&]() -> Task<> {
        const ServerContext context(ServerOptions(make_leaf({"other.test"}).identity()));
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        Program program(folder_, client_arguments(listener, {}), "");
        TcpStream tcp = co_await listener.accept();
        const Shaken result = co_await shaken(tls::accept(std::move(tcp), context));
        EXPECT_EQ(result.why.substr(result.why.rfind(": ") + 2), "bad certificate");
        const int code = co_await program.wait();
        EXPECT_NE(code, 0);
    });
}

TEST_F(InteropTest, our_client_talks_to_s_server) {
    for (const char* const version : {"-tls1_2", "-tls1_3"}) {
        bounded([&]() -> Task<> {
            Program program(
                folder_,
                {"s_server", "-accept", "127.0.0.1:0", "-cert", chain_, "-key", key_, "-CAfile",
                 root_, "-Verify", "1", "-verify_return_error", "-rev", "-alpn", "x,h2", version},
                "");
            const std::uint16_t at = co_await port();
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

}  // namespace
}  // namespace rondo::test
