// SPDX-License-Identifier: Apache-2.0
// A server and a client that speak TLS, in one program. The key is printed here, so it keeps
// nothing secret: make your own.
#include <cstdio>
#include <rondo/rondo.hpp>
#include <rondo/tls/stream.hpp>
#include <string>
namespace tls = rondo::tls;
using rondo::net::Address;
using rondo::net::TcpListener;
using rondo::net::TcpStream;

const char* const certificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBpTCCAUygAwIBAgIUT//N1wKkiIhvTv2nIl5TNBfg3A0wCgYIKoZIzj0EAwIw\n"
    "HjEcMBoGA1UEAwwTQW4gZXhhbXBsZSBvZiBSb25kbzAgFw0yNjExMjcwNjM4MDVa\n"
    "GA8yMTI2MTEwMzA2MzgwNVowHjEcMBoGA1UEAwwTQW4gZXhhbXBsZSBvZiBSb25k\n"
    "bzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIpmqYgVvdzCZVGGrvd9GqjheG2i\n"
    "r3mszT6WvAQoyosy9H7herlQFRkBwkOqSBq4FMKPgePfLRrRPi8ob7wlXAujZjBk\n"
    "MB0GA1UdDgQWBBQtDp6l2xjQNTjYpJ/hmhfzDKelqzAfBgNVHSMEGDAWgBQtDp6l\n"
    "2xjQNTjYpJ/hmhfzDKelqzAUBgNVHREEDTALgglsb2NhbGhvc3QwDAYDVR0TAQH/\n"
    "BAIwADAKBggqhkjOPQQDAgNHADBEAiAflyOzeHamk/GKRwYwGzQ9QWwnM/dahxr+\n"
    "2YbnOcbmWAIgLpS3WvgKw5oSm3L2DPxWUf6oYmoxVRa9g7FlhhmsfdY=\n"
    "-----END CERTIFICATE-----\n";
const char* const key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfNxHIlAdPUxreR48\n"
    "fTjnz6Zg7oYFqurfE+OhOx9pRtShRANCAASKZqmIFb3cwmVRhq73fRqo4Xhtoq95\n"
    "rM0+lrwEKMqLMvR+4Xq5UBUZAcJDqkgauBTCj4Hj3y0a0T4vKG+8JVwL\n"
    "-----END PRIVATE KEY-----\n";

rondo::Task<> serve(TcpListener& listener, tls::ServerContext context) {
    TcpStream tcp = co_await listener.accept();
    tls::TlsStream stream = co_await tls::accept(std::move(tcp), context);
    for (;;) {
        const rondo::io::Lease lease = co_await stream.read_leased();
        if (lease.empty()) {  // the client said that this is all
            break;
        }
        co_await stream.write_all("you said: ");
        co_await stream.write_all(lease.bytes());
    }
    co_await stream.shutdown_write();
}

rondo::Task<std::string> ask(Address address, std::string host, tls::ClientContext context) {
    TcpStream tcp = co_await TcpStream::connect(address);
    tls::TlsStream stream = co_await tls::connect(std::move(tcp), host, context);
    co_await stream.write_all("hello");
    co_await stream.shutdown_write();
    std::string answer = std::string(to_string(stream.version())) + ", ";
    for (;;) {
        const rondo::io::Lease lease = co_await stream.read_leased();
        if (lease.empty()) {
            co_return answer;
        }
        answer += lease.bytes().text();
    }
}

rondo::Task<> async_main() {
    const tls::ServerContext server(tls::ServerOptions(tls::Identity::pem(certificate, key)));
    tls::ClientOptions options;
    options.trust = tls::Trust::pem(certificate);
    const tls::ClientContext client(options);

    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const Address address = listener.local_address();
    auto [served, answer] =
        co_await rondo::gather(serve(listener, server), ask(address, "localhost", client));
    std::printf("%s\n", answer.c_str());

    try {
        co_await rondo::gather(serve(listener, server), ask(address, "example.org", client));
    } catch (const tls::CertificateError& error) {
        std::printf("%s\n", error.what());
    }
}

int main() { rondo::run(async_main()); }
