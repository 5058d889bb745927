// SPDX-License-Identifier: Apache-2.0
/// Names of Unix sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace rondo::net {

/// Where a Unix socket is found: at a path of the file system, or under an abstract name, which no
/// file stands for and which is gone with its socket. A value: copied freely, compared by ==.
class UnixAddress {
public:
    static constexpr std::size_t length_max = 107;  ///< bytes of a path or a name

    /// Of a socket that has none, as most clients.
    UnixAddress() noexcept;

    /// Errors: Error (invalid) when it is empty, too long, or contains a zero.
    static UnixAddress path(std::string_view path);
    /// Errors: Error (invalid) when it is empty or too long.
    static UnixAddress abstract(std::string_view name);
    /// As the system has it; empty when it is no Unix address.
    static std::optional<UnixAddress> from(const sockaddr* address, std::uint32_t length) noexcept;

    bool is_path() const noexcept;
    bool is_abstract() const noexcept;
    bool is_unnamed() const noexcept;
    /// The path or the abstract name.
    std::string_view name() const noexcept;
    /// "/run/x.sock", "@name", "an unnamed socket".
    std::string to_string() const;

    // For system calls.
    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(bytes_); }
    std::uint32_t size() const noexcept { return size_; }
    /// Ends with a zero. Requires: is_path().
    const char* file() const noexcept;

    friend bool operator==(const UnixAddress& a, const UnixAddress& b) noexcept {
        return a.is_abstract() == b.is_abstract() && a.name() == b.name();
    }

private:
    static constexpr std::size_t capacity = 112;

    alignas(8) std::byte bytes_[capacity] = {};
    std::uint32_t size_ = 0;
};

}  // namespace rondo::net
