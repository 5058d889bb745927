// SPDX-License-Identifier: Apache-2.0
/// What is run again and again while its calls fail: small programs that use each part of Rondo
/// that reaches the kernel, and check what they get.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/base/error.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/loop/driver.hpp"
#include "torture/faults.hpp"

namespace rondo::test {

struct Scenario {
    std::string_view name;
    Task<> (*body)();
    int expected = 0;  ///< an errno that it provokes itself, and hides
    /// Calls whose loud failures it may survive, with the right result: another address is tried, a
    /// server goes on.
    std::vector<std::string_view> survives = {};
    /// True when `error` is what becomes of `fault` on its way: "a broken connection" of the
    /// server's failure.
    bool (*translates)(const Error& error, const Fault& fault) = nullptr;
};

using Scenarios = std::vector<Scenario>;

// By what they use.
Scenarios tcp_scenarios();
Scenarios server_scenarios();
Scenarios datagram_scenarios();
Scenarios unix_scenarios();
Scenarios descriptor_scenarios();
Scenarios file_scenarios();
Scenarios process_scenarios();
Scenarios task_scenarios();
Scenarios thread_scenarios();
Scenarios name_scenarios();
Scenarios tls_scenarios();   ///< none in a build without TLS
Scenarios http_scenarios();  ///< none in a build without HTTP

Scenarios all_scenarios();

/// The driver that scenarios run on now; for loops that they start themselves.
DriverKind scenario_driver() noexcept;

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
