// SPDX-License-Identifier: Apache-2.0
//
// Each descriptor that somebody waited on has one multishot POLL, which fires at every edge for as
// long as the descriptor lives; a waiting writer has a one-shot POLL of its own. A multishot poll
// ends by itself when the completion queue overflows: it is armed again at the next EAGAIN, and as
// arming reports the present state, no edge falls in between.
//
// A poll holds a reference to the file. So close() of an armed descriptor is a cancel entry and a
// close entry in one batch; without the cancel the peer would see no FIN.
#include "driver/uring/uring_driver.hpp"

#include <poll.h>

#include <cerrno>

#include "driver/event_tag.hpp"
#include "driver/kernel_calls.hpp"
#include "driver/monotonic.hpp"
#include "driver/pipe_signal_guard.hpp"
#include "driver/readiness_driver.hpp"
#include "driver/uring/ring.hpp"
#include "driver/uring/slot_table.hpp"
#include "driver/wake_signal.hpp"

namespace rondo::detail {
namespace {

constexpr std::uint64_t ignored = EventTag(EventSource::ignored, 0, 0).bits();

class UringDriver final : public ReadinessDriver<UringDriver, KernelCalls> {
public:
    UringDriver() : ReadinessDriver(0, DescriptorTable::process_limit()) {}
    ~UringDriver() override;

    int open() noexcept;

