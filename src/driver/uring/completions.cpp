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
        if (operation != nullptr && is_poll(*operation) && operation->slot == tag.generation) {
            operation->result = completion.res;
            leave_place(*operation, descriptor);
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
        leave_place(operation, *descriptor);
    }
    stream_writes_ -= may_raise_signal(operation) ? 1 : 0;
    slots_.free(operation);
    operation.result = result;
    finish(operation);
}

}  // namespace rondo::detail
