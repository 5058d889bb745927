// SPDX-License-Identifier: Apache-2.0
// Records that are changed on their way, after a good handshake: what is read is the beginning of
// what was written, and a good end comes after all of it. The input is the mode, then steps: what
// the server does, or what happens to the bytes that the client has not read.
#include "fuzz/target.hpp"
#include "fuzz/tls_ends.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/tls/stream.hpp"
#include "support/run_sim.hpp"
#include "tls/memory_pair.hpp"

namespace rondo::test {
namespace {

using tls::TlsStream;

constexpr std::size_t bytes_max = 16 * 1024;

class Wire {
public:
    explicit Wire(std::string& bytes) noexcept : bytes_(bytes) {}

    /// A step that concerns the bytes.
    void change(unsigned how, Choices& choices) {
        const std::size_t at = choices.two() % (bytes_.size() + 1);
        const std::size_t count = choices.byte();
        const std::string part = bytes_.substr(at, count);
        switch (how) {
            case 0:
                if (at < bytes_.size()) {
                    bytes_[at] = static_cast<char>(bytes_[at] ^ static_cast<char>(count));
                }
                break;
            case 1: bytes_.erase(at, count); break;
            case 2: bytes_.insert(at, choices.text(count)); break;
            case 3: bytes_ += part; break;
            default: bytes_.resize(at); break;
        }
    }

private:
    std::string& bytes_;
};

/// A step: something that the server does, or the wire.
Task<> step(TlsStream& server, bool& ended, std::string& written, Choices& choices, Wire wire) {
    const unsigned which = choices.byte() % 8;
    if (which < 5) {
        wire.change(which, choices);
    } else if (ended || written.size() > bytes_max) {
        co_return;
    } else if (which == 5) {
        const std::string text(choices.byte() * std::size_t{4} + 1, choices.empty() ? 'x' : 'y');
        written += text;
        co_await server.write_all(text);
    } else if (which == 6 && server.version() == tls::Version::tls_1_3) {
        server.update_keys();
    } else {
        ended = true;
        co_await server.shutdown_write();
    }
}

Task<> expect_beginning(TlsStream& client, const std::string& written, bool ended) {
    std::string read;
    try {
        for (bool more = true; more;) {
            const io::Lease lease = co_await client.read_leased();
            read += lease.bytes().text();
            more = !lease.empty();
        }
        RONDO_ASSERT(ended && read == written, "a good end comes after all that was written");
    } catch (const tls::TlsError& error) {
        RONDO_ASSERT(error.code() == Errc::protocol, error.what());
    }
    RONDO_ASSERT(written.starts_with(read), "what is read was written");
}

}  // namespace

void try_input(std::string_view input) {
    Choices choices(input);
    const TlsMode mode(choices.byte());
    use_repeatable_random(3);
    run_sim([&]() -> Task<> {
        MemoryPair pair;
        std::string& wire = pair.to_client->bytes;
        auto [client, server] = co_await gather(
            tls::connect(std::move(pair.client), "server.test", tls_client_context(mode)),
            tls::accept(std::move(pair.server), tls_server_context(mode)));
        std::string written;
        bool ended = false;
        while (!choices.empty() && wire.size() < bytes_max) {
            co_await step(server, ended, written, choices, Wire(wire));
        }
        pair.to_client->end();
        co_await expect_beginning(client, written, ended);
    });
}

}  // namespace rondo::test
