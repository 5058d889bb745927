// SPDX-License-Identifier: Apache-2.0
/// What a driver remembers of each descriptor, at an address that never changes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rondo/loop/operation.hpp"

namespace rondo::detail {

/// Whether a read of fewer bytes than asked for proves that the receive queue is empty.
enum class ShortRead : std::uint8_t {
    unknown,
    means_empty,     ///< TCP
    proves_nothing,  ///< Unix sockets stop at ancillary data, pipes at packets, terminals at lines
};

/// All zero is the state of a descriptor nobody has used yet.
struct Descriptor {
    Operation* reader = nullptr;
    Operation* writer = nullptr;
    std::uint32_t generation = 0;     ///< of the number's owner; events carry it
    std::uint32_t poll_sequence = 0;  ///< tells apart the one-shot polls of one descriptor
    bool armed_in = false;            ///< an edge will be reported when it becomes readable
    bool armed_out = false;
    bool dry = false;      ///< reading was seen to block: wait for an edge before trying
    bool full = false;     ///< writing was seen to block
    bool hung_up = false;  ///< a hang-up or error was seen, which gives no second edge
    bool bulk = false;     ///< the last receive was large: make the next call when it is resumed
    bool registered : 1 = false;      ///< epoll: in the interest list
    bool polls_once : 1 = false;      ///< io_uring: its edges in are of one-shot polls
    bool multishot_left : 1 = false;  ///< io_uring: a multishot poll in was cancelled, and goes on
    ShortRead short_read = ShortRead::unknown;

    /// The number has a new owner. Operations of the old one keep their place until they end.
    void renew() noexcept {
        Descriptor fresh;
        fresh.reader = reader;
        fresh.writer = writer;
        fresh.generation = generation + 1;
        fresh.poll_sequence = poll_sequence;
        *this = fresh;
    }
};
static_assert(sizeof(Descriptor) == 32);

/// A reserved range of addresses indexed by descriptor; a page is touched when a descriptor on it
/// is.
class DescriptorTable {
public:
    /// Throws std::bad_alloc when the addresses cannot be reserved.
    DescriptorTable(int first, std::size_t count);
    DescriptorTable(const DescriptorTable&) = delete;
    DescriptorTable& operator=(const DescriptorTable&) = delete;
    ~DescriptorTable();

    /// As many entries as this process may ever have descriptors (at most 2^22).
    static std::size_t process_limit() noexcept;

    /// nullptr when `fd` is outside the table.
    Descriptor* find(int fd) noexcept {
        const auto index = static_cast<std::size_t>(static_cast<std::int64_t>(fd) - first_);
        return index < count_ ? entries_ + index : nullptr;
    }

private:
    std::int64_t first_;
    std::size_t count_;
    Descriptor* entries_;
};

}  // namespace rondo::detail
