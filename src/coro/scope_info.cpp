// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/scope_info.hpp"

#include <deque>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "rondo/coro/describer.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/coro/task_handle.hpp"

namespace rondo::detail {
namespace {

struct ScopeInfo {
    std::string name;
    std::shared_ptr<const Context> context;
    CancelPlace cancel_place;
    std::int64_t waiting_since = 0;
    std::uint64_t number = 0;
};

// Scope::info - 1 is the index. A deque, so that views of names stay valid.
struct InfoTable {
    std::deque<ScopeInfo> infos;
    std::vector<std::uint32_t> free;
};

InfoTable& table() {
    thread_local InfoTable infos;
    return infos;
}

ScopeInfo& info_of(Scope& scope) {
    InfoTable& all = table();
    if (scope.info == 0) {
        if (all.free.empty()) {
            all.free.reserve(all.infos.size() + 1);  // so that free_info cannot fail
            all.infos.emplace_back();
            scope.info = static_cast<std::uint32_t>(all.infos.size());
        } else {
            scope.info = all.free.back();
            all.free.pop_back();
        }
    }
    return all.infos[scope.info - 1];
}

const ScopeInfo& info_of(const Scope& scope) noexcept {
    static const ScopeInfo nothing;
    return scope.info == 0 ? nothing : table().infos[scope.info - 1];
}

}  // namespace

void Scope::free_info() noexcept {
    InfoTable& all = table();
    const ScopeInfo dying = std::exchange(all.infos[info - 1], {});  // may hold a user's objects
    all.free.push_back(info);
    info = 0;
}

void Scope::inherit(const Scope& to, const Scope& starter) {
    if (to.has(cancelled) && !has(shield)) {
        set(cancelled);
        reason = to.reason;
        if (kind->is_task) {
            keep_cancel_place(*this, cancel_place_of(to));
        }
    }
    if (starter.has(has_context)) {
        set(has_context);
        if (kind->is_task) {
            info_of(*this).context = context_of(starter);
        }
    }
}

void set_name(Scope& scope, std::string_view name) { info_of(scope).name = name; }

std::string_view name_of(const Scope& scope) noexcept { return info_of(scope).name; }

void cancel_at(Scope& scope, const std::source_location& place, std::uint16_t extra) noexcept {
    if (!scope.has(Scope::cancelled)) {
        keep_cancel_place(scope, CancelPlace{place.file_name(), place.line()});
    }
    cancel(scope, Reason::caller, extra);
}

CancelPlace cancel_place_of(const Scope& scope) noexcept { return info_of(scope).cancel_place; }

void keep_cancel_place(Scope& scope, CancelPlace place) noexcept {
    if (place.file == nullptr) {
        return;
    }
    try {
        info_of(scope).cancel_place = place;
    } catch (const std::bad_alloc&) {
        return;
    }
}

void set_waiting_since(Scope& scope, std::int64_t when) { info_of(scope).waiting_since = when; }

std::int64_t waiting_since(const Scope& scope) noexcept { return info_of(scope).waiting_since; }

const std::shared_ptr<const Context>& context_of(const Scope& scope) noexcept {
    static const std::shared_ptr<const Context> none;
    const Scope* const task = task_of(scope);
    return task == nullptr ? none : info_of(*task).context;
}

void set_context(Scope& scope, std::shared_ptr<const Context> context) {
    Scope* at = &scope;
    for (; !at->kind->is_task; at = at->parent) {
        at->set(Scope::has_context);
    }
    info_of(*at).context = std::move(context);
    at->set(Scope::has_context);
}

void describe_awaited(const Scope& task, Describer& describer) {
    describer.add(" of ").add_task(&task);
}

std::uint64_t number_of(Scope& scope, std::uint64_t& last) {
    std::uint64_t& number = info_of(scope).number;
    if (number == 0) {
        number = ++last;
    }
    return number;
}

void report_unobserved(const Scope& scope, const std::exception_ptr& error) noexcept {
    try {
        std::string where = "an error nobody looked at, in ";
        if (const std::string_view name = name_of(scope); !name.empty()) {
            where.append("task \"").append(name).append("\"");
        } else {
            where.append("a task");
        }
        report_error(where, error);
    } catch (...) {
        report_error("an error nobody looked at, in a task", error);
    }
}

}  // namespace rondo::detail
