// SPDX-License-Identifier: Apache-2.0
/// An echo server by hand: what the kernel costs, and nothing else. Rondo is measured against the
/// cheaper of two, one on epoll and one on io_uring.
///
/// One thread uses a server, the one that opened it. What the system refuses at start-up ends the
/// program; a connection that fails is closed.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct floor_server;

struct floor_kind {
    const char* name;
    struct floor_server* (*open)(void);
    /// Accepts connections from `fd`, a listening, non-blocking socket.
    void (*listen)(struct floor_server* server, int fd);
    /// Serves `fd`, a connected, non-blocking socket, and closes it at its end.
    void (*add)(struct floor_server* server, int fd);
    /// Waits for events and handles them.
    void (*turn)(struct floor_server* server);
    /// Bytes sent back so far.
    size_t (*echoed)(const struct floor_server* server);
    /// Frees the server between two turns; its sockets stay open.
    void (*release)(struct floor_server* server);
};

extern const struct floor_kind epoll_floor;
extern const struct floor_kind uring_floor;

/// Most that one receive takes, for all servers.
enum { floor_buffer_size = 256 * 1024 };

/// Ends the program: `what` failed with `error`, an errno.
__attribute__((noreturn)) void floor_fail(const char* what, int error);

/// A zeroed block, or the end of the program.
void* floor_allocate(size_t count, size_t size);

/// Descriptors this process may have; a table by descriptor has as many entries.
size_t floor_descriptors(void);

/// Small writes are sent at once.
void floor_set_no_delay(int fd);

#ifdef __cplusplus
}
#endif
