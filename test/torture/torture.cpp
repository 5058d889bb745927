// SPDX-License-Identifier: Apache-2.0
// Fails every call of every scenario in turn, on both kernel drivers, and says what came of it.
//
// Each scenario first runs once, counted. Then it runs once for each of its sites and each failure
// of that call's table. A run may end well, if Rondo has an answer to the failure, or with an Error
// that carries it. It may not crash, hang, leak, end with another error, or end well though a loud
// failure struck. The runs happen in a child process, which a crash or a hang costs; the next child
// goes on behind it.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <set>
#include <string>
#include <system_error>

#include "rondo/base/error.hpp"
#include "rondo/loop/run.hpp"
#include "support/ledger.hpp"
#include "torture/faults.hpp"
#include "torture/scenarios.hpp"

namespace rondo::test {
namespace {

constexpr int hang_seconds = 5;
constexpr long sites_max = 300;  ///< of one call in one scenario; the rest are like them

struct Run {
    const Scenario* scenario;
    DriverKind driver;
    Fault fault;
};

enum class Verdict : unsigned char { passed, failed_properly, wrong };

// Shared with the child.
struct Progress {
    std::atomic<std::size_t> at;
    std::atomic<long> passed;
    std::atomic<long> failed_properly;
    std::atomic<long> wrong;
};

RunOptions options_for(DriverKind driver) {
    RunOptions options;
    options.driver = driver;
    options.handle_signals = false;
    return options;
}

std::string error_name(const Failure& failure) {
    return failure.error == 0 ? "a single byte" : strerrorname_np(failure.error);
}

std::string to_text(const Run& run) {
    return std::string(run.scenario->name) + " on " +
           (run.driver == DriverKind::uring ? "uring" : "epoll") + ", " +
           std::string(run.fault.call) + " number " + std::to_string(run.fault.site) + " gives " +
           error_name(run.fault.failure);
}

// A ring that is refused is reported by what that means; a peer that is not there after the
// connect ended is a connection that was broken.
bool carries(const Error& error, const Fault& fault) {
    const int wanted = fault.failure.error;
    return error.os_error() == wanted || error.code() == errc_of(wanted) ||
           (error.code() == Errc::not_supported && fault.call.starts_with("io_uring_")) ||
           (error.os_error() == ECONNABORTED && wanted == ENOTCONN);
}

// Empty: as it should be. Else what was wrong.
std::string attempt(const Run& run, Verdict& verdict) {
    const Failure& failure = run.fault.failure;
    verdict = Verdict::wrong;
    try {
        rondo::run(run.scenario->body(), options_for(run.driver));
        verdict = Verdict::passed;
        const bool quiet = may_be_quiet(failure.effect) || failure.error == run.scenario->expected;
        return Seam::struck() && !quiet ? "nobody heard of it" : "";
    } catch (const Error& error) {
        verdict = Verdict::failed_properly;
        const bool named = !error.operation().empty();
        return carries(error, run.fault) && named ? ""
                                                  : std::string("another error: ") + error.what();
    } catch (const std::system_error& error) {
        verdict = Verdict::failed_properly;
        return error.code().value() == failure.error
                   ? ""
                   : std::string("another error: ") + error.what();
    } catch (const std::bad_alloc&) {
        verdict = Verdict::failed_properly;
        const bool memory =
            run.fault.call == "mmap" || run.fault.call == "malloc" || run.fault.call == "new";
        return memory ? "" : "std::bad_alloc";
    } catch (const std::exception& error) {
        return std::string("another exception: ") + error.what();
    }
}

void perform(const Run& run, Progress& progress) {
    const Ledger before = Ledger::now();
    Seam::arm(run.fault);
    Verdict verdict{};
    std::string wrong = attempt(run, verdict);
    Seam::disarm();
    const Ledger after = Ledger::now();
    if (wrong.empty() && after.descriptors != before.descriptors) {
        wrong = std::to_string(after.descriptors - before.descriptors) + " descriptors leaked";
    }
    if (wrong.empty() && after.frames != before.frames) {
        wrong = "frames leaked";
    }
    if (!wrong.empty()) {
        std::printf("WRONG: %s: %s\n", to_text(run).c_str(), wrong.c_str());
        std::fflush(stdout);
        ++progress.wrong;
    } else if (verdict == Verdict::passed) {
        ++progress.passed;
    } else {
        ++progress.failed_properly;
    }
}

std::vector<Run> plan(const Scenario& scenario, DriverKind driver) {
    Seam::start_counting();
    run(scenario.body(), options_for(driver));
    Seam::disarm();
    std::vector<Run> runs;
    for (const auto& [call, count] : Seam::counts()) {
        for (long site = 1; site <= std::min(count, sites_max); ++site) {
            for (const Failure& failure : failure_table().at(call)) {
                runs.push_back({&scenario, driver, Fault{call, site, failure}});
            }
        }
    }
    return runs;
}

Progress& shared_progress() {
    void* const memory =
        mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        std::perror("mmap");
        std::exit(2);
    }
    return *new (memory) Progress{};
}

// Waits for the child; kills it when it stands still. Its wait status.
int watch(pid_t child, const Progress& progress) {
    std::size_t last = progress.at;
    int idle_ticks = 0;
    for (;;) {
        int status = 0;
        if (waitpid(child, &status, WNOHANG) == child) {
            return status;
        }
        const timespec tick{0, 20'000'000};
        nanosleep(&tick, nullptr);
        idle_ticks = progress.at == last ? idle_ticks + 1 : 0;
        last = progress.at;
        if (idle_ticks > hang_seconds * 50) {
            kill(child, SIGKILL);
        }
    }
}

void perform_all(const std::vector<Run>& runs, Progress& progress) {
    while (progress.at < runs.size()) {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            for (; progress.at < runs.size(); ++progress.at) {
                perform(runs[progress.at], progress);
            }
            std::fflush(stdout);
            std::exit(0);
        }
        const int status = watch(child, progress);
        if (status != 0) {
            const char* const what =
                WIFSIGNALED(status) ? (WTERMSIG(status) == SIGKILL ? "hung" : "crashed") : "leaked";
            std::printf(
                "WRONG: %s: %s\n",
                progress.at < runs.size() ? to_text(runs[progress.at]).c_str() : "at the end",
                what);
            ++progress.wrong;
            ++progress.at;
        }
    }
}

