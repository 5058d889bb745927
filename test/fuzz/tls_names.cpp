// SPDX-License-Identifier: Apache-2.0
// What a client gives TLS: hosts, which are what the resolver takes for one, and protocols of ALPN,
// one a line.
#include <vector>

#include "fuzz/target.hpp"
#include "net/dns/host_name.hpp"
#include "tls/peer_name.hpp"
#include "tls/state.hpp"

namespace rondo::test {
namespace {

void try_host(std::string_view text) {
    const bool is_name = !refuses([&] { net::detail::parse_host_name(text); });
    const bool is_peer = !refuses([&] { tls::detail::parse_peer_name(text); });
    RONDO_ASSERT(is_peer || !is_name, "a name that is looked up can be asked for a certificate");
    if (!is_peer) {
        return;
    }
    const tls::detail::PeerName peer = tls::detail::parse_peer_name(text);
    const tls::detail::PeerName again = tls::detail::parse_peer_name(peer.text);
    RONDO_ASSERT(again.text == peer.text && again.is_address == peer.is_address, "the same again");
    RONDO_ASSERT(peer.is_address ? net::detail::parse_numeric_host(peer.text).has_value()
                                 : net::detail::parse_host_name(peer.text).text == peer.text,
                 "it is an address or a name to the resolver too");
}

void try_protocols(std::string_view text) {
    std::vector<std::string> protocols;
    for (Choices choices(text); !choices.empty();) {
        protocols.emplace_back(choices.line());
    }
    std::vector<unsigned char> wire;
    if (refuses([&] { wire = tls::detail::wire_format(protocols); })) {
        return;
    }
    std::size_t at = 0;
    for (const std::string& protocol : protocols) {
        RONDO_ASSERT(wire.at(at) == protocol.size(), "its length");
        RONDO_ASSERT(
            std::equal(protocol.begin(), protocol.end(),
                       wire.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                       [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; }),
            "its letters");
        at += protocol.size() + 1;
    }
    RONDO_ASSERT(at == wire.size(), "nothing else");
}

}  // namespace

void try_input(std::string_view input) {
    try_host(input);
    try_protocols(input);
}

}  // namespace rondo::test
