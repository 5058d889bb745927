// SPDX-License-Identifier: Apache-2.0
/// What the behaviours of TCP are made of.
#pragma once

#include <string>

#include "conformance/over_streams.hpp"

namespace rondo::test {

/// Writes until that fails, and gives the error: the first writes to a peer that is gone succeed,
/// for its answer has yet to come.
inline Task<std::string> error_of_writing(TcpStream& stream) {
    std::string seen = "done";
    for (int tries = 0; seen == "done" && tries < 1000; ++tries) {
        seen = co_await outcome_of_write(stream);
        co_await sleep(100us);
    }
    co_return seen;
}

}  // namespace rondo::test
