// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace rondo::detail {

/// "Terminated" for SIGTERM; null for what is no signal. Thread-safe.
const char* signal_description(int signal) noexcept;

}  // namespace rondo::detail
