// SPDX-License-Identifier: Apache-2.0
// A server whose client says anything. The input is the mode, the size of a piece, and what the
// client says.
#include "fuzz/target.hpp"
#include "fuzz/tls_ends.hpp"

namespace rondo::test {

void try_input(std::string_view input) {
    Choices choices(input);
    const TlsMode mode(choices.byte());
    const std::size_t piece = choices.byte() * std::size_t{16} + 1;
    server_says(mode, choices.rest(), piece);
}

}  // namespace rondo::test
