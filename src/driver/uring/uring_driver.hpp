// SPDX-License-Identifier: Apache-2.0
/// The io_uring body: polls as the source of edges, entries for files, close and cancel.
#pragma once

#include <cstddef>
#include <memory>

#include "driver/event_tag.hpp"
#include "driver/kernel_calls.hpp"
#include "driver/monotonic.hpp"
#include "driver/readiness_driver.hpp"
#include "driver/uring/ring.hpp"
#include "driver/uring/slot_table.hpp"
#include "driver/wake_signal.hpp"

namespace rondo::detail {

class UringDriver final : public ReadinessDriver<UringDriver, KernelCalls> {
public:
    UringDriver() : ReadinessDriver(0, DescriptorTable::process_limit()) {}
    ~UringDriver() override;

    /// 0, or the -errno of why there is no ring.
    int open(RingSize size) noexcept;

    WaitResult wait(Time until) noexcept override;
    void wake() noexcept override { wake_.raise(); }
    Time now() noexcept override { return monotonic_now(); }
    void block_for(Time nanoseconds) noexcept override { monotonic_sleep(nanoseconds); }
    std::uint64_t entropy() noexcept override { return kernel_entropy(); }
    bool pending() const noexcept override { return ring_.unsubmitted() > 0 || !ended_.empty(); }
    const char* name() const noexcept override { return "uring"; }

private:
    friend class ReadinessDriver<UringDriver, KernelCalls>;

    int arm(int fd, Descriptor& descriptor, bool out) noexcept;
    int arm_poll(Operation& operation, Descriptor& descriptor) noexcept;
    void disarm_poll(const Operation& operation, Descriptor& descriptor) noexcept;
    int close_armed(int fd, Descriptor& descriptor) noexcept;
    bool submit_transfer(Operation& operation) noexcept;
    void cancel_transfer(const Operation& operation) noexcept;
    static int unknown_descriptor(int) noexcept { return -EBADF; }
    void settle() noexcept { ring_.enter(0); }

    void add_poll(int fd, unsigned events, bool multishot, EventTag tag) noexcept;
    void add_cancel(EventTag target) noexcept;
    void add_transfer(const Operation& operation) noexcept;
    void arm_wake() noexcept;

    void on_completion(const io_uring_cqe& completion) noexcept;
    void on_in(const io_uring_cqe& completion, EventTag tag) noexcept;
    void on_out(const io_uring_cqe& completion, EventTag tag) noexcept;
    void on_poll_done(const io_uring_cqe& completion, EventTag tag) noexcept;
    void on_transfer(const io_uring_cqe& completion, EventTag tag) noexcept;
    void finish_transfer(Operation& operation, int result) noexcept;

    static EventTag tag_of(EventSource source, int fd, const Descriptor& descriptor) noexcept {
        return EventTag(source, descriptor.generation, static_cast<std::uint32_t>(fd));
    }

    static EventTag tag_of_poll(const Operation& operation) noexcept {
        return EventTag(EventSource::poll, operation.slot,
                        static_cast<std::uint32_t>(operation.fd));
    }

    // Only writes to streams can meet a broken pipe.
    static bool may_raise_signal(const Operation& operation) noexcept {
        return operation.kind == OperationKind::write && operation.offset == current_position;
    }

    WakeSignal wake_;
    SlotTable slots_;
    std::size_t stream_writes_ = 0;
    Ring ring_;
};

/// nullptr and `error` = -errno when the system gives no ring that Rondo can use.
std::unique_ptr<Driver> make_uring_driver(int& error, RingSize size = {});

}  // namespace rondo::detail
