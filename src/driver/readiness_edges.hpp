// SPDX-License-Identifier: Apache-2.0
/// ReadinessDriver: how an operation that waits ends, by an edge, its loop, or a cancel.
#pragma once

#include <sys/epoll.h>

#include <cerrno>
#include <cstdint>

#include "driver/place.hpp"
#include "driver/readiness_driver.hpp"

namespace rondo::detail {

template <class Body, class Calls>
template <Way way>
RONDO_INLINE bool ReadinessDriver<Body, Calls>::try_again(Operation& operation,
                                                          Descriptor& descriptor) noexcept {
    if (!attempt<way>(operation, descriptor)) {
        if constexpr (way == Way::in) {
            body().edge_was_late(operation.fd, descriptor);
        }
        const int error = arm_for<way>(operation, descriptor);
        if (error == 0) {
            return false;
        }
        operation.result = error;
    }
    place_of<way>(descriptor) = nullptr;
    return true;
}

template <class Body, class Calls>
bool ReadinessDriver<Body, Calls>::perform(Operation& operation) noexcept {
    if (operation.state == OperationState::done) {
        return true;
    }
    Descriptor& descriptor = *table_.find(operation.fd);
    if (operation.state == OperationState::cancel_asked) {
        leave_place(operation, descriptor);  // a reader: see is_better_late()
    } else if (!try_again<Way::in>(operation, descriptor)) {
        operation.state = OperationState::in_flight;
        return false;
    }
    operation.state = OperationState::done;
    --in_flight_;
    return true;
}

template <class Body, class Calls>
void ReadinessDriver<Body, Calls>::cancel(Operation& operation) noexcept {
    if (operation.state == OperationState::runnable) {
        // It stands in the loop's queue already, so it must not join ended_: perform() ends it.
        operation.state = OperationState::cancel_asked;
        operation.result = -ECANCELED;
        return;
    }
    if (operation.state != OperationState::in_flight) {
        return;
    }
    operation.state = OperationState::cancel_asked;
    if ((operation.flags & operation_lent) != 0) {
        body().cancel_lent(operation);
        return;
    }
    Descriptor& descriptor = *table_.find(operation.fd);
    leave_place(operation, descriptor);
    if (is_poll(operation)) {
        body().disarm_poll(operation, descriptor);
    }
    operation.result = -ECANCELED;
    ended_.push(operation);
}

// A batch of large receives would push each other out of the cache, and one of many leased ones
// would take a buffer for each: these are read when the loop reaches the task that uses them.
template <class Body, class Calls>
RONDO_INLINE bool ReadinessDriver<Body, Calls>::is_better_late(
    const Operation& reader, const Descriptor& descriptor) const noexcept {
    return (descriptor.bulk && reader.kind != OperationKind::accept) ||
           (reader.kind == OperationKind::receive_leased && !leases_.has_spare());
}

template <class Body, class Calls>
void ReadinessDriver<Body, Calls>::on_edge(Descriptor& descriptor, unsigned events) noexcept {
    if ((events & hang_up_events) != 0) {
        descriptor.hung_up = true;
    }
    if ((events & EPOLLPRI) != 0) [[unlikely]] {
        descriptor.short_read = ShortRead::proves_nothing;  // a receive ends at an urgent mark
    }
    if ((events & readable_events) != 0) {
        descriptor.dry = false;
        Operation* reader = descriptor.reader;
        if (waits_for_edge(reader)) {
            if (is_better_late(*reader, descriptor)) {
                reader->state = OperationState::runnable;
                reader->ready(*reader);
            } else if (try_again<Way::in>(*reader, descriptor)) {
                finish(*reader);
            }
        }
    }
    if ((events & writable_events) != 0) {
        descriptor.full = false;
        Operation* writer = descriptor.writer;
        if (waits_for_edge(writer) && try_again<Way::out>(*writer, descriptor)) {
            finish(*writer);
        }
    }
}

template <class Body, class Calls>
bool ReadinessDriver<Body, Calls>::on_poll(Descriptor& descriptor, unsigned events) noexcept {
    Operation* const waiting[2] = {
        descriptor.reader,
        descriptor.writer != descriptor.reader ? descriptor.writer : nullptr,
    };
    for (Operation* operation : waiting) {
        if (operation == nullptr || !is_poll(*operation)) {
            continue;
        }
        const unsigned seen = events & (operation->size | EPOLLHUP | EPOLLERR);
        if (seen != 0) {
            operation->result = static_cast<std::int32_t>(seen);
            leave_place(*operation, descriptor);
            finish(*operation);
        }
    }
    return has_poll(descriptor);
}

template <class Body, class Calls>
void ReadinessDriver<Body, Calls>::on_edge_failed(Operation* waiting, Descriptor& descriptor,
                                                  int error) noexcept {
    if (waits_for_edge(waiting)) {
        waiting->result = error;
        leave_place(*waiting, descriptor);
        finish(*waiting);
    }
}

}  // namespace rondo::detail
