// SPDX-License-Identifier: Apache-2.0
/// The failures of the world, as exceptions: what failed, on what, why.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace rondo {

/// Why an operation failed, by what the caller can do about it.
enum class Errc : std::uint8_t {
    cancelled,      ///< it was asked to end before it had an effect
    timed_out,      ///< a deadline passed; try again or give up
    refused,        ///< nobody listens there
    unreachable,    ///< no route to the host or network
    reset,          ///< the peer broke the connection
    closed,         ///< the object is closed, or its peer reads no more
    busy,           ///< another operation of this direction is in flight on the object
    in_use,         ///< the address is taken
    exists,         ///< something has that name already, or is in that directory
    not_found,      ///< no such file, host or device
    no_permission,  ///< the system forbids it
    exhausted,      ///< descriptors, memory or buffers ran out; release some, then try again
    invalid,        ///< the request itself is wrong
    not_supported,  ///< this system, driver or build cannot do it
    protocol,       ///< the peer broke the rules of the protocol
    unexpected,     ///< any other errno; see Error::os_error()
};

/// "timed_out" for Errc::timed_out.
std::string_view to_string(Errc code) noexcept;

/// Maps an errno value. The one place where the two meet.
Errc errc_of(int os_error) noexcept;

/// A failure of the world. what() reads "connect 10.0.0.1:80: Connection refused".
class Error : public std::exception {
public:
    /// `operation` on `object` failed with errno `os_error` (> 0).
    Error(std::string_view operation, std::string_view object, int os_error);
    /// ... failed for a reason that has no errno; `why` says it.
    Error(Errc code, std::string_view operation, std::string_view object, std::string_view why);

    const char* what() const noexcept override { return what_.c_str(); }
    Errc code() const noexcept { return code_; }
    /// The errno, or 0.
    int os_error() const noexcept { return os_error_; }
    const std::string& operation() const noexcept { return operation_; }
    const std::string& object() const noexcept { return object_; }

private:
    std::string operation_;
    std::string object_;
    std::string what_;
    int os_error_ = 0;
    Errc code_;
};

/// A deadline of timeout() or timeout_at() passed.
class TimeoutError : public Error {
public:
    TimeoutError();
};

}  // namespace rondo
