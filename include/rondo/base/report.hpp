// SPDX-License-Identifier: Apache-2.0
/// Where Rondo says what it noticed about a program.
#pragma once

#include <string_view>

namespace rondo {

/// Receives a report: an error nobody looked at, a task that was never awaited, a blocked loop. One
/// or more lines without a newline at the end.
using ReportHandler = void (*)(std::string_view report);

/// Sends reports to `handler`; nullptr restores the default, which writes "rondo: <report>" to
/// stderr. Gives the handler that was set before, or nullptr. asyncio's set_exception_handler.
///
/// Requires: `handler` does not throw, and does not call Rondo; it may run on any thread.
/// Thread-safe.
ReportHandler set_report_handler(ReportHandler handler) noexcept;

namespace detail {

void report(std::string_view text) noexcept;

/// The environment says RONDO_DEBUG, and not 0.
bool debug_wanted() noexcept;

}  // namespace detail
}  // namespace rondo
