// SPDX-License-Identifier: Apache-2.0
//
// In a turn that found many edges the sends are entries of the ring: one io_uring_enter makes all
// of a batch, one after the other, where each would be a system call of its own. They must not
// block, so that each has ended when that call returns: the kernel holds no buffer of ours beyond
// it, and one that is not submitted yet can be taken back.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "driver/uring/uring_driver.hpp"

namespace rondo::detail {

void UringDriver::add_send(Operation& operation, Descriptor& descriptor) noexcept {
    if (ring_.unsubmitted() >= send_batch_max) {
        ring_.submit();
    }
    io_uring_sqe& entry = ring_.next_entry();
    entry.opcode = IORING_OP_SEND;
    entry.fd = operation.fd;
    entry.addr = reinterpret_cast<std::uintptr_t>(operation.data);
    entry.len = operation.size;
    entry.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    entry.user_data = tag_of(EventSource::sent, operation.fd, descriptor).bits();
    operation.slot = ring_.last_entry();
    operation.flags |= operation_lent;
    descriptor.writer = &operation;
    begin(operation);
}

// What the kernel has seen has ended: its completion is about to be read, and says how.
void UringDriver::cancel_send(Operation& operation) noexcept {
    io_uring_sqe* const entry = ring_.find_unsubmitted(operation.slot);
    if (entry == nullptr) {
        return;
    }
    std::memset(entry, 0, sizeof *entry);
    entry->opcode = IORING_OP_NOP;
    entry->flags = IOSQE_CQE_SKIP_SUCCESS;
    entry->user_data = EventTag(EventSource::ignored, 0, 0).bits();
    operation.flags &= static_cast<std::uint8_t>(~operation_lent);
    leave_place(operation, *table_.find(operation.fd));
    operation.result = -ECANCELED;
    ended_.push(operation);
}

// The rest of what was sent in part is sent by calls, and waits for an edge when there is no room.
void UringDriver::on_sent(const io_uring_cqe& completion, EventTag tag) noexcept {
    Descriptor& descriptor = *table_.find(static_cast<int>(tag.index));
    RONDO_ASSERT(descriptor.writer != nullptr && descriptor.writer->kind == OperationKind::send_all,
                 "a completion for a send that ended");
    Operation& operation = *descriptor.writer;
    const int result = completion.res;
    operation.flags &= static_cast<std::uint8_t>(~operation_lent);
    operation.moved = result > 0 ? static_cast<std::uint32_t>(result) : 0;
    if (result >= 0 && operation.moved == operation.size) {
        operation.result = static_cast<std::int32_t>(operation.size);
    } else if (operation.state == OperationState::cancel_asked) {
        operation.result = -ECANCELED;
    } else if (result < 0 && result != -EAGAIN && result != -EINTR) {
        operation.result = result;
    } else if (!try_again<Way::out>(operation, descriptor)) {
        return;
    }
    descriptor.writer = nullptr;
    finish(operation);
}

}  // namespace rondo::detail
