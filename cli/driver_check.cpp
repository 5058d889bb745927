// SPDX-License-Identifier: Apache-2.0
#include "driver_check.hpp"

#include <rondo/rondo.hpp>

namespace rondo::cli {

void require_network_driver() {
    if (probe_drivers(DriverOptions{}).chosen == DriverKind::sim) {
        throw Error(Errc::not_supported, "RONDO_DRIVER", "sim",
                    "the simulation has no real network; use uring, epoll or auto");
    }
}

}  // namespace rondo::cli
