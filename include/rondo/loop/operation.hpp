// SPDX-License-Identifier: Apache-2.0
/// Every request a driver can get, as plain data.
#pragma once

#include <cstdint>

namespace rondo {

/// What an Operation asks for.
///
/// *Readiness kinds* are non-blocking system calls which the driver makes itself, when the
/// descriptor is ready: the kernel never holds a pointer of ours while one waits, so cancelling one
/// is local and exact. (io_uring may make a batch of send_all later: cancelled meanwhile, one was
/// sent or was not, and its result says which.) *Completion kinds* belong to the kernel (or to a
/// pool thread) until they end, and a cancelled one may still end with its value.
enum class OperationKind : std::uint8_t {
    // Readiness kinds; the descriptor must be a non-blocking socket.
    accept,           ///< result: the new descriptor, non-blocking and close-on-exec; data, size:
                      ///< room for the peer's sockaddr, or none; moved: its length
    connect,          ///< data: sockaddr, size: its length; result: 0
    receive,          ///< data, size: buffer; result: bytes, 0 at end of stream
    receive_leased,   ///< result: bytes; data: a buffer of the driver's, see Driver::give_back
    send_all,         ///< data, size: bytes; result: size. `moved` is exact even when it fails
    receive_message,  ///< data: msghdr*, as recvmsg(2) has it; result: bytes. See message_lease
    send_message,     ///< data: msghdr*, as sendmsg(2) has it; result: bytes, may be short
    send_vector,      ///< data, size: an array of Bytes, their number; result: bytes. `moved` too
    send_file,  ///< data: an int, the file; offset, size: its bytes; result: bytes, less at its end
    poll,       ///< size: POLLIN and/or POLLOUT wanted; result: revents. One shot, level
    // Kinds that end inside submit.
    shutdown,  ///< size: SHUT_RD, SHUT_WR or SHUT_RDWR; result: 0
    close,     ///< result: 0. Requires: no other operation in flight on the descriptor
    // Completion kinds, on any descriptor: files, pipes, terminals. What has no position wants
    // current_position, and one reader and one writer at a time.
    read,   ///< data, size, offset (or current_position); result: bytes, 0 at the end
    write,  ///< data, size, offset (or current_position); result: bytes, may be short
    // Completion kinds of files. Paths end with NUL; a relative one begins at `fd`, a directory, or
    // at the working directory when fd is at_working_directory. Result 0 where nothing else is
    // said.
    open,            ///< data: path, offset: O_ flags, size: mode; result: the new descriptor,
                     ///< close-on-exec; moved: 1 when it has positions (no pipe, no terminal)
    sync,            ///< size: 1 for the bytes only, without times
    stat,            ///< data: path ("": fd itself), offset: address of a struct statx,
                     ///< size: 1 for a symbolic link itself
    rename,          ///< data: from, offset: address of the path to, size: 1 to replace nothing
    unlink,          ///< data: path, size: 1 for a directory
    make_directory,  ///< data: path, size: mode
    make_link,       ///< data: what the symbolic link says, offset: address of its path
    read_link,       ///< data: path, offset: address of a buffer, size: its; result: bytes
    list,            ///< data, size: buffer for struct linux_dirent64; result: bytes, 0 at the end
    truncate,        ///< offset: the length
    allocate,        ///< offset: reserves space for that many bytes, and grows the file to them
    set_mode,        ///< size: permission bits
    copy,            ///< offset: of both files, size: bytes, data: address of the int that is the
                     ///< descriptor to copy to; result: bytes, 0 at the end
};
static_assert(static_cast<int>(OperationKind::copy) < 64);

/// Operation::fd: relative paths begin at the working directory.
inline constexpr int at_working_directory = -100;

/// Operation::offset of a read or write: the descriptor's own position, or none, as with a stream.
inline constexpr std::uint64_t current_position = ~std::uint64_t{0};

/// Operation::size of the message kinds: 0, or both added.
///
/// `message_try`: what would block ends with -EAGAIN instead of waiting. `message_lease`, of
/// receive_message: the one part of the message, whose base is null, is a buffer of the driver's
/// when it ended with a result > 0, see Driver::give_back; else it is null again.
inline constexpr std::uint32_t message_try = 1;
inline constexpr std::uint32_t message_lease = 2;

/// Where an Operation stands. The awaiter may touch every field in `idle` and `done`; in the other
/// states it may only call Driver::cancel.
///
///     idle ──submit──► done                          (ended inside)
///       └────submit──► in_flight ──wait──► done      (ready() called)
///                        │   └─────wait──► runnable  (ready() called) ──perform──► done or
///                        in_flight └──cancel──► cancel_asked ──wait or perform──► done
enum class OperationState : std::uint8_t { idle, in_flight, runnable, cancel_asked, done };

/// One request to a Driver: plain data, embedded in its awaiter, never moved while in flight.
///
/// Lifetime: `data` and the operation itself are borrowed until the state is `done`.
struct Operation {
    Operation* next = nullptr;  ///< the driver's link while in flight; the loop's after ready()
    void (*ready)(Operation&) noexcept = nullptr;  ///< set before submit; only queues, see Driver
    void* data = nullptr;
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t moved = 0;  ///< bytes sent so far; valid with any result
    std::int32_t fd = -1;
    std::int32_t result = 0;  ///< >= 0: the value; < 0: -errno. Valid in state done
    std::uint32_t slot = 0;   ///< the driver's
    OperationKind kind = OperationKind::poll;
    OperationState state = OperationState::idle;
    std::uint8_t flags = 0;  ///< the driver's
    /// read: 1 when what the system has cached may be had inside submit. accept without `data`: 1
    /// when the kernel may have it beside others, see Driver::accepts_beside.
    std::uint8_t hint = 0;

    Operation() = default;
    Operation(OperationKind what, int descriptor) noexcept : fd(descriptor), kind(what) {}
};
static_assert(sizeof(Operation) == 56);

}  // namespace rondo
