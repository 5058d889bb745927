// SPDX-License-Identifier: Apache-2.0
// Writes the corpora of tls_client and tls_server: in each mode, what the other end says until the
// connection has ended well. `tls_handshakes FOLDER`, of the corpora; after a change of OpenSSL.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "fuzz/target.hpp"
#include "fuzz/tls_ends.hpp"

namespace {

using rondo::test::TlsMode;

std::string name_of(TlsMode mode) {
    std::string name = mode.tls_1_2 ? "tls_1_2" : "tls_1_3";
    name += mode.alpn ? "_alpn" : "";
    name += mode.client_certificate ? "_client_certificate" : "";
    return name + (mode.address ? "_address" : "");
}

void write(const std::filesystem::path& path, std::uint8_t mode, const std::string& words) {
    constexpr char large_piece = '\xff';
    std::ofstream file(path, std::ios::binary);
    file << static_cast<char>(mode) << large_piece << words;
}

// Each run hears all that the other end has said so far, and says what it said before, and more.
void record(std::uint8_t bits, const std::filesystem::path& folder) {
    constexpr std::size_t whole = 1 << 20;
    constexpr int flights_max = 8;
    const TlsMode mode(bits);
    std::string from_client;
    std::string from_server;
    for (int i = 0; i < flights_max; ++i) {
        from_client = client_says(mode, from_server, whole);
        from_server = server_says(mode, from_client, whole);
    }
    write(folder / "tls_client" / name_of(mode), bits, from_server);
    write(folder / "tls_server" / name_of(mode), bits, from_client);
    std::printf("%s: %zu and %zu bytes\n", name_of(mode).c_str(), from_client.size(),
                from_server.size());
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
        return 2;
    }
    for (std::uint8_t bits = 0; bits < TlsMode::count; ++bits) {
        record(bits, arguments[1]);
    }
}
