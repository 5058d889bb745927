// SPDX-License-Identifier: Apache-2.0
#include "torture/trials.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <numeric>

#ifndef RONDO_TORTURE_PATIENCE
#define RONDO_TORTURE_PATIENCE 5
#endif

namespace rondo::test {
namespace {

constexpr int hang_seconds = RONDO_TORTURE_PATIENCE;  ///< sanitizers are slow
constexpr int ticks_a_second = 100;

void note(const Trial& trial, const Judgement& judgement, Tally& tally) {
    if (judgement.struck) {
        ++tally.struck[static_cast<std::size_t>(kind_of(trial.fault.call))];
    } else {
        ++tally.missed;
    }
    if (!judgement.wrong.empty()) {
        std::printf("WRONG: %s: %s\n", to_text(trial).c_str(), judgement.wrong.c_str());
        std::fflush(stdout);
        ++tally.wrong;
    } else {
        ++(judgement.failed ? tally.failed : tally.passed);
    }
}

// Waits for the child; kills it when it stands still. Its wait status.
int watch(pid_t child, const Tally& tally) {
    std::size_t last = tally.at;
    int idle_ticks = 0;
    for (;;) {
        int status = 0;
        if (waitpid(child, &status, WNOHANG) == child) {
            return status;
        }
        const timespec tick{0, 1'000'000'000 / ticks_a_second};
        nanosleep(&tick, nullptr);
        idle_ticks = tally.at == last ? idle_ticks + 1 : 0;
        last = tally.at;
        if (idle_ticks > hang_seconds * ticks_a_second) {
            kill(child, SIGKILL);
        }
    }
}

const char* end_of(int status) {
    if (!WIFSIGNALED(status)) {
        return "leaked";
    }
    return WTERMSIG(status) == SIGKILL ? "hung" : "crashed";
}

[[noreturn]] void be_the_child(const std::vector<Trial>& trials, Tally& tally) {
    for (; tally.at < trials.size(); ++tally.at) {
        const Trial& trial = trials[tally.at];
        note(trial, perform(trial), tally);
    }
    std::fflush(stdout);
    std::exit(0);
}

}  // namespace

long Tally::struck_in_all() const noexcept {
    return std::accumulate(struck.begin(), struck.end(), 0L);
}

Tally& make_shared_tally() {
    void* const memory =
        mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        std::perror("mmap");
        std::exit(2);
    }
    return *new (memory) Tally{};
}

void perform_all(const std::vector<Trial>& trials, Tally& tally) {
    tally.at = 0;
    while (tally.at < trials.size()) {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            be_the_child(trials, tally);
        }
        const int status = watch(child, tally);
        if (status != 0) {
            const bool inside = tally.at < trials.size();
            std::printf("WRONG: %s: %s\n",
                        inside ? to_text(trials[tally.at]).c_str() : "at the end", end_of(status));
            ++tally.wrong;
            ++tally.at;
        }
    }
}

}  // namespace rondo::test