// One run, for a debugger.
int once(const std::vector<std::string_view>& words) {
    Progress progress{};
    const DriverKind driver = words[2] == "uring" ? DriverKind::uring : DriverKind::epoll;
    for (const Scenario& scenario : scenarios()) {
        if (scenario.name != words[1]) {
            continue;
        }
        for (const Run& run : plan(scenario, driver)) {
            if (run.fault.call == words[3] && std::to_string(run.fault.site) == words[4] &&
                error_name(run.fault.failure) == words[5]) {
                perform(run, progress);
                return progress.wrong == 0 ? 0 : 1;
            }
        }
    }
    std::puts("there is no such site");
    return 1;
}

void print_unreached(const std::set<std::string_view>& reached) {
    for (const auto& [call, failures] : failure_table()) {
        if (reached.count(call) == 0) {
            std::printf("no scenario came to %s\n", call.data());
        }
    }
}

int torture(std::string_view only) {
    Progress& progress = shared_progress();
    std::set<std::string_view> reached;
    std::size_t injections = 0;
    for (const DriverKind driver : {DriverKind::uring, DriverKind::epoll}) {
        for (const Scenario& scenario : scenarios()) {
            if (!only.empty() && scenario.name != only) {
                continue;
            }
            const std::vector<Run> runs = plan(scenario, driver);
            for (const Run& run : runs) {
                reached.insert(run.fault.call);
            }
            progress.at = 0;
            const long wrong = progress.wrong;
            perform_all(runs, progress);
            injections += runs.size();
            std::printf("%-6s %-24s %6zu injections, %ld wrong\n",
                        driver == DriverKind::uring ? "uring" : "epoll", scenario.name.data(),
                        runs.size(), progress.wrong - wrong);
        }
    }
    if (only.empty()) {
        print_unreached(reached);
    }
    std::printf("%zu injections: %ld ended well, %ld ended with the error, %ld wrong\n", injections,
                progress.passed.load(), progress.failed_properly.load(), progress.wrong.load());
    return progress.wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace rondo::test

int main(int argc, char** argv) {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    if (arguments.size() == 6 && arguments[0] == "--once") {
        return rondo::test::once(arguments);
    }
    if (arguments.size() > 1 || (!arguments.empty() && arguments[0].starts_with("-"))) {
        std::puts(
            "torture [SCENARIO]\n"
            "torture --once SCENARIO uring|epoll CALL NUMBER ERRNO   in this process");
        return 1;
    }
    return rondo::test::torture(arguments.empty() ? "" : arguments[0]);
}
