// SPDX-License-Identifier: Apache-2.0
//
// Level-triggered epoll. All connections read into one buffer, which stays in the cache. A write
// that is cut short hands that buffer to its connection, which then waits for room and reads
// nothing more until all is sent: one send in flight, and back-pressure.
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor.h"

enum { events_per_wait = 1024 };

struct connection {
    char* rest;  // what a short write left, in a buffer of its own
    size_t size;
    size_t sent;
    bool listens;
};

struct floor_server {
    int epoll;
    char* buffer;
    struct connection* connections;  // by descriptor
    size_t echoed;
};

static void watch(const struct floor_server* server, int how, int fd, unsigned events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(server->epoll, how, fd, &event) != 0) {
        floor_fail("epoll_ctl", errno);
    }
}

static struct floor_server* open_server(void) {
    struct floor_server* const server = floor_allocate(1, sizeof *server);
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0) {
        floor_fail("epoll_create1", errno);
    }
    server->buffer = floor_allocate(1, floor_buffer_size);
    server->connections = floor_allocate(floor_descriptors(), sizeof *server->connections);
    return server;
}

static void add(struct floor_server* server, int fd) {
    server->connections[fd] = (struct connection){.rest = NULL};
    watch(server, EPOLL_CTL_ADD, fd, EPOLLIN);
}

static void listen_on(struct floor_server* server, int fd) {
    add(server, fd);
    server->connections[fd].listens = true;
}

static void accept_from(struct floor_server* server, int listener) {
    const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        floor_set_no_delay(fd);
        add(server, fd);
    }
}

static void drop(struct floor_server* server, int fd) {
    free(server->connections[fd].rest);
    server->connections[fd].rest = NULL;
    close(fd);
}

/// How many bytes were sent: fewer than `size` when there is no more room, < 0 on an error.
static ssize_t send_some(int fd, const char* bytes, size_t size) {
    size_t sent = 0;
    while (sent < size) {
        const ssize_t result = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (result >= 0) {
            sent += (size_t)result;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return (ssize_t)sent;
}

static void on_readable(struct floor_server* server, int fd) {
    const ssize_t got = recv(fd, server->buffer, floor_buffer_size, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    const ssize_t sent = got <= 0 ? -1 : send_some(fd, server->buffer, (size_t)got);
    if (sent < 0) {
        drop(server, fd);
        return;
    }
    server->echoed += (size_t)sent;
    if (sent < got) {
        struct connection* const to = &server->connections[fd];
        to->rest = server->buffer;
        to->size = (size_t)got;
        to->sent = (size_t)sent;
        server->buffer = floor_allocate(1, floor_buffer_size);
        watch(server, EPOLL_CTL_MOD, fd, EPOLLOUT);
    }
}

static void on_writable(struct floor_server* server, int fd) {
    struct connection* const to = &server->connections[fd];
    const ssize_t sent = send_some(fd, to->rest + to->sent, to->size - to->sent);
    if (sent < 0) {
        drop(server, fd);
        return;
    }
    server->echoed += (size_t)sent;
    to->sent += (size_t)sent;
    if (to->sent == to->size) {
        free(to->rest);
        to->rest = NULL;
        watch(server, EPOLL_CTL_MOD, fd, EPOLLIN);
    }
}

static void turn(struct floor_server* server) {
    struct epoll_event events[events_per_wait];
    const int count = epoll_wait(server->epoll, events, events_per_wait, -1);
    if (count < 0 && errno != EINTR) {
        floor_fail("epoll_wait", errno);
    }
    for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        const struct connection* const to = &server->connections[fd];
        if (to->listens) {
            accept_from(server, fd);
        } else if (to->rest != NULL) {
            on_writable(server, fd);
        } else {
            on_readable(server, fd);
        }
    }
}

static size_t echoed(const struct floor_server* server) { return server->echoed; }

static void release(struct floor_server* server) {
    for (size_t fd = 0; fd < floor_descriptors(); ++fd) {
        free(server->connections[fd].rest);
    }
    free(server->connections);
    free(server->buffer);
    close(server->epoll);
    free(server);
}

const struct floor_kind epoll_floor = {"c-epoll", open_server, listen_on, add,
                                       turn,      echoed,      release};
