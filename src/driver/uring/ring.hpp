// SPDX-License-Identifier: Apache-2.0
/// One io_uring: its submission queue, the one system call, its completions.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "driver/uring/constants.hpp"
#include "driver/uring/mask.hpp"
#include "rondo/loop/driver.hpp"

namespace rondo::detail {

/// Entries of the two queues. Completions beyond theirs are kept by the kernel, at a price. A ring
/// of this size takes about 90 KiB of the user's RLIMIT_MEMLOCK, which is often 8 MiB.
struct RingSize {
    unsigned submissions = 256;
    unsigned completions = 4096;
};

/// Used by the thread that opened it only: the kernel binds a ring to its one submitter.
class Uring {
public:
    Uring() = default;
    Uring(const Uring&) = delete;
    Uring& operator=(const Uring&) = delete;
    ~Uring();

    /// 0, or the -errno that says why this system gives no ring that Rondo can use.
    int open(RingSize size = {}, const UringMask& mask = {}) noexcept;

    /// A zeroed entry of the next batch.
    io_uring_sqe& next_entry() noexcept;

    /// Entries that the kernel has not seen yet.
    unsigned unsubmitted() const noexcept { return ring_.sq.sqe_tail - ring_.sq.sqe_head; }

    /// The number of the entry that next_entry() gave last.
    std::uint32_t last_entry() const noexcept { return ring_.sq.sqe_tail - 1; }

    /// The entry of that number, or nullptr when the kernel has it already.
    io_uring_sqe* find_unsubmitted(std::uint32_t number) noexcept {
        return number - ring_.sq.sqe_head < unsubmitted()
                   ? &ring_.sq.sqes[number & ring_.sq.ring_mask]
                   : nullptr;
    }

    /// Whether something was published since the last reap() and may have completed, or reap() saw
    /// that the kernel has work left. Reads nothing of the ring's memory, which a child does not
    /// have.
    bool may_have_completions() const noexcept { return published_; }

    /// Whether a call would carry out more of what has begun. From Linux 6.13 on one call ends a
    /// few dozen cancelled polls at most, and until a poll ends it holds its file open.
    bool has_task_work() const noexcept {
        return open_ && (kernel_flags() & IORING_SQ_TASKRUN) != 0;
    }

    /// The same, or completions wait outside their queue. Requires: open.
    bool kernel_has_work() const noexcept {
        return (kernel_flags() & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
    }

    /// `more` entries (fewer: -1) that may raise SIGPIPE or SIGXFSZ are queued or with the kernel.
    /// While there are any, the signals of what a call to it carries out are swallowed.
    void count_signal_risks(int more) noexcept { signal_risks_ += more; }

    /// Publishes the batch.
    void submit() noexcept { call(0, 0, nullptr, 0); }

    /// Publishes the batch, and sleeps at most until `until` for a completion.
    void enter(Driver::Time until) noexcept;

    /// Calls `take(cqe)` for every completion there is. It may ask for entries, not enter().
    template <class Take>
    void reap(Take take) noexcept;

    /// Empties the queue of completions: the next reap() has those that `is_wanted(cqe)`.
    template <class IsWanted>
    void set_aside(IsWanted is_wanted) noexcept;

    /// Whether the kernel knows IORING_OP number `opcode`, and the mask lets it be used.
    bool has(int opcode) const noexcept {
        return opcode >= 0 && opcode < 64 && (opcodes_ >> opcode & 1) != 0;
    }
    bool has_absolute_timer() const noexcept { return absolute_timer_; }
    bool is_registered() const noexcept { return enter_fd_ != ring_.ring_fd; }
    unsigned features() const noexcept { return ring_.features; }
    io_uring& raw() noexcept { return ring_; }

private:
    int call(unsigned wait_for, unsigned flags, const void* argument, std::size_t size) noexcept;
    unsigned kernel_flags() const noexcept {
        return std::atomic_ref(*ring_.sq.kflags).load(std::memory_order_relaxed);
    }
    bool is_full() const noexcept;
    bool keep(const io_uring_cqe& completion) noexcept;
    void probe_absolute_timer() noexcept;
    void probe_opcodes(const UringMask& mask) noexcept;

    io_uring ring_{};
    std::vector<io_uring_cqe> aside_;  ///< taken from their queue early
    std::uint64_t opcodes_ = 0;
    unsigned enter_flags_ = 0;
    int enter_fd_ = -1;
    int signal_risks_ = 0;
    bool published_ = false;
    bool absolute_timer_ = false;
    bool open_ = false;
};

template <class Take>
void Uring::reap(Take take) noexcept {
    published_ = false;
    for (std::size_t i = 0; i < aside_.size(); ++i) {
        const io_uring_cqe completion = aside_[i];
        take(completion);
    }
    aside_.clear();
    auto& queue = ring_.cq;
    const unsigned tail = std::atomic_ref(*queue.ktail).load(std::memory_order_acquire);
    for (unsigned head = *queue.khead; head != tail; ++head) {
        const io_uring_cqe completion = queue.cqes[head & queue.ring_mask];
        std::atomic_ref(*queue.khead).store(head + 1, std::memory_order_release);
        take(completion);
        if (*queue.khead != head + 1) [[unlikely]] {
            break;  // it asked for an entry, and the rest was set aside
        }
    }
    published_ = published_ || kernel_has_work();
}

template <class IsWanted>
void Uring::set_aside(IsWanted is_wanted) noexcept {
    auto& queue = ring_.cq;
    const unsigned tail = std::atomic_ref(*queue.ktail).load(std::memory_order_acquire);
    for (unsigned head = *queue.khead; head != tail; ++head) {
        const io_uring_cqe& completion = queue.cqes[head & queue.ring_mask];
        if (is_wanted(completion) && !keep(completion)) {
            return;  // for want of memory the rest stays where it is
        }
        std::atomic_ref(*queue.khead).store(head + 1, std::memory_order_release);
    }
}

}  // namespace rondo::detail
