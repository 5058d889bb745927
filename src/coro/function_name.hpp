// SPDX-License-Identifier: Apache-2.0
/// What people call a function, from what its compiler calls it.
#pragma once

#include <source_location>
#include <string>
#include <string_view>

namespace rondo::detail {

/// The qualified name in a std::source_location's function_name(): without return type, parameters
/// and template explanation; a lambda is "outer::{lambda}".
std::string short_function_name(std::string_view pretty);

/// "fetch (client.cpp:42)"
std::string describe_place(const std::source_location& place);

/// True for the coroutines that Rondo itself puts around what a user gave it.
bool is_internal(const std::source_location& place) noexcept;

}  // namespace rondo::detail
