// SPDX-License-Identifier: Apache-2.0
/// What few scopes have: a name, context variables, the place of their cancel. Kept beside the
/// scope, so that it stays one cache line.
#pragma once

#include <cstdint>
#include <memory>
#include <source_location>
#include <string_view>

#include "rondo/coro/outcome.hpp"
#include "rondo/coro/scope.hpp"

namespace rondo::detail {

class Context;

/// Gives `scope` a name for people, replacing an earlier one.
void set_name(Scope& scope, std::string_view name);
/// Valid until the name changes or the scope dies.
std::string_view name_of(const Scope& scope) noexcept;

/// cancel() by a caller, whose place is kept with `scope` if it is not cancelled yet, and with each
/// task below that the cancel reaches and that somebody may ask.
void cancel_at(Scope& scope, const std::source_location& place, std::uint16_t extra = 0) noexcept;
CancelPlace cancel_place_of(const Scope& scope) noexcept;
/// Without memory for it the place stays unknown: a cancel cannot fail.
void keep_cancel_place(Scope& scope, CancelPlace place) noexcept;

/// Since when its chain waits, on the driver's clock; 0: not known. Noted by a debugging loop only.
void set_waiting_since(Scope& scope, std::int64_t when);
std::int64_t waiting_since(const Scope& scope) noexcept;

/// The context variables of the task that `scope` stands in; null: none.
const std::shared_ptr<const Context>& context_of(const Scope& scope) noexcept;
/// Requires: `scope` stands in a task.
void set_context(Scope& scope, std::shared_ptr<const Context> context);

/// The number of `scope` in its loop; when it has none yet, it gets the next one after `last`.
std::uint64_t number_of(Scope& scope, std::uint64_t& last);

}  // namespace rondo::detail
