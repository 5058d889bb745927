// SPDX-License-Identifier: Apache-2.0
#include "driver/uring/mask.hpp"

#include <algorithm>

#include "driver/uring/constants.hpp"

namespace rondo::detail {
namespace {

struct NamedOpcode {
    std::string_view name;
    int opcode;
};

// By the names of the operation kinds.
constexpr NamedOpcode file_opcodes[] = {
    {"open", IORING_OP_OPENAT},         {"sync", IORING_OP_FSYNC},
    {"stat", IORING_OP_STATX},          {"rename", IORING_OP_RENAMEAT},
    {"unlink", IORING_OP_UNLINKAT},     {"make_directory", IORING_OP_MKDIRAT},
    {"make_link", IORING_OP_SYMLINKAT}, {"allocate", IORING_OP_FALLOCATE},
    {"truncate", rondo_op_ftruncate},
};

constexpr std::uint64_t bit(int opcode) noexcept { return std::uint64_t{1} << opcode; }

bool take_away(std::string_view word, UringMask& mask) noexcept {
    const auto is_word = [word](const NamedOpcode& named) { return named.name == word; };
    const NamedOpcode* const found =
        std::find_if(std::begin(file_opcodes), std::end(file_opcodes), is_word);
    if (found != std::end(file_opcodes)) {
        mask.opcodes &= ~bit(found->opcode);
    } else if (word == "files") {
        for (const NamedOpcode& named : file_opcodes) {
            mask.opcodes &= ~bit(named.opcode);
        }
    } else if (word == "send") {
        mask.opcodes &= ~bit(IORING_OP_SEND);
    } else if (word == "6.1") {
        mask.opcodes &= bit(IORING_OP_SENDMSG_ZC + 1) - 1;
        mask.absolute_timer = false;
        mask.no_iowait = false;
    } else if (word == "abs_timer") {
        mask.absolute_timer = false;
    } else if (word == "no_iowait") {
        mask.no_iowait = false;
    } else if (word == "registered_ring") {
        mask.registered_ring = false;
    } else {
        return word.empty();
    }
    return true;
}

}  // namespace

bool read_uring_mask(std::string_view list, UringMask& mask, std::string_view& unknown) noexcept {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        const std::string_view word = list.substr(0, end);
        if (!take_away(word, mask)) {
            unknown = word;
            return false;
        }
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return true;
}

}  // namespace rondo::detail
