// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/unix_address.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "rondo/base/error.hpp"

namespace rondo::net {
namespace {

constexpr std::size_t header = offsetof(sockaddr_un, sun_path);

void check(std::string_view text, std::string_view forbidden) {
    if (text.empty() || text.size() > UnixAddress::length_max) {
        throw Error(Errc::invalid, "address", text, "a Unix name has 1 to 107 bytes");
    }
    if (text.find_first_of(forbidden) != text.npos) {
        throw Error(Errc::invalid, "address", text, "a path without a zero is wanted");
    }
}

}  // namespace

UnixAddress::UnixAddress() noexcept : size_(header) {
    const sa_family_t family = AF_UNIX;
    static_assert(offsetof(sockaddr_un, sun_family) == 0);
    static_assert(header + length_max + 1 <= capacity);
    std::memcpy(bytes_, &family, sizeof family);
}

UnixAddress UnixAddress::path(std::string_view path) {
    check(path, std::string_view("\0", 1));
    UnixAddress result;
    std::memcpy(result.bytes_ + header, path.data(), path.size());
    result.size_ = static_cast<std::uint32_t>(header + path.size() + 1);
    return result;
}

UnixAddress UnixAddress::abstract(std::string_view name) {
    check(name, "");
    UnixAddress result;
    std::memcpy(result.bytes_ + header + 1, name.data(), name.size());
    result.size_ = static_cast<std::uint32_t>(header + 1 + name.size());
    return result;
}

std::optional<UnixAddress> UnixAddress::from(const sockaddr* address,
                                             std::uint32_t length) noexcept {
    if (length < sizeof(sa_family_t) || address->sa_family != AF_UNIX) {
        return std::nullopt;
    }
    UnixAddress result;
    const std::size_t size = std::min<std::size_t>(length, header + length_max + 1);
    std::memcpy(result.bytes_, address, size);
    result.size_ = static_cast<std::uint32_t>(std::max(size, header));
    return result;
}

bool UnixAddress::is_unnamed() const noexcept { return size_ <= header; }

bool UnixAddress::is_abstract() const noexcept {
    return !is_unnamed() && bytes_[header] == std::byte{0};
}

bool UnixAddress::is_path() const noexcept { return !is_unnamed() && !is_abstract(); }

const char* UnixAddress::file() const noexcept {
    return reinterpret_cast<const char*>(bytes_) + header;
}

std::string_view UnixAddress::name() const noexcept {
    const std::string_view all(file(), size_ - header);
    return is_abstract() ? all.substr(1) : all.substr(0, all.find('\0'));
}

std::string UnixAddress::to_string() const {
    if (is_unnamed()) {
        return "an unnamed socket";
    }
    return (is_abstract() ? "@" : "") + std::string(name());
}

}  // namespace rondo::net
