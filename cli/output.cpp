// SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <utility>

namespace rondo::cli {
namespace {

mode_t type_of_stdout() noexcept {
    struct stat info{};
    return fstat(STDOUT_FILENO, &info) == 0 ? info.st_mode & S_IFMT : 0;
}

}  // namespace

OutputError::OutputError(int os_error)
    : std::runtime_error(std::string("cannot write to stdout: ") + std::strerror(os_error)),
      os_error_(os_error) {}

bool OutputError::reader_gone() const noexcept { return os_error_ == EPIPE; }

void print(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            pollfd ready{STDOUT_FILENO, POLLOUT, 0};
            ::poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            throw OutputError(errno);
        }
    }
}

void complain(std::string_view text) noexcept {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
}

// A pipe that polls as writable takes PIPE_BUF bytes at once; a file takes anything.
SharedOutput::SharedOutput(std::function<void()> before_text)
    : before_text_(std::move(before_text)), at_once_(type_of_stdout() == S_IFREG ? 0 : PIPE_BUF) {}

Task<> SharedOutput::write(std::string text) {
    const Lock::Guard turn = co_await turn_.acquire();
    std::string_view rest = failed_ ? std::string_view() : text;
    while (!rest.empty()) {
        std::size_t size = rest.size();
        if (at_once_ != 0) {
            co_await AwaitOperation(OperationKind::poll, STDOUT_FILENO, nullptr, POLLOUT);
            size = std::min(size, at_once_);
        }
        if (before_text_) {
            before_text_();
        }
        const ssize_t written = ::write(STDOUT_FILENO, rest.data(), size);
        if (written >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EAGAIN && errno != EINTR) {
            failed_ = true;
            throw OutputError(errno);
        }
    }
}

Task<> SharedOutput::fail_when_reader_gone() {
    if (type_of_stdout() != S_IFIFO) {
        co_return;
    }
    // The writing end of a pipe never becomes readable: only the end of its last reader is seen.
    const int events = co_await AwaitOperation(OperationKind::poll, STDOUT_FILENO, nullptr, POLLIN);
    if (events > 0 && (events & POLLERR) != 0 && !failed_) {
        failed_ = true;
        throw OutputError(EPIPE);
    }
}

}  // namespace rondo::cli
