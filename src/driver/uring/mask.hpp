// SPDX-License-Identifier: Apache-2.0
/// Features of io_uring that are not to be used although the kernel has them: so a new kernel does
/// for tests what an old one will do.
#pragma once

#include <cstdint>
#include <string_view>

namespace rondo::detail {

struct UringMask {
    std::uint64_t opcodes = ~std::uint64_t{0};  ///< bit n: IORING_OP number n may be used
    bool absolute_timer = true;
    bool no_iowait = true;
    bool registered_ring = true;
};

/// Reads a list as RONDO_URING_MASK has it: names of what to leave out, with commas between. "6.1"
/// stands for all that came after Linux 6.1, "files" for the calls that concern files,
/// "send" for the batches of sends.
///
/// False: `unknown` is a word that names nothing.
bool read_uring_mask(std::string_view list, UringMask& mask, std::string_view& unknown) noexcept;

}  // namespace rondo::detail
