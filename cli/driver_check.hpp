// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace rondo::cli {

/// Errors: Error when RONDO_DRIVER names no driver, or the simulation, which has no real network.
void require_network_driver();

}  // namespace rondo::cli
