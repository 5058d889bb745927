// SPDX-License-Identifier: Apache-2.0
#include "url_source.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace rondo::cli {
namespace {

constexpr std::string_view from_stdin = "-";
constexpr std::size_t read_size = 16 * 1024;

}  // namespace

bool UrlSource::is_counted() const noexcept {
    return std::find(arguments_.begin(), arguments_.end(), from_stdin) == arguments_.end();
}

Task<std::optional<std::string>> UrlSource::next() {
    while (argument_ < arguments_.size()) {
        if (arguments_[argument_] != from_stdin) {
            co_return arguments_[argument_++];
        }
        std::optional<std::string> line = co_await next_line();
        if (line.has_value()) {
            co_return std::move(line);
        }
        ++argument_;
    }
    co_return std::nullopt;
}

Task<std::optional<std::string>> UrlSource::next_line() {
    for (;;) {
        std::optional<std::string> url = lines_.next();
        if (url.has_value() || lines_.at_end()) {
            co_return std::move(url);
        }
        co_await read_more();
    }
}

// What is ready to be read does not block, and the wait for it can be cancelled.
Task<> UrlSource::read_more() {
    for (;;) {
        const int ready =
            co_await AwaitOperation(OperationKind::poll, STDIN_FILENO, nullptr, POLLIN);
        check_result(ready, "wait for", "stdin");
        char bytes[read_size];
        const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            continue;
        }
        if (count < 0) {
            throw Error("read", "stdin", errno);
        }
        if (count == 0) {
            lines_.end();
        } else {
            lines_.add(std::string_view(bytes, static_cast<std::size_t>(count)));
        }
        co_return;
    }
}

}  // namespace rondo::cli
