// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "driver/uring/probe.hpp"
#include "rondo/base/error.hpp"
#include "rondo/loop/driver.hpp"
#include "support/exit_code.hpp"
#include "support/refused_call.hpp"

namespace rondo::test {
namespace {

/// Sets RONDO_DRIVER, or another variable, for one test.
class Variable {
public:
    explicit Variable(const char* value, const char* of = "RONDO_DRIVER") : name_(of) {
        if (const char* before = std::getenv(name_)) {
            before_ = before;
        }
        if (value != nullptr) {
            setenv(name_, value, 1);
        } else {
            unsetenv(name_);
        }
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() {
        if (before_) {
            setenv(name_, before_->c_str(), 1);
        } else {
            unsetenv(name_);
        }
    }

private:
    const char* name_;
    std::optional<std::string> before_;
};

std::string made(DriverKind kind) {
    DriverOptions options;
    options.kind = kind;
    return make_driver(options)->name();
}

bool has_uring() { return detail::probe_uring().error == 0; }

enum Finding : int { as_promised, no_filters, not_epoll, wrong_report, not_refused };

/// What a process finds in which io_uring_setup fails with `error`.
Finding without_uring(int error) noexcept {
    if (!refuse_call(SYS_io_uring_setup, error)) {
        return no_filters;
    }
    const Variable variable(nullptr);
    if (made(DriverKind::automatic) != "epoll") {
        return not_epoll;
    }
    const std::string why = detail::explain_uring_error(-error);
    const DriverReport report = probe_drivers({});
    if (report.chosen != DriverKind::epoll || report.reason != why || !report.features.empty()) {
        return wrong_report;
    }
    try {
        made(DriverKind::uring);
        return not_refused;
    } catch (const Error& refused) {
        const bool says_why = std::string_view(refused.what()).find(why) != std::string::npos;
        return refused.code() == Errc::not_supported && says_why ? as_promised : not_refused;
    }
}

}  // namespace

// A sandbox, a kernel that has none, one that is too old.
TEST(SelectDriver, where_uring_is_refused_automatic_is_epoll) {
    for (const int error : {EPERM, ENOSYS, EINVAL}) {
        const int finding = exit_code_of([error] { _exit(without_uring(error)); });
        if (finding == no_filters) {
            GTEST_SKIP() << "no seccomp filters on this system";
        }
        EXPECT_EQ(finding, as_promised) << "errno " << error;
    }
}

TEST(SelectDriver, automatic_is_uring_where_it_can_be_had) {
    const Variable variable(nullptr);
    EXPECT_EQ(made(DriverKind::automatic), has_uring() ? "uring" : "epoll");
}

TEST(SelectDriver, the_program_may_ask_by_name) {
    const Variable variable(nullptr);
    EXPECT_EQ(made(DriverKind::epoll), "epoll");
    EXPECT_EQ(made(DriverKind::sim), "sim");
    if (has_uring()) {
        EXPECT_EQ(made(DriverKind::uring), "uring");
    } else {
        EXPECT_THROW(made(DriverKind::uring), Error);
    }
}

TEST(SelectDriver, the_variable_beats_the_program) {
    const Variable variable("epoll");
    EXPECT_EQ(made(DriverKind::automatic), "epoll");
    EXPECT_EQ(made(DriverKind::uring), "epoll");
}

TEST(SelectDriver, the_variable_does_not_beat_a_program_that_asks_for_the_simulation) {
    const Variable variable("epoll");
    EXPECT_EQ(made(DriverKind::sim), "sim");
}

TEST(SelectDriver, the_variable_may_ask_for_the_simulation_or_for_nothing) {
    {
        const Variable variable("sim");
        EXPECT_EQ(made(DriverKind::automatic), "sim");
    }
    for (const char* nothing : {"", "auto"}) {
        const Variable variable(nothing);
        EXPECT_EQ(made(DriverKind::epoll), "epoll");
    }
}

TEST(SelectDriver, an_unknown_name_is_an_error_that_says_the_valid_ones) {
    const Variable variable("kqueue");
    try {
        made(DriverKind::automatic);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::not_supported);
        const std::string what = error.what();
        for (const char* word : {"kqueue", "uring", "epoll", "sim", "auto"}) {
            EXPECT_NE(what.find(word), std::string::npos) << word << " in " << what;
        }
    }
}

TEST(SelectDriver, the_report_agrees_with_what_is_made) {
    for (const char* value : {"", "epoll", "sim"}) {
        const Variable variable(value);
        const DriverReport report = probe_drivers({});
        const std::string name = make_driver({})->name();
        const DriverKind made_kind = name == "uring"   ? DriverKind::uring
                                     : name == "epoll" ? DriverKind::epoll
                                                       : DriverKind::sim;
        EXPECT_EQ(report.chosen, made_kind);
        EXPECT_FALSE(report.reason.empty());
    }
}

TEST(SelectDriver, features_of_io_uring_can_be_left_out) {
    if (!has_uring()) {
        GTEST_SKIP() << "no io_uring on this system";
    }
    const Variable driver("uring");
    for (const char* mask :
         {"6.1", "abs_timer,no_iowait", "registered_ring,,files", "truncate", "send"}) {
        const Variable variable(mask, "RONDO_URING_MASK");
        EXPECT_EQ(made(DriverKind::uring), "uring") << mask;
        const std::string features = probe_drivers({}).features;
        const std::string_view word = std::string_view(mask).substr(0, 3);
        if (word == "6.1") {
            EXPECT_EQ(features.find("abs_timer"), std::string::npos) << features;
        }
        if (word == "6.1" || word == "tru") {
            EXPECT_EQ(features.find("ftruncate"), std::string::npos) << features;
        }
    }
    const Variable wrong("6.1,kqueue", "RONDO_URING_MASK");
    try {
        made(DriverKind::uring);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::not_supported);
        EXPECT_STREQ(error.what(), "RONDO_URING_MASK kqueue: no such feature");
    }
}

TEST(SelectDriver, every_refusal_has_an_explanation) {
    for (const int error : {EPERM, ENOSYS, EINVAL, ENOMEM, EMFILE, EOPNOTSUPP, EIO}) {
        EXPECT_FALSE(detail::explain_uring_error(-error).empty());
    }
}

}  // namespace rondo::test
