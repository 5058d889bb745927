// SPDX-License-Identifier: Apache-2.0
/// ReadinessDriver: how an operation begins, and the call that it makes.
#pragma once

#include <sys/epoll.h>

#include <cerrno>
#include <climits>

#include "driver/attempt.hpp"
#include "driver/attempt_send.hpp"
#include "driver/file_calls.hpp"
#include "driver/place.hpp"
#include "driver/readiness_driver.hpp"

namespace rondo::detail {

// What most operations are goes by the shortest way.
template <class Body, class Calls>
bool ReadinessDriver<Body, Calls>::submit(Operation& operation) noexcept {
    operation.moved = 0;
    operation.flags = 0;
    if (operation.kind == OperationKind::receive_leased ||
        operation.kind == OperationKind::receive) {
        return submit_way<Way::in>(operation);
    }
    if (operation.kind == OperationKind::send_all && operation.size <= INT_MAX) {
        return submit_way<Way::out>(operation);
    }
    return submit_other(operation);
}

template <class Body, class Calls>
RONDO_NOINLINE bool ReadinessDriver<Body, Calls>::submit_other(Operation& operation) noexcept {
    switch (operation.kind) {
        case OperationKind::poll: return submit_poll(operation);
        case OperationKind::shutdown: {
            const int how = static_cast<int>(operation.size);
            return end_inside(operation, calls_.shutdown(operation.fd, how));
        }
        case OperationKind::close: return end_inside(operation, close_descriptor(operation.fd));
        case OperationKind::read:
        case OperationKind::write: return body().submit_transfer(operation);
        case OperationKind::send_all: return end_inside(operation, -EINVAL);  // its size
        case OperationKind::send_vector:
            return begin_vector(operation) ? submit_readiness(operation)
                                           : end_inside(operation, -EINVAL);
        case OperationKind::send_file:
            return operation.size <= INT_MAX ? submit_readiness(operation)
                                             : end_inside(operation, -EINVAL);
        case OperationKind::accept:
            return operation.hint != 0 && operation.data == nullptr
                       ? body().submit_accept_beside(operation)
                       : submit_readiness(operation);
        default:
            return is_file_call(operation) ? body().submit_file_call(operation)
                                           : submit_readiness(operation);
    }
}

template <class Body, class Calls>
template <Way way>
bool ReadinessDriver<Body, Calls>::submit_way(Operation& operation) noexcept {
    Descriptor* descriptor = table_.find(operation.fd);
    if (descriptor == nullptr) {
        return end_inside(operation, -EBADF);
    }
    if (!is_free<way>(*descriptor)) {
        return end_inside(operation, -EBUSY);
    }
    if (way == Way::out && operation.kind == OperationKind::connect) {
        const int result = start_connect(operation, *descriptor);
        if (result != -EINPROGRESS) {
            return end_inside(operation, result);
        }
    } else if (way == Way::out && operation.kind == OperationKind::send_all &&
               body().batch_send(operation, *descriptor)) {
        return false;
    } else if (must_try<way>(operation, *descriptor) &&
               attempt_first<way>(operation, *descriptor)) {
        operation.state = OperationState::done;
        return true;
    }
    if (const int error = arm_for<way>(operation, *descriptor); error != 0) {
        return end_inside(operation, error);
    }
    place_of<way>(*descriptor) = &operation;
    begin(operation);
    return false;
}

template <class Body, class Calls>
bool ReadinessDriver<Body, Calls>::submit_poll(Operation& operation) noexcept {
    operation.size &= EPOLLIN | EPOLLOUT;
    if (operation.size == 0) {
        return end_inside(operation, -EINVAL);
    }
    Descriptor* descriptor = table_.find(operation.fd);
    if (descriptor == nullptr) {
        return end_inside(operation, Body::unknown_descriptor(operation.fd));
    }
    if (const int error = find_place(operation, *descriptor); error != 0) {
        return end_inside(operation, error);
    }
    take_place(operation, *descriptor);
    if (const int result = body().arm_poll(operation, *descriptor); result != 0) {
        leave_place(operation, *descriptor);
        return end_inside(operation, result);
    }
    begin(operation);
    return false;
}

template <class Body, class Calls>
int ReadinessDriver<Body, Calls>::start_connect(const Operation& operation,
                                                Descriptor& descriptor) noexcept {
    const int result = calls_.connect(operation.fd, operation.data, operation.size);
    if (result == -EINPROGRESS) {
        descriptor.full = true;
    }
    return result;
}

template <class Body, class Calls>
int ReadinessDriver<Body, Calls>::close_descriptor(int fd) noexcept {
    Descriptor* descriptor = table_.find(fd);
    if (descriptor == nullptr) {
        return calls_.close(fd);
    }
    RONDO_REQUIRE(descriptor->reader == nullptr && descriptor->writer == nullptr,
                  "close of a descriptor with an operation in flight");
    return body().close_armed(fd, *descriptor);
}

template <class Body, class Calls>
template <Way way>
RONDO_INLINE bool ReadinessDriver<Body, Calls>::attempt(Operation& operation,
                                                        Descriptor& descriptor) noexcept {
    if constexpr (way == Way::in) {
        if (operation.kind == OperationKind::receive_leased) {
            return attempt_receive_leased(calls_, leases_, operation, descriptor);
        }
        if (operation.kind == OperationKind::receive) {
            return attempt_receive(calls_, operation, descriptor);
        }
    } else if (operation.kind == OperationKind::send_all) {
        return attempt_send_all(calls_, operation, descriptor);
    }
    return attempt_other(operation, descriptor);
}

template <class Body, class Calls>
RONDO_NOINLINE bool ReadinessDriver<Body, Calls>::attempt_other(Operation& operation,
                                                                Descriptor& descriptor) noexcept {
    switch (operation.kind) {
        case OperationKind::send_vector: return attempt_send_vector(calls_, operation, descriptor);
        case OperationKind::send_file: return attempt_send_file(calls_, operation, descriptor);
        case OperationKind::receive_message:
            return attempt_receive_message(calls_, leases_, operation, descriptor);
        case OperationKind::send_message:
            return attempt_send_message(calls_, operation, descriptor);
        case OperationKind::accept: return attempt_accept(calls_, table_, operation, descriptor);
        case OperationKind::connect: return attempt_connect_result(calls_, operation, descriptor);
        default: return attempt_transfer(calls_, operation, descriptor);
    }
}

// The first attempt, inside submit(). An accept is made again when no descriptor was left but those
// whose close is only queued.
template <class Body, class Calls>
template <Way way>
RONDO_INLINE bool ReadinessDriver<Body, Calls>::attempt_first(Operation& operation,
                                                              Descriptor& descriptor) noexcept {
    if (!attempt<way>(operation, descriptor)) {
        return false;
    }
    if (way == Way::out || operation.result != -EMFILE || operation.kind != OperationKind::accept) {
        return true;
    }
    return !body().finish_closes() || attempt_other(operation, descriptor);
}

template <class Body, class Calls>
template <Way way>
RONDO_INLINE int ReadinessDriver<Body, Calls>::arm_for(const Operation& operation,
                                                       Descriptor& descriptor) noexcept {
    constexpr bool out = way == Way::out;
    if (!out) {
        learn_short_reads(operation.fd, descriptor);
    }
    const bool armed = out ? descriptor.armed_out : descriptor.armed_in;
    return armed ? 0 : body().arm(operation.fd, descriptor, out);
}

}  // namespace rondo::detail
