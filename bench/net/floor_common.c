// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "floor.h"

void floor_fail(const char* what, int error) {
    fprintf(stderr, "%s: %s\n", what, strerror(error));
    exit(1);
}

void* floor_allocate(size_t count, size_t size) {
    void* const block = calloc(count, size);
    if (block == NULL) {
        floor_fail("calloc", ENOMEM);
    }
    return block;
}

size_t floor_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 1 << 20) {
        return 1 << 20;
    }
    return (size_t)limit.rlim_cur;
}

void floor_set_no_delay(int fd) {
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}
