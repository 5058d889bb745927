// SPDX-License-Identifier: Apache-2.0
/// The io_uring body: polls as the source of edges, entries for files, close and cancel.
#pragma once

#include <poll.h>

#include <cstddef>
#include <memory>

#include "driver/event_tag.hpp"
#include "driver/kernel_driver.hpp"
#include "driver/uring/ring.hpp"
#include "driver/uring/slot_table.hpp"

namespace rondo::detail {

/// A turn that found this many edges batches its sends. After fewer the completions cost more than
/// the calls: an io_uring_enter that would have slept returns for them.
inline constexpr std::size_t send_batch_from = 8;

/// So many sends make a batch full: it goes out before the turn ends. Who answers first should not
/// wait for all the others.
inline constexpr unsigned send_batch_max = 32;

/// What a multishot poll for reading asks for besides, to see urgent marks. A wake-up by bytes
/// names both, whatever they are; when the kernel looks at a TCP socket it names POLLPRI alone, and
/// only for a mark.
inline constexpr unsigned mark_events = POLLPRI | POLLRDBAND;

class UringDriver final : public KernelDriver<UringDriver> {
public:
    ~UringDriver() override;

    /// `batch_from`: see send_batch_from. 0, or the -errno of why there is no ring.
    int open(RingSize size, const UringMask& mask, std::size_t batch_from) noexcept;

    WaitResult wait(Time until) noexcept override;
    bool pending() const noexcept override {
        return ring_.unsubmitted() > 0 || !ended_.empty() || ring_.may_have_completions();
    }
    bool finish_closes() noexcept override;
    bool accepts_beside() const noexcept override { return true; }
    const char* name() const noexcept override { return "uring"; }

private:
    friend class ReadinessDriver<UringDriver, KernelCalls>;

    int arm(int fd, Descriptor& descriptor, bool out) noexcept;
    void edge_was_late(int fd, Descriptor& descriptor) noexcept;
    int arm_poll(Operation& operation, Descriptor& descriptor) noexcept;
    void disarm_poll(const Operation& operation, Descriptor& descriptor) noexcept;
    int close_armed(int fd, Descriptor& descriptor) noexcept;
    bool batch_send(Operation& operation, Descriptor& descriptor) noexcept {
        const bool batched = edges_ >= batch_from_ && !descriptor.full;
        if (batched) {
            add_send(operation, descriptor);
        }
        return batched;
    }
    bool submit_transfer(Operation& operation) noexcept;
    bool submit_file_call(Operation& operation) noexcept;
    bool submit_accept_beside(Operation& operation) noexcept;
    void cancel_lent(Operation& operation) noexcept;
    static int unknown_descriptor(int) noexcept { return -EBADF; }

    void add_poll(int fd, unsigned events, bool multishot, EventTag tag) noexcept;
    void add_cancel(EventTag target) noexcept;
    bool lend(Operation& operation) noexcept;
    void add_lent(const Operation& operation) noexcept;
    void add_send(Operation& operation, Descriptor& descriptor) noexcept;
    void cancel_send(Operation& operation) noexcept;
    void arm_wake() noexcept;

    bool is_wanted(const io_uring_cqe& completion) noexcept;
    void on_completion(const io_uring_cqe& completion) noexcept;
    void on_in(const io_uring_cqe& completion, EventTag tag) noexcept;
    void on_out(const io_uring_cqe& completion, EventTag tag) noexcept;
    void on_poll_done(const io_uring_cqe& completion, EventTag tag) noexcept;
    void end_poll(Operation& operation, Descriptor& descriptor,
                  const io_uring_cqe& completion) noexcept;
    void on_sent(const io_uring_cqe& completion, EventTag tag) noexcept;
    void on_lent(const io_uring_cqe& completion, EventTag tag) noexcept;
    void on_transfer(Operation& operation, int result, EventTag tag) noexcept;
    void on_accept(Operation& operation, int result) noexcept;
    void wait_for_edge(Operation& operation) noexcept;
    void finish_slot(Operation& operation, int result) noexcept;

    static EventTag tag_of(EventSource source, int fd, const Descriptor& descriptor) noexcept {
        return EventTag(source, descriptor.generation, static_cast<std::uint32_t>(fd));
    }

    static EventTag tag_of_edge_in(int fd, const Descriptor& descriptor) noexcept {
        return tag_of(descriptor.polls_once ? EventSource::edge_once : EventSource::edge_in, fd,
                      descriptor);
    }

    static EventTag tag_of_poll(const Operation& operation) noexcept {
        return EventTag(EventSource::poll, operation.slot,
                        static_cast<std::uint32_t>(operation.fd));
    }

    // Writes to streams can meet a broken pipe, and what makes a file grow a limit of its size.
    int signal_risks_of(const Operation& operation) const noexcept {
        switch (operation.kind) {
            case OperationKind::write:
                return files_limited_ || operation.offset == current_position ? 1 : 0;
            case OperationKind::truncate:
            case OperationKind::allocate: return files_limited_ ? 1 : 0;
            default: return 0;
        }
    }

    std::size_t batch_from_ = send_batch_from;
    std::size_t edges_ = 0;  ///< that this turn found
    SlotTable slots_;
    const bool files_limited_ = file_size_is_limited();
    Uring ring_;
};

/// nullptr and `error` = -errno when the system gives no ring that Rondo can use.
std::unique_ptr<Driver> make_uring_driver(int& error, RingSize size = {},
                                          const UringMask& mask = {},
                                          std::size_t batch_from = send_batch_from);

}  // namespace rondo::detail
