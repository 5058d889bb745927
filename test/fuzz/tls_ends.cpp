// SPDX-License-Identifier: Apache-2.0
// Both ends of TLS connections whose every byte is the same in each run, as long as OpenSSL is.
#define OPENSSL_SUPPRESS_DEPRECATED  // of RAND_METHOD, the one way to be repeatable
#include "fuzz/tls_ends.hpp"

#include <openssl/rand.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "fuzz/scripted_stream.hpp"
#include "fuzz/target.hpp"
#include "rondo/tls/stream.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

// For server.test and 127.0.0.1, signed by itself, from 2020 to 2119.
constexpr const char* certificate_pem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBmzCCAUKgAwIBAgIBATAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtzZXJ2ZXIu\n"
    "dGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFjEUMBIGA1UE\n"
    "AwwLc2VydmVyLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATiURtNCshx\n"
    "+MySfjZrKqtbSB+WCpWYerxgXerm6p4s07jVA6+YBQTi3mpmxKCXNjYoY6eTPWbw\n"
    "dvJa+qHDYwM0o38wfTAPBgNVHRMBAf8EBTADAQH/MBwGA1UdEQQVMBOCC3NlcnZl\n"
    "ci50ZXN0hwR/AAABMA4GA1UdDwEB/wQEAwIChDAdBgNVHSUEFjAUBggrBgEFBQcD\n"
    "AQYIKwYBBQUHAwIwHQYDVR0OBBYEFHnF2twYgR8atUPz6OlvcpmQbw6wMAoGCCqG\n"
    "SM49BAMCA0cAMEQCIE7INkLmKikVOzFYX5WnsnphYznBG163+pfIb314477QAiBU\n"
    "weLs9dvfo2qoBkwLONbpXp10KTnfBxF1aR3wXfdQ4w==\n"
    "-----END CERTIFICATE-----\n";
constexpr const char* key_pem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/6nVM7iLbevZUnXs\n"
    "wI/pa30G2vNRMXxRqPG1yHk5EMuhRANCAATiURtNCshx+MySfjZrKqtbSB+WCpWY\n"
    "erxgXerm6p4s07jVA6+YBQTi3mpmxKCXNjYoY6eTPWbwdvJa+qHDYwM0\n"
    "-----END PRIVATE KEY-----\n";

std::uint64_t random_state = 0;

int give_random(unsigned char* to, int count) {
    for (int i = 0; i < count; ++i) {
        random_state = random_state * 6364136223846793005 + 1442695040888963407;
        to[i] = static_cast<unsigned char>(random_state >> 56);
    }
    return 1;
}

int is_seeded() { return 1; }

const std::vector<std::string> protocols{"h2", "http/1.1"};
constexpr std::size_t read_max = 64 * 1024;

tls::ClientContext new_client_context(TlsMode mode) {
    tls::ClientOptions options;
    options.trust = tls::Trust::pem(certificate_pem);
    options.sessions_max = 0;  // one try knows nothing of another
    if (mode.tls_1_2) {
        options.max_version = tls::Version::tls_1_2;
    }
    if (mode.alpn) {
        options.alpn = protocols;
    }
    if (mode.client_certificate) {
        options.identities.push_back(tls_identity());
    }
    return tls::ClientContext(options);
}

tls::ServerContext new_server_context(TlsMode mode) {
    tls::ServerOptions options(tls_identity());
    if (mode.tls_1_2) {
        options.max_version = tls::Version::tls_1_2;
    }
    if (mode.alpn) {
        options.alpn = protocols;
    }
    if (mode.client_certificate) {
        options.client_certificates = tls::ClientCertificates::required;
        options.client_trust = tls::Trust::pem(certificate_pem);
    }
    tls::ServerContext plain(options);
    options.names.emplace_back("*.test", plain);
    options.refuse_other_names = mode.alpn;
    return tls::ServerContext(options);
}

template <class Context>
const Context& kept(TlsMode mode, Context (*make)(TlsMode)) {
    static std::array<std::unique_ptr<Context>, TlsMode::count> contexts;
    std::unique_ptr<Context>& context = contexts.at(mode.number());
    if (context == nullptr) {
        context = std::make_unique<Context>(make(mode));
    }
    return *context;
}

/// Says something, and hears the other end out.
Task<> converse(tls::TlsStream stream, std::string_view words) {
    co_await stream.write_all(words);
    std::size_t heard = 0;
    for (bool more = true; more && heard < read_max;) {
        const io::Lease lease = co_await stream.read_leased();
        heard += lease.size();
        more = !lease.empty();
    }
    static_cast<void>(stream.peer_chain());
    static_cast<void>(stream.alpn());
    co_await stream.shutdown_write();
}

Task<> client(io::Stream under, TlsMode mode) {
    const char* const host = mode.address ? "127.0.0.1" : "server.test";
    tls::TlsStream stream =
        co_await tls::connect(std::move(under), host, kept(mode, &new_client_context));
    co_await converse(std::move(stream), "a question");
}

Task<> server(io::Stream under, TlsMode mode) {
    tls::TlsStream stream = co_await tls::accept(std::move(under), kept(mode, &new_server_context));
    co_await converse(std::move(stream), "an answer");
}

/// What an end says to `heard`; it ends well, or with an error of TLS.
std::string words_of(Task<> (*end)(io::Stream, TlsMode), TlsMode mode, std::string_view heard,
                     std::size_t piece) {
    std::string said;
    try {
        run_sim([&]() -> Task<> {
            io::Stream under(ScriptedStream(heard, piece, &said));
            co_await end(std::move(under), mode);
        });
    } catch (const tls::TlsError& error) {
        RONDO_ASSERT(error.code() == Errc::protocol, error.what());
    }
    return said;
}

}  // namespace

void use_repeatable_random(std::uint64_t seed) {
    static RAND_METHOD method{nullptr, &give_random, nullptr, nullptr, &give_random, &is_seeded};
    static const bool is_set = RAND_set_rand_method(&method) == 1;
    RONDO_ASSERT(is_set, "OpenSSL takes its randomness from here");
    random_state = seed;
}

tls::Identity tls_identity() { return tls::Identity::pem(certificate_pem, key_pem); }

std::string tls_certificate() { return certificate_pem; }

std::string client_says(TlsMode mode, std::string_view heard, std::size_t piece) {
    use_repeatable_random(1);
    static_cast<void>(kept(mode, &new_client_context));
    use_repeatable_random(1);
    return words_of(&client, mode, heard, piece);
}

std::string server_says(TlsMode mode, std::string_view heard, std::size_t piece) {
    use_repeatable_random(2);
    static_cast<void>(kept(mode, &new_server_context));
    use_repeatable_random(2);
    return words_of(&server, mode, heard, piece);
}

tls::ClientContext tls_client_context(TlsMode mode) { return kept(mode, &new_client_context); }
tls::ServerContext tls_server_context(TlsMode mode) { return kept(mode, &new_server_context); }

}  // namespace rondo::test
