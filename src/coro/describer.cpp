// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/describer.hpp"

#include <array>
#include <cstdio>
#include <utility>

namespace rondo::detail {

Describer& Describer::add_object(const char* name, const void* object) {
    if (name != nullptr) {
        return add(" \"").add(name).add("\"");
    }
    std::array<char, 32> address{};
    std::snprintf(address.data(), address.size(), " at %p", object);
    return add(address.data());
}

std::string Describer::take() noexcept { return std::exchange(text_, {}); }

}  // namespace rondo::detail
