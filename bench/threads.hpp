// SPDX-License-Identifier: Apache-2.0
/// What the harnesses of several threads share. W9a: this many posters; W9b and W9c: two loops, on
/// two processors or on one.
#pragma once

#include <sched.h>

namespace bench {

/// Puts this thread on the `which`-th processor that the process may use, counted round.
inline void pin_to(int which) {
    static const cpu_set_t allowed = [] {
        cpu_set_t set;
        CPU_ZERO(&set);
        sched_getaffinity(0, sizeof set, &set);
        return set;
    }();
    int left = which % CPU_COUNT(&allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed) && left-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof one, &one);
            return;
        }
    }
}

}  // namespace bench
