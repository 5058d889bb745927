// SPDX-License-Identifier: Apache-2.0
/// nginx as a peer. It inherits listeners that the test has made: so it is ready from the start,
/// and no port is ever lost to somebody else.
#pragma once

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "interop/interop.hpp"
#include "rondo/http/server.hpp"
#include "rondo/tls/stream.hpp"

namespace rondo::test {

/// The body, and from where it came.
inline Task<http::ServerResponse> answer_request(const http::ServerRequest& request) {
    http::ServerResponse response(200, request.body);
    response.headers.add("x-peer", request.peer.to_string());
    response.headers.add("x-target", request.target);
    co_return response;
}

/// nginx, running.
struct Nginx {
    Program program;
    Address plain;
    Address secure;

    Nginx(os::ProcessOptions options, Address http, Address https)
        : program(std::move(options)), plain(http), secure(https) {}
    std::string url(const std::string& path) const { return "http://" + plain.to_string() + path; }
};

class NginxTest : public InteropTest {
protected:
    NginxTest() : InteropTest("nginx") {}

    /// Runs `body(nginx)`; then nginx must end in peace.
    template <class Body>
    void with_nginx(Body body) {
        bounded([&]() -> Task<> {
            http::ServerOptions options;
            options.max_body_bytes = 64 << 20;
            TcpListener ours = TcpListener::listen(Address::loopback(0));
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(http::serve(ours, answer_request, options));
                Nginx nginx = start(ours.local_address());
                co_await body(nginx);
                nginx.program.signal(SIGQUIT);
                const os::ExitStatus status = co_await nginx.program.end();
                EXPECT_TRUE(status.ok()) << status.to_string() << nginx.program.said();
                group.cancel();
            });
        });
    }

    Nginx start(const Address& ours) const {
        const TcpListener plain = TcpListener::listen(Address::loopback(0));
        const TcpListener secure = TcpListener::listen(Address::loopback(0));
        os::ProcessOptions options =
            peer({"-p", folder_.path(), "-e", "stderr", "-c",
                  write("nginx.conf",
                        configuration(plain.local_address().to_string(),
                                      secure.local_address().to_string(), ours.to_string()))});
        options.pass.emplace_back(plain.descriptor(), 3);
        options.pass.emplace_back(secure.descriptor(), 4);
        options.environment.set("NGINX", "3;4;");
        return Nginx(std::move(options), plain.local_address(), secure.local_address());
    }

    std::string configuration(const std::string& plain, const std::string& secure,
                              const std::string& ours) const {
        return std::string(geteuid() == 0 ? "user root;" : "") + R"(
            daemon off;
            worker_processes 1;
            pid nginx.pid;
            error_log stderr notice;
            events { worker_connections 256; }
            http {
                access_log off;
                client_body_temp_path body;
                proxy_temp_path proxy;
                fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi;
                scgi_temp_path scgi;
                client_max_body_size 64m;
                keepalive_timeout 60s;
                ssl_certificate )" +
               chain_ + R"(;
                ssl_certificate_key )" +
               key_ + R"(;
                ssl_protocols TLSv1.2 TLSv1.3;
                ssl_session_cache shared:sessions:1m;
                upstream rondo { server )" +
               ours + R"(; keepalive 4; }
                server {
                    listen )" +
               plain + R"(;
                    listen )" +
               secure + R"( ssl http2;
                    root www;
                    add_header x-connection $connection;
                    add_header x-served $connection_requests;
                    location /rondo/ {
                        proxy_pass http://rondo;
                        proxy_http_version 1.1;
                        proxy_set_header connection "";
                        proxy_request_buffering off;
                    }
                }
            })";
    }

    void SetUp() override {
        InteropTest::SetUp();
        std::filesystem::create_directory(folder_ / "www");
        write("www/small", "small\n");
        write("www/large", large_);
    }

    static std::string get(const std::string& path, const std::string& fields = "") {
        return "GET " + path + " HTTP/1.1\r\nhost: " + host + "\r\n" + fields + "\r\n";
    }
    static std::string body_of(const std::string& answer) {
        return answer.substr(answer.find("\r\n\r\n") + 4);
    }

    /// Asks for /small, and leaves the connection open.
    template <class S>
    static Task<> ask(S& stream) {
        co_await stream.write_all(get("/small"));
        std::string answer;
        while (!answer.ends_with("\r\n\r\nsmall\n")) {
            const std::string more = co_await read_count(stream, 1);
            if (more.empty()) {
                ADD_FAILURE() << "an answer without an end: " << answer;
                co_return;
            }
            answer += more;
        }
    }

    /// Asks for /large on a new connection that ends with it, and reads its first bytes.
    static Task<TcpStream> begin_large(const Nginx& nginx) {
        TcpStream stream = co_await TcpStream::connect(nginx.plain);
        co_await stream.write_all(get("/large", "connection: close\r\n"));
        const std::string begin = co_await read_count(stream, 15);
        EXPECT_EQ(begin, "HTTP/1.1 200 OK");
        co_return stream;
    }
    Task<> expect_rest_of_large(TcpStream& stream) const {
        const std::string rest = co_await read_to_end(stream);
        EXPECT_TRUE(body_of(rest) == large_) << rest.size();
    }

    Task<tls::TlsStream> secure(const Nginx& nginx, tls::ClientContext context) const {
        TcpStream tcp = co_await TcpStream::connect(nginx.secure);
        tls::TlsStream stream = co_await tls::connect(std::move(tcp), host, context);
        co_return stream;
    }

    /// Sends nginx a signal at which it ends idle connections, plain and by TLS; gives one that is
    /// in the middle of a large answer.
    Task<TcpStream> idle_end_at(Nginx& nginx, int signal) const {
        TcpStream idle = co_await TcpStream::connect(nginx.plain);
        co_await ask(idle);
        const tls::ClientContext context(client_options());
        tls::TlsStream idle_tls = co_await secure(nginx, context);
        co_await ask(idle_tls);
        TcpStream busy = co_await begin_large(nginx);
        nginx.program.signal(signal);
        const std::string nothing = co_await read_to_end(idle);
        const std::string nothing_tls = co_await read_to_end(idle_tls);
        EXPECT_EQ(nothing + nothing_tls, "");
        co_return busy;
    }
    tls::ClientOptions client_options(std::vector<std::string> alpn = {"http/1.1"}) const {
        tls::ClientOptions options;
        options.trust = tls::Trust::file(root_);
        options.alpn = std::move(alpn);
        return options;
    }

    const std::string large_ = numbered_text(16 << 20);
};

}  // namespace rondo::test
