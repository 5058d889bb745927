// SPDX-License-Identifier: Apache-2.0
/// What the behaviours of files are made of.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "conformance/behaviour.hpp"
#include "net/net_test.hpp"
#include "rondo/os/file.hpp"
#include "rondo/os/paths.hpp"
#include "rondo/os/whole_files.hpp"
#include "support/temporary_folder.hpp"

namespace rondo::test {

using os::File;
using os::FileStatus;
using os::OpenOptions;

/// One read at the position: at most `most` bytes.
inline Task<std::string> read_part(File& file, std::size_t most = 64) {
    std::string text(most, '\0');
    const std::size_t got = co_await file.read_some(text);
    text.resize(got);
    co_return text;
}

/// One read at `offset`.
inline Task<std::string> read_part_at(File& file, std::uint64_t offset, std::size_t most = 64) {
    std::string text(most, '\0');
    const std::size_t got = co_await file.read_at(text, offset);
    text.resize(got);
    co_return text;
}

/// "open", or the error.
inline Task<std::string> outcome_of_open(std::string path, OpenOptions options = {}) {
    auto open = [&path, options]() -> Task<> { co_await File::open(path, options); };
    const std::string seen = co_await outcome(open);
    co_return seen == "done" ? "open" : seen;
}

/// "done", or the error, of a task whose value does not matter.
template <class T>
Task<std::string> outcome_of(Task<T> task) {
    auto await_it = [&task]() -> Task<> { co_await std::move(task); };
    std::string seen = co_await outcome(await_it);
    co_return seen;
}

/// The text with its zeros shown as dots.
inline std::string visible(std::string text) {
    std::replace(text.begin(), text.end(), '\0', '.');
    return text;
}

}  // namespace rondo::test
