// SPDX-License-Identifier: Apache-2.0
// What a completion means to the operation that waits for it.
#include <poll.h>

#include <cerrno>

#include "driver/uring/uring_driver.hpp"

namespace rondo::detail {
namespace {

// A poll for room ends with POLLRDHUP alone when the peer's stream has ended and there is no room
// yet. To who waits for room that says nothing.
bool says_nothing(int result, unsigned wanted) noexcept {
    return result > 0 && (static_cast<unsigned>(result) & (wanted | POLLHUP | POLLERR)) == 0;
}

}  // namespace

// False: it is of a descriptor that was closed since, or nobody's.
bool UringDriver::is_wanted(const io_uring_cqe& completion) noexcept {
    const EventTag tag(completion.user_data);
    switch (tag.source) {
        case EventSource::edge_in:
        case EventSource::edge_once:
        case EventSource::edge_out:
            return tag.is_of(table_.find(static_cast<int>(tag.index))->generation);
        case EventSource::ignored: return false;
        default: return true;
    }
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
        case EventSource::edge_in:
        case EventSource::edge_once: on_in(completion, tag); break;
        case EventSource::edge_out: on_out(completion, tag); break;
        case EventSource::poll: on_poll_done(completion, tag); break;
        case EventSource::sent: on_sent(completion, tag); break;
        case EventSource::lent: on_lent(completion, tag); break;
        case EventSource::ignored: break;
    }
}

void UringDriver::on_in(const io_uring_cqe& completion, EventTag tag) noexcept {
    Descriptor& descriptor = *table_.find(static_cast<int>(tag.index));
    if (!tag.is_of(descriptor.generation)) {
        return;
    }
    const bool ended = (completion.flags & IORING_CQE_F_MORE) == 0;
    if (descriptor.polls_once && tag.source == EventSource::edge_in) {
        descriptor.multishot_left = !ended;
        return;
    }
    if (ended) {
        descriptor.armed_in = false;
    }
    if (completion.res < 0) {
        on_edge_failed(descriptor.reader, descriptor, completion.res);
        return;
    }
    ++edges_;
    const auto events = static_cast<unsigned>(completion.res);
    const bool mark = (events & mark_events) == POLLPRI;
    on_edge(descriptor, events & (POLLIN | hang_up_events | (mark ? POLLPRI : 0U)));
}

void UringDriver::on_out(const io_uring_cqe& completion, EventTag tag) noexcept {
    Descriptor& descriptor = *table_.find(static_cast<int>(tag.index));
    if (!tag.is_of(descriptor.generation)) {
        return;
    }
    if ((completion.flags & IORING_CQE_F_MORE) == 0) {
        descriptor.armed_out = false;
    }
    if (completion.res < 0) {
        on_edge_failed(descriptor.writer, descriptor, completion.res);
        return;
    }
    ++edges_;
    on_edge(descriptor, static_cast<unsigned>(completion.res) & ~unsigned{POLLIN});
}

void UringDriver::on_poll_done(const io_uring_cqe& completion, EventTag tag) noexcept {
    Descriptor& descriptor = *table_.find(static_cast<int>(tag.index));
    for (Operation* operation : {descriptor.reader, descriptor.writer}) {
        if (operation != nullptr && is_poll(*operation) && operation->slot == tag.generation) {
            end_poll(*operation, descriptor, completion);
            return;
        }
    }
}

// A one-shot poll would say nothing again at once: the multishot one says it once, and then waits.
void UringDriver::end_poll(Operation& operation, Descriptor& descriptor,
                           const io_uring_cqe& completion) noexcept {
    const bool goes_on = (completion.flags & IORING_CQE_F_MORE) != 0;
    if (says_nothing(completion.res, operation.size)) {
        if (!goes_on) {
            add_poll(operation.fd, operation.size, true, tag_of_poll(operation));
        }
        return;
    }
    if (goes_on) {
        add_cancel(tag_of_poll(operation));
    }
    operation.result = completion.res;
    leave_place(operation, descriptor);
    finish(operation);
}

void UringDriver::on_lent(const io_uring_cqe& completion, EventTag tag) noexcept {
    Operation& operation = slots_.at(tag);
    const bool cancelled = operation.state == OperationState::cancel_asked;
    if (operation.kind == OperationKind::accept) {
        on_accept(operation, completion.res);
    } else if (!is_file_call(operation)) {
        on_transfer(operation, completion.res, tag);
    } else if (completion.res < 0 && cancelled) {
        finish_slot(operation, -ECANCELED);
    } else if (completion.res == -EINTR) {
        add_lent(operation);
    } else if (operation.kind == OperationKind::open && completion.res >= 0) {
        finish_slot(operation, finish_open(operation, completion.res));
    } else {
        finish_slot(operation, completion.res);
    }
}

void UringDriver::on_accept(Operation& operation, int result) noexcept {
    const bool cancelled = operation.state == OperationState::cancel_asked;
    if (result < 0 && cancelled) {
        finish_slot(operation, -ECANCELED);
    } else if (result == -EINTR || result == -ECONNABORTED || result == -EPROTO) {
        add_lent(operation);  // the peer gave up while it stood in the queue: the next one is meant
    } else {
        finish_slot(operation, result);
    }
}

void UringDriver::on_transfer(Operation& operation, int result, EventTag tag) noexcept {
    const bool cancelled = operation.state == OperationState::cancel_asked;
    const bool polled = slots_.polling(operation);
    slots_.polling(operation) = false;
    if (result < 0 && cancelled) {
        finish_slot(operation, -ECANCELED);
    } else if (result == -EAGAIN && !polled) {
        const unsigned events = operation.kind == OperationKind::read ? POLLIN : POLLOUT;
        slots_.polling(operation) = true;
        add_poll(operation.fd, events, false, tag);
    } else if (polled && !cancelled && says_nothing(result, POLLIN | POLLOUT)) {
        wait_for_edge(operation);
    } else if (result == -EINTR || (polled && result > 0 && !cancelled)) {
        add_lent(operation);
    } else {
        finish_slot(operation, polled && cancelled ? -ECANCELED : result);
    }
}

// The kernel gives a write back, to be made by the driver when the edge for writers comes. Asked
// for it again, the kernel would find no room, and its one-shot poll would say nothing at once.
void UringDriver::wait_for_edge(Operation& operation) noexcept {
    ring_.count_signal_risks(-signal_risks_of(operation));
    slots_.free(operation);
    operation.flags &= static_cast<std::uint8_t>(~operation_lent);
    Descriptor& descriptor = *table_.find(operation.fd);
    if (!descriptor.armed_out) {
        arm(operation.fd, descriptor, true);
    }
}

void UringDriver::finish_slot(Operation& operation, int result) noexcept {
    ring_.count_signal_risks(-signal_risks_of(operation));
    slots_.free(operation);
    operation.result = result;
    finish_lent(operation);
}

}  // namespace rondo::detail
