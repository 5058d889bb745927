// SPDX-License-Identifier: Apache-2.0
#include <deque>
#include <string>
#include <vector>

#include "rondo/coro/errors.hpp"
#include "rondo/coro/task_handle.hpp"

namespace rondo::detail {
namespace {

// Names of scopes on this thread, by Scope::name - 1. A deque, so that views stay valid.
struct NameTable {
    std::deque<std::string> names;
    std::vector<std::uint32_t> free;
};

NameTable& name_table() {
    thread_local NameTable table;
    return table;
}

}  // namespace

void set_name(Scope& scope, std::string_view name) {
    NameTable& table = name_table();
    if (name.empty()) {
        if (scope.name != 0) {
            table.names[scope.name - 1].clear();
            table.free.push_back(scope.name);
            scope.name = 0;
        }
        return;
    }
    if (scope.name == 0) {
        if (table.free.empty()) {
            table.names.emplace_back();
            table.free.push_back(static_cast<std::uint32_t>(table.names.size()));
        }
        scope.name = table.free.back();
        table.free.pop_back();
    }
    table.names[scope.name - 1] = name;
}

std::string_view name_of(const Scope& scope) noexcept {
    return scope.name == 0 ? std::string_view() : name_table().names[scope.name - 1];
}

void report_unobserved(const Scope& scope, const std::exception_ptr& error) noexcept {
    try {
        std::string where = "an error nobody looked at, in task";
        if (const std::string_view name = name_of(scope); !name.empty()) {
            where.append(" \"").append(name).append("\"");
        }
        report_error(where, error);
    } catch (...) {
        report_error("an error nobody looked at, in a task", error);
    }
}

}  // namespace rondo::detail