    WaitResult wait(Time until) noexcept override;
    void wake() noexcept override { wake_.raise(); }
    Time now() noexcept override { return monotonic_now(); }
    void block_for(Time nanoseconds) noexcept override { monotonic_sleep(nanoseconds); }
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

// Closes are entries: what was not submitted yet would leave its descriptor open.
UringDriver::~UringDriver() {
    while (ring_.unsubmitted() > 0) {
        ring_.enter(0);
        ring_.reap([](const io_uring_cqe&) {});
    }
}

int UringDriver::open() noexcept {
    if (wake_.fd() < 0) {
        return -EMFILE;
    }
    if (const int error = ring_.open(); error != 0) {
        return error;
    }
    arm_wake();
    return 0;
}

void UringDriver::add_poll(int fd, unsigned events, bool multishot, EventTag tag) noexcept {
    io_uring_sqe& entry = ring_.next_entry();
    entry.opcode = IORING_OP_POLL_ADD;
    entry.fd = fd;
    entry.poll32_events = events;
    entry.len = multishot ? IORING_POLL_ADD_MULTI : 0;
    entry.user_data = tag.bits();
}

void UringDriver::add_cancel(EventTag target) noexcept {
    io_uring_sqe& entry = ring_.next_entry();
    entry.opcode = IORING_OP_ASYNC_CANCEL;
    entry.fd = -1;
    entry.addr = target.bits();
    entry.flags = IOSQE_CQE_SKIP_SUCCESS;
    entry.user_data = ignored;
}

void UringDriver::arm_wake() noexcept {
    add_poll(wake_.fd(), POLLIN, true, EventTag(EventSource::wake, 0, 0));
}

int UringDriver::arm(int fd, Descriptor& descriptor, bool out) noexcept {
    if (out) {
        add_poll(fd, POLLOUT, false, tag_of(EventSource::edge_out, fd, descriptor));
        descriptor.armed_out = true;
    } else {
        add_poll(fd, POLLIN | POLLRDHUP, true, tag_of(EventSource::edge_in, fd, descriptor));
        descriptor.armed_in = true;
    }
    return 0;
}

int UringDriver::arm_poll(Operation& operation, Descriptor& descriptor) noexcept {
    operation.slot = ++descriptor.poll_sequence & EventTag::generation_mask;
    add_poll(operation.fd, operation.size, false, tag_of_poll(operation));
    return 0;
}

void UringDriver::disarm_poll(const Operation& operation, Descriptor&) noexcept {
    add_cancel(tag_of_poll(operation));
}

int UringDriver::close_armed(int fd, Descriptor& descriptor) noexcept {
    const bool armed = descriptor.armed_in || descriptor.armed_out;
    if (descriptor.armed_in) {
        add_cancel(tag_of(EventSource::edge_in, fd, descriptor));
    }
    if (descriptor.armed_out) {
        add_cancel(tag_of(EventSource::edge_out, fd, descriptor));
    }
    descriptor.renew();
    if (!armed) {
        return KernelCalls::close(fd);
    }
    io_uring_sqe& entry = ring_.next_entry();
    entry.opcode = IORING_OP_CLOSE;
    entry.fd = fd;
    entry.flags = IOSQE_CQE_SKIP_SUCCESS;
    entry.user_data = ignored;
    return 0;
}

bool UringDriver::submit_transfer(Operation& operation) noexcept {
    Descriptor* descriptor = table_.find(operation.fd);
    if (descriptor == nullptr) {
        return end_inside(operation, -EBADF);
    }
    const bool is_stream = operation.offset == current_position;
    if (is_stream) {
        if (const int error = find_place(operation, *descriptor); error != 0) {
            return end_inside(operation, error);
        }
    }
    if (!slots_.take(operation)) {
        return end_inside(operation, -ENOMEM);
    }
    if (is_stream) {
        take_place(operation, *descriptor);
    }
    stream_writes_ += may_raise_signal(operation) ? 1 : 0;
    operation.flags |= operation_lent;
    begin(operation);
    add_transfer(operation);
    return false;
}

void UringDriver::add_transfer(const Operation& operation) noexcept {
    io_uring_sqe& entry = ring_.next_entry();
    entry.opcode = operation.kind == OperationKind::read ? IORING_OP_READ : IORING_OP_WRITE;
    entry.fd = operation.fd;
    entry.addr = reinterpret_cast<std::uintptr_t>(operation.data);
    entry.len = operation.size;
    entry.off = operation.offset;
    entry.user_data = slots_.tag_of(operation).bits();
}

void UringDriver::cancel_transfer(const Operation& operation) noexcept {
    add_cancel(slots_.tag_of(operation));
}

WaitResult UringDriver::wait(Time until) noexcept {
    {
        const PipeSignalGuard guard(stream_writes_ > 0);
        ring_.enter(ended_.empty() ? until : 0);
    }
    ring_.reap([this](const io_uring_cqe& completion) { on_completion(completion); });
    finish_ended();
    return WaitResult::progress;
}

void UringDriver::on_completion(const io_uring_cqe& completion) noexcept {
    const EventTag tag(completion.user_data);
    switch (tag.source) {
        case EventSource::wake:
            wake_.seen();
            if ((completion.flags & IORING_CQE_F_MORE) == 0) {
                arm_wake();
            }
            break;
        case EventSource::edge_in: on_in(completion, tag); break;
        case EventSource::edge_out: on_out(completion, tag); break;
        case EventSource::poll: on_poll_done(completion, tag); break;
        case EventSource::transfer: on_transfer(completion, tag); break;
        case EventSource::ignored: break;
    }
}

void UringDriver::on_in(const io_uring_cqe& completion, EventTag tag) noexcept {
    Descriptor& descriptor = *table_.find(static_cast<int>(tag.index));
    if (!tag.is_of(descriptor.generation)) {
        return;
    }
    if ((completion.flags & IORING_CQE_F_MORE) == 0) {
        descriptor.armed_in = false;
    }
    if (completion.res < 0) {
        on_edge_failed(descriptor.reader, descriptor, completion.res);
        return;
    }
    on_edge(descriptor, static_cast<unsigned>(completion.res) & ~unsigned{POLLOUT});
}

void UringDriver::on_out(const io_uring_cqe& completion, EventTag tag) noexcept {
    Descriptor& descriptor = *table_.find(static_cast<int>(tag.index));
    if (!tag.is_of(descriptor.generation)) {
        return;
    }
    descriptor.armed_out = false;
    if (completion.res < 0) {
        on_edge_failed(descriptor.writer, descriptor, completion.res);
        return;
    }
    on_edge(descriptor, static_cast<unsigned>(completion.res) & ~unsigned{POLLIN});
}

void UringDriver::on_poll_done(const io_uring_cqe& completion, EventTag tag) noexcept {
    Descriptor& descriptor = *table_.find(static_cast<int>(tag.index));
    for (Operation* operation : {descriptor.reader, descriptor.writer}) {
        if (polls(operation) && operation->slot == tag.generation) {
            operation->result = completion.res;
            leave(*operation, descriptor);
            finish(*operation);
            return;
        }
    }
}

void UringDriver::on_transfer(const io_uring_cqe& completion, EventTag tag) noexcept {
    Operation& operation = slots_.at(tag);
    const bool cancelled = operation.state == OperationState::cancel_asked;
    const bool polled = slots_.polling(operation);
    slots_.polling(operation) = false;
    if (completion.res < 0 && cancelled) {
        finish_transfer(operation, -ECANCELED);
    } else if (completion.res == -EAGAIN && !polled) {
        const unsigned events = operation.kind == OperationKind::read ? POLLIN : POLLOUT;
        slots_.polling(operation) = true;
        add_poll(operation.fd, events, false, tag);
    } else if (completion.res == -EINTR || (polled && completion.res > 0 && !cancelled)) {
        add_transfer(operation);
    } else {
        finish_transfer(operation, polled && cancelled ? -ECANCELED : completion.res);
    }
}

void UringDriver::finish_transfer(Operation& operation, int result) noexcept {
    if (Descriptor* descriptor = table_.find(operation.fd)) {
        leave(operation, *descriptor);
    }
    stream_writes_ -= may_raise_signal(operation) ? 1 : 0;
    slots_.free(operation);
    operation.result = result;
    finish(operation);
}

}  // namespace

std::unique_ptr<Driver> make_uring_driver(int& error) {
    auto driver = std::make_unique<UringDriver>();
    error = driver->open();
    if (error != 0) {
        driver.reset();
    }
    return driver;
}

}  // namespace rondo::detail
