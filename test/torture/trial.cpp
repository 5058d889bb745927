// SPDX-License-Identifier: Apache-2.0
// A run may end well, if Rondo has an answer to the failure, or with an Error that carries it. It
// may not leak, end with another error, or end well though a loud failure struck and nobody heard
// of it: no report told of this failure.
#include "torture/trial.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <system_error>

#include "driver/readiness_base.hpp"
#include "rondo/base/error.hpp"
#include "rondo/base/report.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

std::atomic<const Fault*> looked_for{nullptr};
std::atomic<bool> reported{false};  ///< a report told of it
DriverKind current_driver = DriverKind::automatic;

RunOptions options_for(DriverKind driver) {
    RunOptions options;
    options.driver = driver;
    options.handle_signals = false;
    return options;
}

// The loop's buffers are back when the scenario has ended, however it did.
Task<> with_buffers_counted(Task<> (*body)()) {
    std::exception_ptr failure;
    try {
        co_await body();
    } catch (...) {
        failure = std::current_exception();
    }
    const auto& driver = dynamic_cast<const detail::ReadinessBase&>(current_loop().driver());
    require(driver.leases_out() == 0, "a buffer of the loop's was not given back");
    if (failure != nullptr) {
        std::rethrow_exception(failure);
    }
}

void run_scenario(const Scenario& scenario, DriverKind driver) {
    current_driver = driver;
    rondo::run(with_buffers_counted(scenario.body), options_for(driver));
}

// A peer that is not there after the connect ended is a connection that was broken.
bool is_of_kind(Errc code, const Fault& fault) {
    const int wanted = fault.failure.error;
    return code == errc_of(wanted) || (wanted == ENOTCONN && code == errc_of(ECONNABORTED));
}

// A ring that is refused is reported by what that means.
bool carries(const Error& error, const Trial& trial) {
    const Fault& fault = trial.fault;
    return error.os_error() == fault.failure.error || is_of_kind(error.code(), fault) ||
           (error.code() == Errc::not_supported && fault.call.starts_with("io_uring_")) ||
           (trial.scenario->translates != nullptr && trial.scenario->translates(error, fault));
}

// A report is text: the system's words for this failure, or for one of its kind. Makes no call of
// the seam; for it is used while they are counted.
bool tells_of(std::string_view report, const Fault& fault) {
    for (int error = 1; error <= EHWPOISON; ++error) {
        const char* const words = strerrordesc_np(error);
        if (words != nullptr && is_of_kind(errc_of(error), fault) &&
            report.find(words) != report.npos) {
            return true;
        }
    }
    return kind_of(fault.call) == CallKind::memory &&
           (report.find("out of memory") != report.npos || report.find("bad_alloc") != report.npos);
}

void hear(std::string_view report) noexcept {
    if (const Fault* const fault = looked_for; fault != nullptr && tells_of(report, *fault)) {
        reported = true;
    }
}

bool may_end_well(const Trial& trial) {
    const Scenario& scenario = *trial.scenario;
    const Failure& failure = trial.fault.failure;
    return may_be_quiet(failure.effect) || failure.error == scenario.expected ||
           std::ranges::count(scenario.survives, trial.fault.call) > 0 || reported;
}

std::string another(const char* what, const std::exception& error) {
    return std::string("another ") + what + ": " + error.what();
}

// What was wrong; empty: it is as it should be.
std::string attempt(const Trial& trial, bool& failed) {
    failed = true;
    try {
        run_scenario(*trial.scenario, trial.driver);
        failed = false;
        return Seam::struck() && !may_end_well(trial) ? "nobody heard of it" : "";
    } catch (const Error& error) {
        const bool named = !error.operation().empty();
        return carries(error, trial) && named ? "" : another("error", error);
    } catch (const std::system_error& error) {
        return error.code().value() == trial.fault.failure.error ? "" : another("error", error);
    } catch (const std::bad_alloc&) {
        return kind_of(trial.fault.call) == CallKind::memory ? "" : "std::bad_alloc";
    } catch (const std::exception& error) {
        return another("exception", error);
    }
}

std::string leaked_since(const Ledger& before) {
    const Ledger after = Ledger::now();
    if (after.descriptors != before.descriptors) {
        return std::to_string(after.descriptors - before.descriptors) + " descriptors leaked";
    }
    return after.frames != before.frames ? "frames leaked" : "";
}

}  // namespace

DriverKind scenario_driver() noexcept { return current_driver; }

const char* to_string(DriverKind driver) noexcept {
    return driver == DriverKind::uring ? "uring" : "epoll";
}

std::string error_name(const Failure& failure) {
    return failure.error == 0 ? "a single byte" : strerrorname_np(failure.error);
}

std::string to_text(const Trial& trial) {
    return std::string(trial.scenario->name) + " on " + to_string(trial.driver) + ", " +
           std::string(trial.fault.call) + " number " + std::to_string(trial.fault.site) +
           " gives " + error_name(trial.fault.failure);
}

std::vector<Trial> plan(const Scenario& scenario, DriverKind driver) {
    set_report_handler(&hear);
    run_scenario(scenario, driver);  // what is made once for the process is there from now on
    Seam::start_counting();
    run_scenario(scenario, driver);
    Seam::disarm();
    std::vector<Trial> trials;
    for (const auto& [name, count] : Seam::counts()) {
        for (long site = 1; site <= count; ++site) {
            for (const Failure& failure : all_calls_that_fail().at(name).failures) {
                trials.push_back({&scenario, driver, Fault{name, site, failure}});
            }
        }
    }
    return trials;
}

Judgement perform(const Trial& trial) {
    Judgement judgement;
    const Ledger before = Ledger::now();
    reported = false;
    looked_for = &trial.fault;
    Seam::arm(trial.fault);
    judgement.wrong = attempt(trial, judgement.failed);
    Seam::disarm();
    looked_for = nullptr;
    judgement.struck = Seam::struck();
    if (judgement.failed && !judgement.struck && judgement.wrong.empty()) {
        judgement.wrong = "it failed without a fault";
    }
    if (judgement.wrong.empty()) {
        judgement.wrong = leaked_since(before);
    }
    return judgement;
}

}  // namespace rondo::test
