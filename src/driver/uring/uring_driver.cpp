// SPDX-License-Identifier: Apache-2.0
//
// Each descriptor that somebody waited on has one multishot POLL for each direction, which fires at
// every edge for as long as the descriptor lives (but see edge_was_late()). It ends by itself when
// the completion queue overflows: it is armed again at the next EAGAIN, and as arming reports the
// present state, no edge falls in between.
//
// The kernel reports POLLRDHUP to every poll, asked or not. So a one-shot poll for room ends when
// the peer's stream ends, whether there is room or not, and each further one ends at once; a
// multishot one goes on and reports the room.
//
// A receive ends at an urgent mark, and no edge tells of the bytes behind it. The kernel looks at a
// socket when its poll is armed, and when it was woken more than once since the last wait; a mark
// wakes twice, for itself and for its segment, so it is seen. (One that is told between the two is
// not: bytes behind it in the same segment wait for the next edge.) A one-shot poll sees the bytes
// themselves; asked for marks, it would end for one that nobody reads past.
//
// A poll holds a reference to the file. So close() of an armed descriptor is a cancel entry and a
// close entry in one batch; without the cancel the peer would see no FIN.
#include "driver/uring/uring_driver.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <limits>

#include "driver/uring/file_entry.hpp"

namespace rondo::detail {
namespace {

constexpr std::uint64_t ignored = EventTag(EventSource::ignored, 0, 0).bits();

// Some 400,000 closes. Polls that others let fire all the time must not hold anybody up.
constexpr int closing_calls_max = 10'000;

}  // namespace

// Closes are entries: what was not submitted yet would leave its descriptor open, and a poll that
// has not ended yet its file.
UringDriver::~UringDriver() {
    for (int calls = 0;
         ring_.unsubmitted() > 0 || (ring_.has_task_work() && calls < closing_calls_max); ++calls) {
        ring_.enter(0);
        ring_.reap([](const io_uring_cqe&) {});
    }
}

// Each poll that a close ends has a completion. So many at once as there may be here would not fit
// into their queue.
bool UringDriver::finish_closes() noexcept {
    if (ring_.unsubmitted() == 0 && !ring_.has_task_work()) {
        return false;
    }
    int calls = 0;
    do {
        ring_.enter(0);
        ring_.set_aside([this](const io_uring_cqe& completion) { return is_wanted(completion); });
    } while (ring_.kernel_has_work() && ++calls < closing_calls_max);
    return true;
}

int UringDriver::open(RingSize size, const UringMask& mask, std::size_t batch_from) noexcept {
    if (wake_.fd() < 0) {
        return wake_.fd();
    }
    if (const int error = ring_.open(size, mask); error != 0) {
        return error;
    }
    batch_from_ = ring_.has(IORING_OP_SEND) ? batch_from : std::numeric_limits<std::size_t>::max();
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
        add_poll(fd, POLLOUT, true, tag_of(EventSource::edge_out, fd, descriptor));
        descriptor.armed_out = true;
    } else {
        const bool stays = descriptor.multishot_left || (descriptor.bulk && !descriptor.hung_up);
        descriptor.polls_once = descriptor.polls_once && stays;
        const unsigned besides = descriptor.polls_once ? 0U : mark_events;
        add_poll(fd, POLLIN | POLLRDHUP | besides, !descriptor.polls_once,
                 tag_of_edge_in(fd, descriptor));
        descriptor.armed_in = true;
    }
    return 0;
}

// Of a large message the first part has its edge, and the others come while that is handled: the
// receive takes them all, and the multishot poll, which noted their edge, reports it in the next
// wait. A one-shot poll looks when it is armed. It costs an entry for each wait, so it is for
// streams of large messages, as long as they are such. And not when there was an error: that of a
// queue of errors (MSG_ERRQUEUE) stays, and would end each poll at once.
void UringDriver::edge_was_late(int fd, Descriptor& descriptor) noexcept {
    if (descriptor.bulk && !descriptor.hung_up && descriptor.armed_in && !descriptor.polls_once) {
        add_cancel(tag_of_edge_in(fd, descriptor));
        descriptor.armed_in = false;
        descriptor.polls_once = true;
        descriptor.multishot_left = true;
    }
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
    const bool armed = descriptor.armed_in || descriptor.armed_out || descriptor.multishot_left;
    if (descriptor.armed_in) {
        add_cancel(tag_of_edge_in(fd, descriptor));
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
    } else if (read_cached(operation)) {
        return true;
    }
    if (lend(operation)) {
        return true;
    }
    if (is_stream) {
        take_place(operation, *descriptor);
    }
    return false;
}

bool UringDriver::submit_file_call(Operation& operation) noexcept {
    if (ring_.has(file_opcode(operation.kind))) {
        return lend(operation);
    }
    if (operation.kind == OperationKind::open) {
        finish_closes();  // a thread needs a descriptor, and does not wait for the next batch
    }
    return submit_to_pool(operation, nullptr);
}

// One poll for many readers wakes them all; the kernel wakes one accept for each connection.
bool UringDriver::submit_accept_beside(Operation& operation) noexcept {
    Descriptor* descriptor = table_.find(operation.fd);
    if (descriptor == nullptr) {
        return end_inside(operation, -EBADF);
    }
    learn_short_reads(operation.fd, *descriptor);
    return lend(operation);
}

// Gives the operation to the kernel. True: it ended inside.
bool UringDriver::lend(Operation& operation) noexcept {
    if (!slots_.take(operation)) {
        return end_inside(operation, -ENOMEM);
    }
    ring_.count_signal_risks(signal_risks_of(operation));
    operation.flags |= operation_lent;
    begin(operation);
    add_lent(operation);
    return false;
}

void UringDriver::add_lent(const Operation& operation) noexcept {
    io_uring_sqe& entry = ring_.next_entry();
    entry.user_data = slots_.tag_of(operation).bits();
    if (is_file_call(operation)) {
        fill_file_entry(entry, operation);
        return;
    }
    entry.fd = operation.fd;
    if (operation.kind == OperationKind::accept) {
        entry.opcode = IORING_OP_ACCEPT;
        entry.accept_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
        return;
    }
    entry.opcode = operation.kind == OperationKind::read ? IORING_OP_READ : IORING_OP_WRITE;
    entry.addr = reinterpret_cast<std::uintptr_t>(operation.data);
    entry.len = operation.size;
    entry.off = operation.offset;
}

void UringDriver::cancel_lent(Operation& operation) noexcept {
    if ((operation.flags & operation_pooled) != 0) {
        take_back(operation);
    } else if (operation.kind == OperationKind::send_all) {
        cancel_send(operation);
    } else {
        add_cancel(slots_.tag_of(operation));
    }
}

WaitResult UringDriver::wait(Time until) noexcept {
    ring_.enter(ended_.empty() ? until : 0);
    edges_ = 0;
    ring_.reap([this](const io_uring_cqe& completion) { on_completion(completion); });
    finish_pooled();
    finish_ended();
    return WaitResult::progress;
}

std::unique_ptr<Driver> make_uring_driver(int& error, RingSize size, const UringMask& mask,
                                          std::size_t batch_from) {
    auto driver = std::make_unique<UringDriver>();
    error = driver->open(size, mask, batch_from);
    if (error != 0) {
        driver.reset();
    }
    return driver;
}

}  // namespace rondo::detail
