// SPDX-License-Identifier: Apache-2.0
#include "base/small_file.hpp"

#include <fcntl.h>
#include <net/if.h>  // tidy: layers: a header of the system, not of the module
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace rondo::detail {
namespace {

constexpr std::size_t size_max = 16 << 20;

class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { ::close(fd_); }
    int fd() const noexcept { return fd_; }

private:
    int fd_;
};

bool read_all(int fd, std::string& text) {
    char part[4096];
    for (;;) {
        const ssize_t got = ::read(fd, part, sizeof part);
        if (got == 0) {
            return true;
        }
        if (got < 0 && errno != EINTR) {
            return false;
        }
        if (got > 0) {
            text.append(part, static_cast<std::size_t>(got));
        }
        if (text.size() > size_max) {
            errno = EFBIG;
            return false;
        }
    }
}

}  // namespace

std::optional<std::string> read_small_file(const std::string& path, int* error) {
    const auto failed = [error]() -> std::optional<std::string> {
        if (error != nullptr) {
            *error = errno;
        }
        return std::nullopt;
    };
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return failed();
    }
    const Descriptor file(fd);
    std::string text;
    return read_all(file.fd(), text) ? std::optional(std::move(text)) : failed();
}

std::uint64_t file_stamp(const std::string& path) noexcept {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0) {
        return 0;
    }
    std::uint64_t stamp = 1;
    for (const auto part :
         {static_cast<std::uint64_t>(status.st_mtim.tv_sec),
          static_cast<std::uint64_t>(status.st_mtim.tv_nsec),
          static_cast<std::uint64_t>(status.st_size), static_cast<std::uint64_t>(status.st_ino)}) {
        stamp = (stamp ^ part) * 0x9e3779b97f4a7c15;
        stamp ^= stamp >> 29;
    }
    return stamp | 1;
}

std::uint32_t interface_index(const std::string& name) noexcept {
    return if_nametoindex(name.c_str());
}

}  // namespace rondo::detail
