// SPDX-License-Identifier: Apache-2.0
// Fails every call of every scenario in turn, on both kernel drivers or the one that RONDO_DRIVER
// names, and says what came of it.
//
// Each scenario first runs counted. Then it runs once for each of its sites and each failure of
// that call's table; see trial.cpp for what it may come to.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/driver_choice.hpp"
#include "torture/trials.hpp"

namespace rondo::test {
namespace {

constexpr DriverKind drivers[] = {DriverKind::uring, DriverKind::epoll};

// One run, for a debugger.
int once(const std::vector<std::string_view>& words) {
    const DriverKind driver = words[2] == "uring" ? DriverKind::uring : DriverKind::epoll;
    for (const Scenario& scenario : all_scenarios()) {
        if (scenario.name != words[1]) {
            continue;
        }
        for (const Trial& trial : plan(scenario, driver)) {
            if (trial.fault.call == words[3] && std::to_string(trial.fault.site) == words[4] &&
                error_name(trial.fault.failure) == words[5]) {
                const Judgement judgement = perform(trial);
                std::printf("%s: %s\n", judgement.struck ? "struck" : "missed",
                            judgement.wrong.empty() ? "as it should be" : judgement.wrong.c_str());
                return judgement.wrong.empty() ? 0 : 1;
            }
        }
    }
    std::puts("there is no such site");
    return 1;
}

void print_head() {
    std::printf("%-28s", "faults that struck");
    for (std::size_t kind = 0; kind < call_kinds; ++kind) {
        std::printf("%10s", to_string(static_cast<CallKind>(kind)));
    }
    std::printf("%10s%7s\n", "all", "wrong");
}

/// What `tally` has now beyond what it had when this was made, as a row.
class Row {
public:
    explicit Row(const Tally& tally) : tally_(tally), wrong_(tally.wrong) {
        for (std::size_t kind = 0; kind < call_kinds; ++kind) {
            struck_[kind] = tally.struck[kind];
        }
    }
    void print(const char* driver, std::string_view name) const {
        std::printf("%-6s%-22s", driver, std::string(name).c_str());
        long all = 0;
        for (std::size_t kind = 0; kind < call_kinds; ++kind) {
            const long count = tally_.struck[kind] - struck_[kind];
            all += count;
            std::printf("%10ld", count);
        }
        std::printf("%10ld%7ld\n", all, tally_.wrong - wrong_);
        std::fflush(stdout);
    }

private:
    const Tally& tally_;
    std::array<long, call_kinds> struck_{};
    long wrong_;
};

void print_unreached(const std::set<std::string_view>& reached) {
    std::string unreached;
    for (const auto& [name, call] : all_calls_that_fail()) {
        if (reached.count(name) == 0) {
            unreached += (unreached.empty() ? "" : ", ") + std::string(name);
        }
    }
    std::printf("%zu calls failed in turn; no scenario made: %s\n", reached.size(),
                unreached.empty() ? "none" : unreached.c_str());
}

std::vector<Trial> planned(const Scenario& scenario, DriverKind driver, Tally& tally) {
    try {
        return plan(scenario, driver);
    } catch (const std::exception& error) {
        std::printf("WRONG: %s on %s, without a fault: %s\n", scenario.name.data(),
                    to_string(driver), error.what());
        ++tally.wrong;
        return {};
    }
}

/// What is to be tried: the faults of one scenario or all, and of these every so many-th.
struct Choice {
    std::string_view scenario;
    std::size_t every = 1;
};

/// Every `step`-th, beginning with the `first`-th.
std::vector<Trial> sample(const std::vector<Trial>& trials, std::size_t first, std::size_t step) {
    std::vector<Trial> result;
    for (std::size_t i = first; i < trials.size(); i += step) {
        result.push_back(trials[i]);
    }
    return result;
}

int torture(const Choice& choice) {
    Tally& tally = make_shared_tally();
    std::size_t first = 0;
    std::set<std::string_view> reached;
    const Scenarios scenarios = all_scenarios();
    const Row total(tally);
    print_head();
    for (const DriverKind driver : drivers) {
        for (const Scenario& scenario : scenarios) {
            if (is_left_out(driver) ||
                (!choice.scenario.empty() && scenario.name != choice.scenario)) {
                continue;
            }
            const Row row(tally);
            const std::vector<Trial> trials =
                sample(planned(scenario, driver, tally), first++ % choice.every, choice.every);
            for (const Trial& trial : trials) {
                reached.insert(trial.fault.call);
            }
            perform_all(trials, tally);
            row.print(to_string(driver), scenario.name);
        }
    }
    total.print("", "in all");
    print_unreached(reached);
    std::printf(
        "%ld injections: %ld runs ended well, %ld with the error, %ld wrong; %ld runs more "
        "did not come to their call\n",
        tally.struck_in_all(), tally.passed - tally.missed, tally.failed.load(), tally.wrong.load(),
        tally.missed.load());
    return tally.wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace rondo::test

int main(int argc, char** argv) {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    if (arguments.size() == 6 && arguments[0] == "--once") {
        return rondo::test::once(arguments);
    }
    rondo::test::Choice choice;
    std::size_t next = 0;
    if (arguments.size() >= 2 && arguments[0] == "--every") {
        choice.every = std::strtoul(argv[2], nullptr, 10);
        next = 2;
    }
    if (next < arguments.size()) {
        choice.scenario = arguments[next++];
    }
    if (choice.every == 0 || next < arguments.size() || choice.scenario.starts_with("-")) {
        std::puts(
            "torture [--every N] [SCENARIO]   every N-th fault only\n"
            "torture --once SCENARIO uring|epoll CALL NUMBER ERRNO   in this process");
        return 1;
    }
    return rondo::test::torture(choice);
}
