// SPDX-License-Identifier: Apache-2.0
/// Checks that stay on in release builds: a broken precondition stops the program with a message.
#pragma once

namespace rondo::detail {

/// Prints `kind`, the message and the place to stderr and aborts.
[[noreturn]] void fail(const char* kind, const char* message, const char* file, int line) noexcept;

}  // namespace rondo::detail

/// The caller broke a precondition.
#define RONDO_REQUIRE(condition, message)                                 \
    do {                                                                  \
        if (!(condition)) [[unlikely]] {                                  \
            ::rondo::detail::fail("misuse", message, __FILE__, __LINE__); \
        }                                                                 \
    } while (false)

/// Rondo broke an invariant of its own.
#define RONDO_ASSERT(condition, message)                                        \
    do {                                                                        \
        if (!(condition)) [[unlikely]] {                                        \
            ::rondo::detail::fail("bug in rondo", message, __FILE__, __LINE__); \
        }                                                                       \
    } while (false)
