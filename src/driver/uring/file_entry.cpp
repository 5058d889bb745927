// SPDX-License-Identifier: Apache-2.0
#include "driver/uring/file_entry.hpp"

#include "driver/file_calls.hpp"
#include "driver/uring/constants.hpp"

namespace rondo::detail {

int file_opcode(OperationKind kind) noexcept {
    switch (kind) {
        case OperationKind::open: return IORING_OP_OPENAT;
        case OperationKind::sync: return IORING_OP_FSYNC;
        case OperationKind::stat: return IORING_OP_STATX;
        case OperationKind::rename: return IORING_OP_RENAMEAT;
        case OperationKind::unlink: return IORING_OP_UNLINKAT;
        case OperationKind::make_directory: return IORING_OP_MKDIRAT;
        case OperationKind::make_link: return IORING_OP_SYMLINKAT;
        case OperationKind::allocate: return IORING_OP_FALLOCATE;
        case OperationKind::truncate: return rondo_op_ftruncate;
        default: return -1;
    }
}

void fill_file_entry(io_uring_sqe& entry, const Operation& operation) noexcept {
    entry.opcode = static_cast<__u8>(file_opcode(operation.kind));
    entry.fd = operation.fd;
    entry.addr = reinterpret_cast<std::uintptr_t>(operation.data);
    switch (operation.kind) {
        case OperationKind::open:
            entry.len = operation.size;
            entry.open_flags = static_cast<__u32>(opening_flags(operation));
            break;
        case OperationKind::sync:
            entry.fsync_flags = operation.size != 0 ? IORING_FSYNC_DATASYNC : 0;
            break;
        case OperationKind::stat:
            entry.off = operation.offset;
            entry.len = stat_mask();
            entry.statx_flags = static_cast<__u32>(stat_flags(operation));
            break;
        case OperationKind::rename:
            entry.off = operation.offset;
            entry.len = static_cast<__u32>(operation.fd);
            entry.rename_flags = rename_flags(operation);
            break;
        case OperationKind::unlink:
            entry.unlink_flags = static_cast<__u32>(unlink_flags(operation));
            break;
        case OperationKind::make_directory: entry.len = operation.size; break;
        case OperationKind::allocate: entry.addr = operation.offset; break;
        default: entry.off = operation.offset; break;
    }
}

}  // namespace rondo::detail
