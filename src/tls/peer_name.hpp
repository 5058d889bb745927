// SPDX-License-Identifier: Apache-2.0
// The host a client wants to talk to: a name or an address, checked.
#pragma once

#include <string>
#include <string_view>

namespace rondo::tls::detail {

/// `text` is what the certificate must be for: a name in lower case without the final dot, or an
/// address without brackets and zone.
struct PeerName {
    std::string text;
    bool is_address;
};

/// Errors: TlsError (invalid) for what can be no host.
PeerName parse_peer_name(std::string_view host);

/// Lower case, without the final dot: how names are compared.
std::string normal_name(std::string_view name);

}  // namespace rondo::tls::detail
