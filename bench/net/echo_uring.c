// SPDX-License-Identifier: Apache-2.0
//
// io_uring as its authors advise: one multishot receive per connection into a ring of buffers that
// all share, and sends as entries, submitted with the wait. A connection queues what it received
// and has one send in flight; a buffer goes back to the ring when all of it is sent.
//
// When the ring has run dry a multishot receive ends with ENOBUFS; it is armed again once buffers
// have come back. No connection is held to a share of them: a client that never reads what it gets
// could take all. A library must not do so; a floor may.
#include <errno.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor.h"

enum { submissions = 4096, completions = 16384, none = -1 };

enum source { accepted = 1, received, sent };

struct connection {
    int first;  // buffers to send, linked by next[]; none: nothing is sent
    int last;
    size_t offset;  // of the first one, sent already
    bool open;
    bool receiving;
    bool ended;    // no more to receive
    bool failed;   // nothing more to send
    bool starved;  // waits for buffers
};

struct floor_server {
    struct io_uring ring;
    struct io_uring_buf_ring* pool;
    char* memory;
    int buffers;
    int free_buffers;
    int* next;                       // by buffer
    unsigned* sizes;                 // by buffer
    struct connection* connections;  // by descriptor
    int* starved;                    // descriptors
    size_t starved_count;
    size_t echoed;
};

static void* map(size_t size) {
    void* const memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (memory == MAP_FAILED) {
        floor_fail("mmap", errno);
    }
    return memory;
}

static void give_back(struct floor_server* server, int buffer) {
    io_uring_buf_ring_add(server->pool, server->memory + (size_t)buffer * floor_buffer_size,
                          floor_buffer_size, (unsigned short)buffer,
                          io_uring_buf_ring_mask((unsigned)server->buffers), 0);
    io_uring_buf_ring_advance(server->pool, 1);
    ++server->free_buffers;
}

static int buffers_wanted(void) {
    const char* const text = getenv("ECHO_URING_BUFFERS");
    const long wanted = text != NULL ? strtol(text, NULL, 10) : 0;
    return wanted >= 1 && wanted <= 32768 && (wanted & (wanted - 1)) == 0 ? (int)wanted : 128;
}

static void open_pool(struct floor_server* server) {
    server->buffers = buffers_wanted();
    const size_t count = (size_t)server->buffers;
    server->memory = map(count * floor_buffer_size);
    server->pool = map(count * sizeof(struct io_uring_buf));
    server->next = floor_allocate(count, sizeof *server->next);
    server->sizes = floor_allocate(count, sizeof *server->sizes);
    struct io_uring_buf_reg registration = {
        .ring_addr = (uintptr_t)server->pool,
        .ring_entries = (unsigned)count,
    };
    const int error = io_uring_register_buf_ring(&server->ring, &registration, 0);
    if (error != 0) {
        floor_fail("io_uring_register_buf_ring", -error);
    }
    io_uring_buf_ring_init(server->pool);
    for (int buffer = 0; buffer < server->buffers; ++buffer) {
        give_back(server, buffer);
    }
}

static struct floor_server* open_server(void) {
    struct floor_server* const server = floor_allocate(1, sizeof *server);
    struct io_uring_params parameters = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
        .cq_entries = completions,
    };
    const int error = io_uring_queue_init_params(submissions, &server->ring, &parameters);
    if (error != 0) {
        floor_fail("io_uring_queue_init", -error);
    }
    io_uring_register_ring_fd(&server->ring);
    open_pool(server);
    server->connections = floor_allocate(floor_descriptors(), sizeof *server->connections);
    server->starved = floor_allocate(floor_descriptors(), sizeof *server->starved);
    return server;
}

static struct io_uring_sqe* next_entry(struct floor_server* server) {
    struct io_uring_sqe* entry = io_uring_get_sqe(&server->ring);
    while (entry == NULL) {
        io_uring_submit(&server->ring);
        entry = io_uring_get_sqe(&server->ring);
    }
    return entry;
}

static void set_tag(struct io_uring_sqe* entry, enum source source, int fd) {
    entry->user_data = (uint64_t)source << 32 | (uint32_t)fd;
}

