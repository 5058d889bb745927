// SPDX-License-Identifier: Apache-2.0
// The one file that knows every driver.
#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "driver/epoll/epoll_driver.hpp"
#include "driver/uring/probe.hpp"
#include "driver/uring/uring_driver.hpp"
#include "rondo/base/error.hpp"
#include "rondo/loop/driver.hpp"
#include "sim/sim_driver.hpp"

namespace rondo {
namespace {

struct Choice {
    DriverKind kind;
    std::string_view by;  ///< who asked
};

// A test that asks for the simulation means it, whatever the variable says.
Choice choose(const DriverOptions& options) {
    if (options.kind == DriverKind::sim) {
        return {options.kind, "the program asks for it"};
    }
    const char* variable = std::getenv("RONDO_DRIVER");
    const std::string_view value = variable != nullptr ? variable : "";
    if (value == "uring") {
        return {DriverKind::uring, "RONDO_DRIVER asks for it"};
    }
    if (value == "epoll") {
        return {DriverKind::epoll, "RONDO_DRIVER asks for it"};
    }
    if (value == "sim") {
        return {DriverKind::sim, "RONDO_DRIVER asks for it"};
    }
    if (!value.empty() && value != "auto") {
        throw Error(Errc::not_supported, "RONDO_DRIVER", value,
                    "no such driver; valid are uring, epoll, sim and auto");
    }
    return {options.kind, "the program asks for it"};
}

std::unique_ptr<Driver> make_epoll() {
    int error = 0;
    auto driver = detail::make_epoll_driver(error);
    if (driver == nullptr) {
        throw Error("make driver", "epoll", -error);
    }
    return driver;
}

detail::UringMask uring_mask() {
    const char* variable = std::getenv("RONDO_URING_MASK");
    detail::UringMask mask;
    std::string_view unknown;
    if (!detail::read_uring_mask(variable != nullptr ? variable : "", mask, unknown)) {
        throw Error(Errc::not_supported, "RONDO_URING_MASK", unknown, "no such feature");
    }
    return mask;
}

std::unique_ptr<Driver> make_uring_by_name() {
    int error = 0;
    auto driver = detail::make_uring_driver(error, {}, uring_mask());
    if (driver == nullptr) {
        const Errc code = errc_of(-error);
        throw Error(code == Errc::exhausted ? code : Errc::not_supported, "make driver", "uring",
                    detail::explain_uring_error(error));
    }
    return driver;
}

}  // namespace

std::unique_ptr<Driver> make_driver(const DriverOptions& options) {
    switch (choose(options).kind) {
        case DriverKind::uring: return make_uring_by_name();
        case DriverKind::epoll: return make_epoll();
        case DriverKind::sim:
            return detail::make_sim_driver(options, options.kind != DriverKind::sim);
        case DriverKind::automatic: break;
    }
    int error = 0;
    auto driver = detail::make_uring_driver(error, {}, uring_mask());
    return driver != nullptr ? std::move(driver) : make_epoll();
}

DriverReport probe_drivers(const DriverOptions& options) {
    const Choice choice = choose(options);
    const detail::UringProbe uring = detail::probe_uring(uring_mask());
    DriverReport report{choice.kind, std::string(choice.by), uring.features};
    if (choice.kind == DriverKind::automatic) {
        const bool usable = uring.error == 0;
        report.chosen = usable ? DriverKind::uring : DriverKind::epoll;
        report.reason = usable ? "the kernel's io_uring has what Rondo needs"
                               : detail::explain_uring_error(uring.error);
    }
    return report;
}

}  // namespace rondo
