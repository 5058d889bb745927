// SPDX-License-Identifier: Apache-2.0
/// One run of a scenario with one fault, and the judgement of it.
#pragma once

#include <string>
#include <vector>

#include "rondo/loop/run.hpp"
#include "torture/faults.hpp"
#include "torture/scenarios.hpp"

namespace rondo::test {

struct Trial {
    const Scenario* scenario;
    DriverKind driver;
    Fault fault;
};

struct Judgement {
    bool struck = false;  ///< false: the run did not come to this call
    bool failed = false;  ///< it ended with the error, as it may
    std::string wrong;    ///< empty: it is as it should be
};

const char* to_string(DriverKind driver) noexcept;
std::string error_name(const Failure& failure);
/// "small echo on epoll, recv number 3 gives EINTR"
std::string to_text(const Trial& trial);

/// Runs the scenario without a fault, counted: a trial for each site and each failure of its call.
/// Errors: what it fails with then.
std::vector<Trial> plan(const Scenario& scenario, DriverKind driver);
Judgement perform(const Trial& trial);

}  // namespace rondo::test
