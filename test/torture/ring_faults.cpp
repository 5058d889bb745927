// SPDX-License-Identifier: Apache-2.0
#include "torture/ring_faults.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

#include "driver/uring/constants.hpp"
#include "torture/faults.hpp"

namespace rondo::test {
namespace {

struct Substitute {
    std::uint64_t user_data;
    int result;
};

thread_local std::vector<io_uring*> rings;
thread_local std::vector<Substitute> substitutes;

std::string_view name_of(std::uint8_t opcode) noexcept {
    switch (opcode) {
        case IORING_OP_ACCEPT: return "entry accept";
        case IORING_OP_POLL_ADD: return "entry poll";
        case IORING_OP_ASYNC_CANCEL: return "entry cancel";
        case IORING_OP_CLOSE: return "entry close";
        case IORING_OP_SEND: return "entry send";
        case IORING_OP_READ: return "entry read";
        case IORING_OP_WRITE: return "entry write";
        case IORING_OP_OPENAT:
        case IORING_OP_FSYNC:
        case IORING_OP_STATX:
        case IORING_OP_RENAMEAT:
        case IORING_OP_UNLINKAT:
        case IORING_OP_MKDIRAT:
        case IORING_OP_SYMLINKAT:
        case IORING_OP_FALLOCATE:
        case detail::rondo_op_ftruncate: return "entry file";
        default: return {};
    }
}

// A cancel that the kernel did not carry out would leave an operation that nothing ends. It is
// carried out, and its success, of which there is no completion otherwise, becomes the failure.
void make_silent_entry_speak(io_uring_sqe& entry) {
    entry.flags &= static_cast<std::uint8_t>(~IOSQE_CQE_SKIP_SUCCESS);
}

void replace_by_nothing(io_uring_sqe& entry) {
    const std::uint64_t user_data = entry.user_data;
    std::memset(&entry, 0, sizeof entry);
    entry.opcode = IORING_OP_NOP;
    entry.user_data = user_data;
}

void fail(io_uring_sqe& entry, const Failure& failure) {
    if (failure.error == 0) {
        entry.len = 1;
        return;
    }
    if (entry.opcode == IORING_OP_ASYNC_CANCEL) {
        make_silent_entry_speak(entry);
    } else {
        if (had_effect(failure.effect) && entry.opcode == IORING_OP_CLOSE) {
            ::close(entry.fd);
        }
        replace_by_nothing(entry);
    }
    const Seam::Pause uncounted;
    substitutes.push_back({entry.user_data, -failure.error});
}

void fail_entries(io_uring& ring) {
    const auto& queue = ring.sq;
    const unsigned tail = std::atomic_ref(*queue.ktail).load(std::memory_order_acquire);
    for (unsigned at = std::atomic_ref(*queue.khead).load(std::memory_order_acquire); at != tail;
         ++at) {
        io_uring_sqe& entry = queue.sqes[at & queue.ring_mask];
        const std::string_view name = name_of(entry.opcode);
        if (name.empty()) {
            continue;
        }
        if (const Failure* const failure = Seam::enter(name)) {
            fail(entry, *failure);
        }
    }
}

void put_results(io_uring& ring) {
    const auto& queue = ring.cq;
    const unsigned tail = std::atomic_ref(*queue.ktail).load(std::memory_order_acquire);
    for (unsigned at = *queue.khead; at != tail && !substitutes.empty(); ++at) {
        io_uring_cqe& completion = queue.cqes[at & queue.ring_mask];
        const auto mine = std::find_if(
            substitutes.begin(), substitutes.end(),
            [&](const Substitute& one) { return one.user_data == completion.user_data; });
        if (mine != substitutes.end() && completion.res == 0) {
            completion.res = mine->result;
            completion.flags = 0;
            substitutes.erase(mine);
        }
    }
}

}  // namespace

void RingFaults::watch(io_uring& ring) {
    const Seam::Pause uncounted;
    rings.push_back(&ring);
}

void RingFaults::forget(const io_uring& ring) {
    std::erase(rings, &ring);
    substitutes.clear();
}

void RingFaults::before_enter() {
    for (io_uring* const ring : rings) {
        fail_entries(*ring);
    }
}

void RingFaults::after_enter() {
    for (io_uring* const ring : rings) {
        put_results(*ring);
    }
}

}  // namespace rondo::test
