// SPDX-License-Identifier: Apache-2.0
/// Operations on paths, and descriptors that are only held.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/loop/await_operation.hpp"

namespace rondo::os::detail {

/// An operation on a path that outlives it, relative to the directory `at`.
inline AwaitOperation path_call(OperationKind kind, const std::string& path,
                                std::uint32_t number = 0, std::uint64_t offset = 0,
                                int at = at_working_directory) noexcept {
    return {kind, at, const_cast<char*>(path.c_str()), number, offset};
}

inline std::uint64_t offset_of(const void* address) noexcept {
    return reinterpret_cast<std::uintptr_t>(address);
}

/// Throws for a path that the system would not get whole.
void check_path(std::string_view operation, std::string_view path);

/// A descriptor of the loop's, closed with it.
class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor();
    int get() const noexcept { return fd_; }

private:
    int fd_;
};

/// `path` without its last name: "." for a name alone.
std::string directory_of(std::string_view path);
/// "TMPDIR", or else "/tmp", for "".
std::string temporary_base(std::string_view within);
/// Letters and digits that nobody guesses.
std::string drawn_name();

}  // namespace rondo::os::detail
