// SPDX-License-Identifier: Apache-2.0
//
// The flush and the system call are made here rather than by liburing, whose version 2.3 cannot
// pass an absolute deadline. The kernel reads entries through sq.array, which is therefore the
// identity, and reports in *sq.khead what it consumed, whatever the call returned.
#include "driver/uring/ring.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <new>

#include "base/signal_set.hpp"
#include "driver/monotonic.hpp"
#include "driver/write_signal_guard.hpp"
#include "rondo/base/assert.hpp"

namespace rondo::detail {
namespace {

// Another thread's ring may get the addresses of one that was closed. The kernel orders the two,
// but by system calls that no tool and no memory model sees; this does it in their terms.
std::atomic<unsigned> rings_closed{0};

// The kernel counts a ring's memory against RLIMIT_MEMLOCK, and gives that of a closed ring back
// later, up to a second when many were closed: who closes rings and opens new ones may find no
// memory for a moment.
constexpr int memory_tries = 10;
constexpr Driver::Time first_pause = 1'000'000;

int set_up(unsigned entries, io_uring& ring, const io_uring_params& wanted) noexcept {
    for (int tries = 1;; ++tries) {
        io_uring_params parameters = wanted;
        const int error = io_uring_queue_init_params(entries, &ring, &parameters);
        if (error != -ENOMEM || tries == memory_tries) {
            return error;
        }
        monotonic_sleep(first_pause << tries);
    }
}

constexpr unsigned required_features = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG |
                                       IORING_FEAT_RW_CUR_POS | IORING_FEAT_CQE_SKIP |
                                       IORING_FEAT_FAST_POLL;

constexpr int required_opcodes[] = {
    IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL, IORING_OP_CLOSE,
    IORING_OP_READ,     IORING_OP_WRITE,        IORING_OP_ACCEPT,
};

}  // namespace

Uring::~Uring() {
    if (open_) {
        rings_closed.fetch_add(1, std::memory_order_release);
        io_uring_queue_exit(&ring_);
    }
}

int Uring::open(RingSize size, const UringMask& mask) noexcept {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                       IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
    parameters.cq_entries = size.completions;
    if (const int error = set_up(size.submissions, ring_, parameters); error < 0) {
        return error;
    }
    open_ = true;
    io_uring_ring_dontfork(&ring_);  // a child that wrote there would write into our ring
    static_cast<void>(rings_closed.load(std::memory_order_acquire));
    if ((ring_.features & required_features) != required_features) {
        return -ENOSYS;
    }
    for (unsigned i = 0; i < ring_.sq.ring_entries; ++i) {
        ring_.sq.array[i] = i;
    }
    enter_fd_ = ring_.ring_fd;
    if (mask.registered_ring && io_uring_register_ring_fd(&ring_) == 1) {
        enter_fd_ = ring_.enter_ring_fd;
        enter_flags_ |= IORING_ENTER_REGISTERED_RING;
    }
    if (mask.no_iowait && (ring_.features & IORING_FEAT_NO_IOWAIT) != 0) {
        enter_flags_ |= IORING_ENTER_NO_IOWAIT;
    }
    if (mask.absolute_timer) {
        probe_absolute_timer();
    }
    probe_opcodes(mask);
    const auto is_missing = [this](int opcode) { return !has(opcode); };
    return std::any_of(std::begin(required_opcodes), std::end(required_opcodes), is_missing)
               ? -EOPNOTSUPP
               : 0;
}

void Uring::probe_opcodes(const UringMask& mask) noexcept {
    io_uring_probe* const probe = io_uring_get_probe_ring(&ring_);
    for (int opcode = 0; probe != nullptr && opcode < 64; ++opcode) {
        if (io_uring_opcode_supported(probe, opcode) != 0) {
            opcodes_ |= std::uint64_t{1} << opcode;
        }
    }
    opcodes_ &= mask.opcodes;
    io_uring_free_probe(probe);
}

void Uring::probe_absolute_timer() noexcept {
    io_uring_getevents_arg argument{};
    const unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG | IORING_ENTER_ABS_TIMER;
    absolute_timer_ = call(0, flags, &argument, sizeof argument) >= 0;
}

int Uring::call(unsigned wait_for, unsigned flags, const void* argument,
                std::size_t size) noexcept {
    auto& queue = ring_.sq;
    const unsigned batch = unsubmitted();
    published_ = true;
    std::atomic_ref(*queue.ktail).store(queue.sqe_tail, std::memory_order_release);
    const WriteSignalGuard guard(signal_risks_ > 0);
    const long result = syscall(__NR_io_uring_enter, enter_fd_, batch, wait_for,
                                flags | enter_flags_, argument, size);
    const int error = result < 0 ? errno : 0;
    queue.sqe_head = std::atomic_ref(*queue.khead).load(std::memory_order_acquire);
    return error != 0 ? -error : static_cast<int>(result);
}

bool Uring::is_full() const noexcept { return unsubmitted() >= ring_.sq.ring_entries; }

io_uring_sqe& Uring::next_entry() noexcept {
    for (int tries = 0; is_full(); ++tries) {
        RONDO_ASSERT(tries < 1000, "io_uring takes no submissions");
        if (call(0, tries == 0 ? 0 : IORING_ENTER_GETEVENTS, nullptr, 0) < 0) {
            // The kernel had no memory for a submission: completions may free some.
            set_aside([](const io_uring_cqe&) { return true; });
        }
    }
    io_uring_sqe& entry = ring_.sq.sqes[ring_.sq.sqe_tail++ & ring_.sq.ring_mask];
    std::memset(&entry, 0, sizeof entry);
    return entry;
}

bool Uring::keep(const io_uring_cqe& completion) noexcept {
    try {
        aside_.push_back(completion);
    } catch (const std::bad_alloc&) {
        return false;
    }
    return true;
}

void Uring::enter(Driver::Time until) noexcept {
    unsigned flags = IORING_ENTER_GETEVENTS;
    unsigned wait_for = until > 0 && aside_.empty() ? 1 : 0;
    __kernel_timespec deadline{};
    io_uring_getevents_arg argument{};
    argument.sigmask_sz = kernel_signal_set_size;
    const bool timed = wait_for != 0 && until != Driver::never;
    if (timed) {
        const Driver::Time bound = absolute_timer_ ? until : until - monotonic_now();
        if (bound > 0) {
            deadline.tv_sec = bound / nanoseconds_per_second;
            deadline.tv_nsec = bound % nanoseconds_per_second;
            argument.ts = reinterpret_cast<std::uintptr_t>(&deadline);
            flags |= IORING_ENTER_EXT_ARG | (absolute_timer_ ? IORING_ENTER_ABS_TIMER : 0);
        } else {
            wait_for = 0;
        }
    }
    if (wait_for == 0 && unsubmitted() == 0 && !kernel_has_work()) {
        return;
    }
    const bool extended = (flags & IORING_ENTER_EXT_ARG) != 0;
    const int result =
        call(wait_for, flags, extended ? &argument : nullptr, extended ? sizeof argument : 0);
    // ETIME: the deadline passed. EINTR: a signal. EAGAIN, EBUSY, ENOMEM: the rest of the batch
    // later.
    RONDO_ASSERT(result != -EBADR, "the kernel had no memory left and lost completions (EBADR)");
    RONDO_ASSERT(result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
                     result == -EBUSY || result == -ENOMEM,
                 "io_uring_enter failed");
}

}  // namespace rondo::detail
