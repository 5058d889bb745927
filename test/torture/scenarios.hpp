// SPDX-License-Identifier: Apache-2.0
/// What is run again and again while its calls fail: small programs that use each part of Rondo
/// that reaches the kernel, and check what they get.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/coro/task.hpp"

namespace rondo::test {

struct Scenario {
    std::string_view name;
    Task<> (*body)();
    int expected = 0;  ///< an errno that it provokes itself, and hides
};

const std::vector<Scenario>& scenarios();

// Those that use the module os; see scenarios_os.cpp.
Task<> whole_files();
Task<> replaced_file();
Task<> directories();
Task<> processes();

/// A scenario saw something that is wrong whatever call failed.
class WrongResult : public std::logic_error {
public:
    explicit WrongResult(const std::string& what) : std::logic_error(what) {}
};

inline void require(bool holds, const char* what) {
    if (!holds) {
        throw WrongResult(what);
    }
}

}  // namespace rondo::test
