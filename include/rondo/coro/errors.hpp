// SPDX-License-Identifier: Apache-2.0
/// Errors that came second.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace rondo {

/// In a handler: the errors that were held back for the exception being handled, at every level it
/// passed, in order of occurrence. A gather, race, group or finally throws its first failure itself
/// and keeps the others here; what nobody reads is reported on stderr, at the latest when run()
/// ends, or for run_on_all_cores() when the thread does.
std::vector<std::exception_ptr> suppressed_errors();

/// "std::runtime_error: message", for messages to people.
std::string describe(const std::exception_ptr& error);

namespace detail {

using SuppressedErrors = std::vector<std::exception_ptr>;

/// Throws `first`, and keeps `others` for suppressed_errors().
[[noreturn]] void throw_with_suppressed(std::exception_ptr first, SuppressedErrors others);

/// Writes "rondo: <where>: <error>" to stderr.
void report_error(std::string_view where, const std::exception_ptr& error) noexcept;

/// Reports what is still unread; called when a loop ends.
void report_unread_errors() noexcept;

}  // namespace detail
}  // namespace rondo
