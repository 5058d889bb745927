// SPDX-License-Identifier: Apache-2.0
#include "os/path_call.hpp"

#include <cstdlib>

#include "rondo/base/assert.hpp"

namespace rondo::os::detail {

void check_path(std::string_view operation, std::string_view path) {
    if (path.empty()) {
        throw Error(operation, "an empty path", ENOENT);
    }
    if (const std::size_t end = path.find('\0'); end != std::string_view::npos) {
        throw Error(Errc::invalid, operation, path.substr(0, end), "the path has a NUL inside");
    }
}

Descriptor::~Descriptor() {
    if (fd_ >= 0) {
        RONDO_REQUIRE(rondo::detail::local.loop != nullptr, "a file outlived its event loop");
        Operation close(OperationKind::close, fd_);
        rondo::detail::local.loop->driver().submit(close);
    }
}

std::string directory_of(std::string_view path) {
    while (path.size() > 1 && path.back() == '/') {
        path.remove_suffix(1);
    }
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) {
        return ".";
    }
    return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

std::string temporary_base(std::string_view within) {
    if (!within.empty()) {
        return std::string(within);
    }
    const char* const named = std::getenv("TMPDIR");
    return named != nullptr && *named != '\0' ? named : "/tmp";
}

std::string drawn_name() {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz234567";
    std::uint64_t bits = current_loop().driver().entropy();
    std::string name(12, '\0');
    for (char& letter : name) {
        letter = letters[bits % letters.size()];
        bits /= letters.size();
    }
    return name;
}

}  // namespace rondo::os::detail