static void receive(struct floor_server* server, int fd) {
    struct io_uring_sqe* const entry = next_entry(server);
    io_uring_prep_recv_multishot(entry, fd, NULL, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = 0;
    set_tag(entry, received, fd);
    server->connections[fd].receiving = true;
}

static void send_first(struct floor_server* server, int fd) {
    const struct connection* const to = &server->connections[fd];
    const char* const bytes = server->memory + (size_t)to->first * floor_buffer_size + to->offset;
    struct io_uring_sqe* const entry = next_entry(server);
    io_uring_prep_send(entry, fd, bytes, server->sizes[to->first] - to->offset,
                       MSG_NOSIGNAL | MSG_WAITALL);
    set_tag(entry, sent, fd);
}

static void add(struct floor_server* server, int fd) {
    server->connections[fd] = (struct connection){.first = none, .last = none, .open = true};
    receive(server, fd);
}

static void accept_from(struct floor_server* server, int listener) {
    struct io_uring_sqe* const entry = next_entry(server);
    io_uring_prep_multishot_accept(entry, listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    set_tag(entry, accepted, listener);
}

static void drop_first(struct floor_server* server, struct connection* of) {
    const int buffer = of->first;
    of->first = server->next[buffer];
    of->offset = 0;
    give_back(server, buffer);
}

static void close_if_done(struct floor_server* server, int fd) {
    struct connection* const to = &server->connections[fd];
    if (to->open && to->ended && !to->receiving && to->first == none) {
        to->open = false;
        close(fd);
    }
}

static void on_received(struct floor_server* server, int fd, const struct io_uring_cqe* event) {
    struct connection* const to = &server->connections[fd];
    to->receiving = (event->flags & IORING_CQE_F_MORE) != 0;
    if (event->res > 0) {
        const int buffer = (int)(event->flags >> IORING_CQE_BUFFER_SHIFT);
        --server->free_buffers;
        if (to->failed) {
            give_back(server, buffer);
        } else {
            server->sizes[buffer] = (unsigned)event->res;
            server->next[buffer] = none;
            if (to->first == none) {
                to->first = to->last = buffer;
                send_first(server, fd);
            } else {
                server->next[to->last] = buffer;
                to->last = buffer;
            }
        }
    } else if (event->res != -ENOBUFS) {
        to->ended = true;
    } else if (!to->starved) {
        to->starved = true;
        server->starved[server->starved_count++] = fd;
    }
    if (!to->receiving && !to->ended && !to->starved) {
        receive(server, fd);
    }
    close_if_done(server, fd);
}

static void on_sent(struct floor_server* server, int fd, int result) {
    struct connection* const to = &server->connections[fd];
    if (result < 0) {
        to->failed = true;
        while (to->first != none) {
            drop_first(server, to);
        }
        shutdown(fd, SHUT_RDWR);  // ends the receive
    } else {
        server->echoed += (size_t)result;
        to->offset += (size_t)result;
        if (to->offset == server->sizes[to->first]) {
            drop_first(server, to);
        }
        if (to->first != none) {
            send_first(server, fd);
        }
    }
    close_if_done(server, fd);
}

static void feed_starved(struct floor_server* server) {
    int free_buffers = server->free_buffers;
    if (server->starved_count == 0 || free_buffers < server->buffers / 4) {
        return;
    }
    while (server->starved_count > 0 && free_buffers-- > 0) {
        const int fd = server->starved[--server->starved_count];
        server->connections[fd].starved = false;
        receive(server, fd);
    }
}

static void turn(struct floor_server* server) {
    const int result = io_uring_submit_and_wait(&server->ring, 1);
    if (result < 0 && result != -EINTR && result != -EBUSY) {
        floor_fail("io_uring_submit_and_wait", -result);
    }
    struct io_uring_cqe* event;
    unsigned head;
    unsigned count = 0;
    io_uring_for_each_cqe(&server->ring, head, event) {
        const int fd = (int)(uint32_t)event->user_data;
        switch ((enum source)(event->user_data >> 32)) {
            case received: on_received(server, fd, event); break;
            case sent: on_sent(server, fd, event->res); break;
            case accepted:
                if (event->res >= 0) {
                    floor_set_no_delay(event->res);
                    add(server, event->res);
                }
                if ((event->flags & IORING_CQE_F_MORE) == 0) {
                    accept_from(server, fd);
                }
                break;
        }
        ++count;
    }
    io_uring_cq_advance(&server->ring, count);
    feed_starved(server);
}

static size_t echoed(const struct floor_server* server) { return server->echoed; }

static void release(struct floor_server* server) {
    io_uring_queue_exit(&server->ring);
    const size_t count = (size_t)server->buffers;
    munmap(server->pool, count * sizeof(struct io_uring_buf));
    munmap(server->memory, count * floor_buffer_size);
    free(server->next);
    free(server->sizes);
    free(server->connections);
    free(server->starved);
    free(server);
}

const struct floor_kind uring_floor = {"c-uring", open_server, accept_from, add,
                                       turn,      echoed,      release};
