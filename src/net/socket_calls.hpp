// SPDX-License-Identifier: Apache-2.0
/// What streams and listeners share.
#pragma once

#include <string_view>

#include "rondo/net/address.hpp"

namespace rondo::net::detail {

/// Closes `fd` through the running loop's driver. Requires: a loop runs on this thread.
void close_socket(int fd) noexcept;

/// The socket's own or its peer's address. Throws Error.
Address address_of(int fd, bool peer);

/// The same for error messages: empty when it is not known.
std::string try_name(int fd, bool peer);

/// Small writes are sent at once. Failing is of no consequence.
void set_no_delay(int fd, bool on) noexcept;

}  // namespace rondo::net::detail
