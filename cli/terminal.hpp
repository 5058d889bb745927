// SPDX-License-Identifier: Apache-2.0
/// What the place that we print to can show.
#pragma once

#include <string>
#include <string_view>

namespace rondo::cli {

bool is_terminal(int fd) noexcept;

/// Columns: the variable COLUMNS, else the terminal's, else 80.
int terminal_width(int fd) noexcept;

/// A terminal, and neither NO_COLOR nor TERM=dumb forbids it.
bool wants_colour(int fd) noexcept;

/// A terminal whose cursor can be moved.
bool can_redraw(int fd) noexcept;

/// The locale's characters are UTF-8.
bool locale_is_utf8() noexcept;

/// `text` with control characters written as \xNN, so that nothing foreign steers a terminal.
std::string printable(std::string_view text);

/// Opens something useless for each of stdin, stdout and stderr that is closed, so that a socket
/// never gets its number; reading and writing it fails.
void occupy_standard_descriptors() noexcept;

}  // namespace rondo::cli
