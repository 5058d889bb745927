// SPDX-License-Identifier: Apache-2.0
// Where libFuzzer, or the replay, calls the target.
#include <exception>

#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        rondo::test::try_input({reinterpret_cast<const char*>(data), size});
    } catch (const std::exception& error) {
        RONDO_ASSERT(false, error.what());
    }
    return 0;
}
