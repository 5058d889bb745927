// SPDX-License-Identifier: Apache-2.0
#include "terminal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace rondo::cli {
namespace {

std::string_view variable(const char* name) noexcept {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

constexpr int width_min = 20;
constexpr int width_max = 1000;
constexpr int width_unknown = 80;

}  // namespace

bool is_terminal(int fd) noexcept { return isatty(fd) == 1; }

int terminal_width(int fd) noexcept {
    int width = std::atoi(std::string(variable("COLUMNS")).c_str());
    winsize size{};
    if (width <= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0) {
        width = size.ws_col;
    }
    return width > 0 ? std::clamp(width, width_min, width_max) : width_unknown;
}

bool can_redraw(int fd) noexcept { return is_terminal(fd) && variable("TERM") != "dumb"; }

bool wants_colour(int fd) noexcept { return can_redraw(fd) && variable("NO_COLOR").empty(); }

bool locale_is_utf8() noexcept {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        std::string value(variable(name));
        if (!value.empty()) {
            std::transform(value.begin(), value.end(), value.begin(),
                           [](unsigned char letter) { return std::tolower(letter); });
            return value.find("utf-8") != std::string::npos ||
                   value.find("utf8") != std::string::npos;
        }
    }
    return false;
}

std::string printable(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        const auto code = static_cast<unsigned char>(letter);
        if (code < 0x20 || code == 0x7f) {
            out += fmt::format("\\x{:02x}", code);
        } else {
            out += letter;
        }
    }
    return out;
}

void occupy_standard_descriptors() noexcept {
    // The wrong direction on purpose: reading from stdin and writing to the others gives EBADF.
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fcntl(fd, F_GETFD) < 0) {
            const int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
            if (open("/dev/null", flags) != fd) {
                return;
            }
        }
    }
}

}  // namespace rondo::cli
