// SPDX-License-Identifier: Apache-2.0
/// What the harnesses share: a stopwatch, the sleep lengths, and the one line of output
/// `peer workload N seconds ns_per_op peak_rss_kb cpu_seconds`.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace bench {

class Stopwatch {
public:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// 0..1000 ms by splitmix64 from seed 1: every peer draws the same lengths.
class SleepLengths {
public:
    std::chrono::milliseconds next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return std::chrono::milliseconds((z ^ (z >> 31)) % 1001);
    }

private:
    std::uint64_t state_ = 1;
};

/// How many coroutines fib(n) by naive recursion calls.
inline double fib_calls(long n) {
    double here = 1;
    double before = 1;
    for (long i = 1; i < n; ++i) {
        const double sum = here + before;
        before = here;
        here = sum;
    }
    return 2 * here - 1;
}

/// VmHWM, not ru_maxrss: that survives exec, and so counts the program that started this one.
inline long peak_rss_kb() {
    long kb = 0;
    if (std::FILE* status = std::fopen("/proc/self/status", "r")) {
        char line[256];
        while (std::fgets(line, sizeof line, status) != nullptr) {
            if (std::sscanf(line, "VmHWM: %ld", &kb) == 1) {
                break;
            }
        }
        std::fclose(status);
    }
    return kb;
}

struct Arguments {
    std::string_view workload;
    long n;
};

inline std::optional<Arguments> parse(int argc, char** argv) {
    const long n = argc == 3 ? std::strtol(argv[2], nullptr, 10) : 0;
    if (n <= 0) {
        return std::nullopt;
    }
    return Arguments{argv[1], n};
}

inline int usage(const char* program) {
    std::fprintf(stderr,
                 "usage: %s WORKLOAD N\n"
                 "  W1 N calls, W2 fib(N), W3 N yields of 1000 tasks, W4 N tasks spawned and\n"
                 "  joined (W4h: handles kept, W4g: by gather), W5 N sleepers, W6 N yields under\n"
                 "  a timeout, W7a and W7b N items through a queue of capacity 1 and 128, W8 N\n"
                 "  holders of a lock, W10 N blocked tasks cancelled\n",
                 program);
    return 1;
}

/// Ends the program when a workload did not do what it claims.
inline void require(bool done, const char* what) {
    if (!done) {
        std::fprintf(stderr, "wrong result: %s\n", what);
        std::abort();
    }
}

inline void report(const char* peer, const Arguments& arguments, double seconds) {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
    const double ops =
        arguments.workload == "W2" ? fib_calls(arguments.n) : static_cast<double>(arguments.n);
    std::printf("%s %.*s %ld %.6f %.2f %ld %.3f\n", peer,
                static_cast<int>(arguments.workload.size()), arguments.workload.data(), arguments.n,
                seconds, seconds * 1e9 / ops, peak_rss_kb(), cpu);
}

}  // namespace bench
