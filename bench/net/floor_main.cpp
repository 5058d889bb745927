// SPDX-License-Identifier: Apache-2.0
// The floors as programs: floor_echo epoll|uring. Prints its port.
#include <cstdio>
#include <string_view>

#include "floor.h"
#include "sockets.hpp"

int main(int argc, char** argv) {
    const std::string_view which = argc == 2 ? argv[1] : "";
    if (which != "epoll" && which != "uring") {
        std::fprintf(stderr, "usage: %s epoll|uring\n", argv[0]);
        return 1;
    }
    const floor_kind& kind = which == "epoll" ? epoll_floor : uring_floor;
    const int listener = bench::listen_on_loopback(SOCK_NONBLOCK);
    bench::announce(bench::port_of(listener));
    floor_server* const server = kind.open();
    kind.listen(server, listener);
    for (;;) {
        kind.turn(server);
    }
}
