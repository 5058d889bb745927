// SPDX-License-Identifier: Apache-2.0
/// The calls of the readiness kinds, and what their outcome teaches about the descriptor.
///
/// Each function makes one operation's call. True: the operation ended and has its result. False:
/// it would block, and the hint that says so is set. `Calls` is KernelCalls or the simulated
/// network.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

#include "driver/descriptor_table.hpp"
#include "driver/lease_pool.hpp"
#include "rondo/loop/driver.hpp"
#include "rondo/loop/operation.hpp"

namespace rondo::detail {

// From this size on the bytes are read when the task runs that uses them: a batch of large receives
// would push each other out of the cache.
inline constexpr int bulk_size = 4096;

inline bool blocked(int result, bool& hint) noexcept {
    if (result == -EAGAIN) {
        hint = true;
        return true;
    }
    return false;
}

// A short read saves the call that would say EAGAIN, but only where it proves the queue empty and
// an edge is sure to follow: a FIN that came with the last bytes has no edge of its own. (A poll
// that is armed for each wait looks then.) A receive also ends at an urgent mark, of which edges
// tell: see on_edge().
inline void learn_from_receive(int received, std::uint32_t asked, Descriptor& descriptor) noexcept {
    descriptor.bulk = received >= bulk_size;
    const bool edge_follows = descriptor.armed_in && !descriptor.hung_up;
    if (static_cast<std::uint32_t>(received) < asked && (edge_follows || descriptor.polls_once) &&
        descriptor.short_read == ShortRead::means_empty) {
        descriptor.dry = true;
    }
}

template <class Calls>
bool attempt_receive(Calls& calls, Operation& operation, Descriptor& descriptor) noexcept {
    const int result = calls.receive(operation.fd, operation.data, operation.size);
    if (blocked(result, descriptor.dry)) {
        return false;
    }
    if (result > 0) {
        learn_from_receive(result, operation.size, descriptor);
    }
    operation.result = result;
    return true;
}

template <class Calls>
bool attempt_receive_leased(Calls& calls, LeasePool& leases, Operation& operation,
                            Descriptor& descriptor) noexcept {
    operation.data = leases.take();
    operation.size = Driver::lease_size;
    if (operation.data == nullptr) {
        operation.result = -ENOMEM;
        return true;
    }
    const bool ended = attempt_receive(calls, operation, descriptor);
    if (!ended || operation.result <= 0) {
        leases.give_back(operation.data);
        operation.data = nullptr;
    }
    return ended;
}

template <class Calls>
bool attempt_send_all(Calls& calls, Operation& operation, Descriptor& descriptor) noexcept {
    do {
        const auto* from = static_cast<const char*>(operation.data) + operation.moved;
        const int result = calls.send(operation.fd, from, operation.size - operation.moved);
        if (blocked(result, descriptor.full)) {
            return false;
        }
        if (result < 0) {
            operation.result = result;
            return true;
        }
        operation.moved += static_cast<std::uint32_t>(result);
    } while (operation.moved < operation.size);
    operation.result = static_cast<std::int32_t>(operation.size);
    return true;
}

inline bool only_tries(const Operation& message) noexcept {
    return (message.size & message_try) != 0;
}

// A message that must not wait leaves the hint as it is found: nobody armed an edge for it.
inline bool end_message(Operation& operation, int result, bool& hint) noexcept {
    if (result == -EAGAIN && !only_tries(operation)) {
        hint = true;
        return false;
    }
    operation.result = result;
    return true;
}

template <class Calls>
bool attempt_receive_message(Calls& calls, LeasePool& leases, Operation& operation,
                             Descriptor& descriptor) noexcept {
    auto& message = *static_cast<msghdr*>(operation.data);
    if ((operation.size & message_lease) == 0) {
        const int result = calls.receive_message(operation.fd, &message);
        return end_message(operation, result, descriptor.dry);
    }
    message.msg_iov->iov_base = leases.take();
    message.msg_iov->iov_len = Driver::lease_size;
    if (message.msg_iov->iov_base == nullptr) {
        operation.result = -ENOMEM;
        return true;
    }
    const int result = calls.receive_message(operation.fd, &message);
    if (result <= 0) {
        leases.give_back(message.msg_iov->iov_base);
        message.msg_iov->iov_base = nullptr;
    }
    return end_message(operation, result, descriptor.dry);
}

template <class Calls>
bool attempt_send_message(Calls& calls, Operation& operation, Descriptor& descriptor) noexcept {
    const int result = calls.send_message(operation.fd, static_cast<msghdr*>(operation.data));
    return end_message(operation, result, descriptor.full);
}

// A new connection has rarely been written to yet: its first receive waits for the edge.
template <class Calls>
void adopt_accepted(Calls& calls, DescriptorTable& table, Operation& operation,
                    const Descriptor& listener) noexcept {
    Descriptor* accepted = table.find(operation.result);
    if (accepted == nullptr) {
        calls.close(operation.result);
        operation.result = -EMFILE;
        return;
    }
    accepted->renew();
    accepted->dry = true;
    accepted->short_read = listener.short_read;
}

template <class Calls>
bool attempt_accept(Calls& calls, DescriptorTable& table, Operation& operation,
                    Descriptor& descriptor) noexcept {
    std::uint32_t length = operation.size;
    const int result = calls.accept(operation.fd, operation.data, &length);
    if (blocked(result, descriptor.dry)) {
        return false;
    }
    operation.result = result;
    operation.moved = result >= 0 ? length : 0;
    if (result >= 0) {
        adopt_accepted(calls, table, operation, descriptor);
    }
    return true;
}

template <class Calls>
bool attempt_connect_result(Calls& calls, Operation& operation, Descriptor& descriptor) noexcept {
    const int result = calls.connect_result(operation.fd);
    if (result == -EINPROGRESS) {
        descriptor.full = true;
        return false;
    }
    operation.result = result;
    return true;
}

template <class Calls>
bool attempt_transfer(Calls& calls, Operation& operation, Descriptor& descriptor) noexcept {
    const bool reads = operation.kind == OperationKind::read;
    const int result = reads ? calls.read(operation) : calls.write(operation);
    if (blocked(result, reads ? descriptor.dry : descriptor.full)) {
        return false;
    }
    operation.result = result;
    return true;
}

}  // namespace rondo::detail
