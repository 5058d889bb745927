// SPDX-License-Identifier: Apache-2.0
// Names of functions, as any compiler may write them.
#include "coro/function_name.hpp"

#include "fuzz/target.hpp"

namespace rondo::test {

void try_input(std::string_view input) {
    const std::string name = detail::short_function_name(input);
    RONDO_ASSERT(name.size() <= input.size() + input.size() / 2,
                 "it is not longer than what it is of");
}

}  // namespace rondo::test
