// SPDX-License-Identifier: Apache-2.0
// What a completion means to the operation that waits for it.
#include <poll.h>

#include <cerrno>

#include "driver/uring/uring_driver.hpp"

namespace rondo::detail {

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
        case EventSource::lent: on_lent(completion, tag); break;
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
    if ((completion.flags & IORING_CQE_F_MORE) == 0) {
        descriptor.armed_out = false;
    }
    if (completion.res < 0) {
        on_edge_failed(descriptor.writer, descriptor, completion.res);
        return;
    }
    on_edge(descriptor, static_cast<unsigned>(completion.res) & ~unsigned{POLLIN});
}

void UringDriver::on_poll_done(const io_uring_cqe& completion, EventTag tag) noexcept {
    Descriptor& descriptor = *table_.find(static_cast<int>(tag.index));
    for (Operation* operation : {descriptor.reader, descriptor.writer}) {
        if (operation != nullptr && is_poll(*operation) && operation->slot == tag.generation) {
            operation->result = completion.res;
            leave_place(*operation, descriptor);
            finish(*operation);
            return;
        }
    }
}

void UringDriver::on_lent(const io_uring_cqe& completion, EventTag tag) noexcept {
    Operation& operation = slots_.at(tag);
    const bool cancelled = operation.state == OperationState::cancel_asked;
    if (!is_file_call(operation)) {
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
    } else if (result == -EINTR || (polled && result > 0 && !cancelled)) {
        add_lent(operation);
    } else {
        finish_slot(operation, polled && cancelled ? -ECANCELED : result);
    }
}

void UringDriver::finish_slot(Operation& operation, int result) noexcept {
    signal_risks_ -= may_raise_signal(operation) ? 1 : 0;
    slots_.free(operation);
    operation.result = result;
    finish_lent(operation);
}

}  // namespace rondo::detail
