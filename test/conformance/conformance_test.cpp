// SPDX-License-Identifier: Apache-2.0
// Runs every behaviour on every driver: as tests, or with --table as a table for people.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>

#include "conformance/behaviour.hpp"
#include "net/net_test.hpp"
#include "support/ledger.hpp"

namespace rondo::test {

std::vector<Behaviour>& behaviours() {
    static std::vector<Behaviour> all;
    return all;
}

namespace {

std::string observe(const Behaviour& behaviour, const RunOptions& options) {
    try {
        return run(behaviour.observe(), options);
    } catch (const std::exception& error) {
        return std::string("threw: ") + error.what();
    }
}

// -------------------------------------------------------------------------------- as tests

class BehaviourTest : public LedgerTest {
public:
    BehaviourTest(const Behaviour& behaviour, std::vector<RunOptions> drivers)
        : behaviour_(behaviour), drivers_(std::move(drivers)) {}

    void TestBody() override {
        for (const RunOptions& options : drivers_) {
            EXPECT_EQ(observe(behaviour_, options), behaviour_.expected)
                << behaviour_.name << ", on " << driver_name(options);
        }
    }

private:
    const Behaviour& behaviour_;
    std::vector<RunOptions> drivers_;
};

std::string as_identifier(std::string_view sentence) {
    std::string name(sentence);
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
    return name;
}

void register_test(const Behaviour& behaviour, const std::string& where,
                   std::vector<RunOptions> drivers) {
    const std::string suite = "Conformance_" + std::string(behaviour.area);
    const std::string name = as_identifier(behaviour.name) + "_on_" + where;
    testing::RegisterTest(
        suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [&behaviour, drivers]() -> LedgerTest* { return new BehaviourTest(behaviour, drivers); });
}

// The simulation is one test with all its orders.
void register_tests() {
    for (const Behaviour& behaviour : behaviours()) {
        for (const RunOptions& options : real_drivers()) {
            register_test(behaviour, driver_name(options), {options});
        }
        if (behaviour.not_simulated.empty()) {
            register_test(behaviour, "sim", simulated_drivers());
        }
    }
}

// ------------------------------------------------------------------------------ as a table

// "ok", or what was seen instead; the simulation counts when all its orders agree.
std::string verdict(const Behaviour& behaviour, const std::vector<RunOptions>& drivers) {
    if (drivers.empty()) {
        return "absent";
    }
    for (const RunOptions& options : drivers) {
        const std::string seen = observe(behaviour, options);
        if (seen != behaviour.expected) {
            return "saw " + seen;
        }
    }
    return "ok";
}

int print_table() {
    std::map<std::string_view, std::vector<RunOptions>> columns{{"uring", {}}, {"epoll", {}}};
    for (const RunOptions& options : real_drivers()) {
        columns[options.driver == DriverKind::uring ? "uring" : "epoll"].push_back(options);
    }
    std::size_t different = 0;
    std::size_t real_only = 0;
    std::printf("%-13s %-68s %-40s %-7s %-7s %s\n", "area", "behaviour", "result", "uring", "epoll",
                "sim");
    for (const Behaviour& behaviour : behaviours()) {
        const std::string uring = verdict(behaviour, columns["uring"]);
        const std::string epoll = verdict(behaviour, columns["epoll"]);
        const std::string sim = behaviour.not_simulated.empty()
                                    ? verdict(behaviour, simulated_drivers())
                                    : "none: " + std::string(behaviour.not_simulated);
        std::printf("%-13s %-68s %-40s %-7s %-7s %s\n", behaviour.area.data(),
                    behaviour.name.data(), behaviour.expected.data(), uring.c_str(), epoll.c_str(),
                    sim.c_str());
        const auto differs = [](const std::string& cell) { return cell.starts_with("saw"); };
        real_only += behaviour.not_simulated.empty() ? 0 : 1;
        different += differs(uring) || differs(epoll) || differs(sim) ? 1 : 0;
    }
    std::printf("%zu behaviours, %zu of them not in the simulation, %zu differ\n",
                behaviours().size(), real_only, different);
    return different == 0 ? 0 : 1;
}

}  // namespace
}  // namespace rondo::test

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--table") {
        return rondo::test::print_table();
    }
    testing::InitGoogleTest(&argc, argv);
    rondo::test::register_tests();
    return RUN_ALL_TESTS();
}
