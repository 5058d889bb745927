// SPDX-License-Identifier: Apache-2.0
/// Stdout: all of it or an error, never a part in silence. Stderr: as much as it takes.
#pragma once

#include <cstddef>
#include <functional>
#include <rondo/rondo.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rondo::cli {

/// Stdout cannot be written.
class OutputError : public std::runtime_error {
public:
    explicit OutputError(int os_error);
    /// Whoever read it has gone, as in `rondo fetch - | head -1`.
    bool reader_gone() const noexcept;

private:
    int os_error_;
};

/// Writes all of `text` to stdout. Blocks; for commands whose loop has nothing better to do.
///
/// Errors: OutputError.
void print(std::string_view text);

/// Writes `text` to stderr. Who cannot be told is not told: a closed stderr or a full disk changes
/// nothing of what a command does.
void complain(std::string_view text) noexcept;

/// Stdout for many tasks: each text is written whole before the next one, and a reader that is slow
/// holds up the writers but not the loop.
class SharedOutput {
public:
    /// `before_text` is called each time bytes are about to be written.
    explicit SharedOutput(std::function<void()> before_text = {});

    /// Errors: OutputError, once; what is written after it is dropped.
    Task<> write(std::string text);

    /// Waits until nobody can read stdout any more, then throws OutputError; returns at once when
    /// that cannot be told.
    Task<> fail_when_reader_gone();

private:
    Lock turn_;
    std::function<void()> before_text_;
    std::size_t at_once_;  ///< bytes that a write takes without blocking; 0: any number
    bool failed_ = false;
};

}  // namespace rondo::cli
