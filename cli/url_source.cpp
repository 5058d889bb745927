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
constexpr std::string_view blanks = " \t\r\f\v";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
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
        std::size_t end = buffer_.find('\n', taken_);
        while (end == std::string::npos && !at_end_) {
            const bool more = co_await read_more();
            at_end_ = !more;
            end = buffer_.find('\n', taken_);
        }
        if (end == std::string::npos && taken_ == buffer_.size()) {
            co_return std::nullopt;
        }
        const std::string_view line =
            std::string_view(buffer_).substr(taken_, std::min(end, buffer_.size()) - taken_);
        std::string url(url_in(first_line_ && line.starts_with(byte_order_mark)
                                   ? line.substr(byte_order_mark.size())
                                   : line));
        taken_ = std::min(end, buffer_.size() - 1) + 1;
        first_line_ = false;
        if (!url.empty()) {
            co_return std::move(url);
        }
    }
}

// What a line has beyond line_max is dropped as it comes, so that no input can fill the memory.
Task<bool> UrlSource::read_more() {
    buffer_.erase(0, taken_);
    taken_ = 0;
    for (;;) {
        // What is ready to be read does not block, and this wait can be cancelled.
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
            co_return false;
        }
        const std::string_view fresh(bytes, static_cast<std::size_t>(count));
        if (buffer_.size() + fresh.size() <= line_max + read_size) {
            buffer_ += fresh;
            co_return true;
        }
        const std::size_t end = fresh.find('\n');
        if (end != std::string_view::npos) {
            buffer_.resize(line_max + 1);
            buffer_ += fresh.substr(end);
            co_return true;
        }
    }
}

std::string_view UrlSource::url_in(std::string_view line) noexcept {
    const std::size_t first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos || line[first] == '#') {
        return {};
    }
    return line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

}  // namespace rondo::cli
