// SPDX-License-Identifier: Apache-2.0
#include "base/cpus.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <numeric>
#include <thread>

namespace rondo::detail {

std::vector<unsigned> usable_cpus() {
    std::vector<unsigned> cpus;
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(cpu, &allowed)) {
                cpus.push_back(cpu);
            }
        }
    }
    if (cpus.empty()) {  // on more than 1,024 processors the mask is longer than a cpu_set_t
        cpus.resize(std::max(1U, std::thread::hardware_concurrency()));
        std::iota(cpus.begin(), cpus.end(), 0U);
    }
    return cpus;
}

bool pin_this_thread(unsigned cpu) noexcept {
    if (cpu >= CPU_SETSIZE) {
        return false;
    }
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    return pthread_setaffinity_np(pthread_self(), sizeof only, &only) == 0;
}

}  // namespace rondo::detail
