// SPDX-License-Identifier: Apache-2.0
/// Names for Unix sockets that no other process has.
#pragma once

#include <unistd.h>

#include <string>

#include "rondo/net/unix_address.hpp"

namespace rondo::test {

using net::UnixAddress;

inline std::string fresh_name() {
    static int count = 0;
    return "rondo-test-" + std::to_string(getpid()) + "-" + std::to_string(++count);
}

inline UnixAddress fresh_path() { return UnixAddress::path("/tmp/" + fresh_name()); }
inline UnixAddress fresh_abstract() { return UnixAddress::abstract(fresh_name()); }

}  // namespace rondo::test
