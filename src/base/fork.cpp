// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/fork.hpp"

#include <pthread.h>

#include <mutex>

#include "rondo/base/assert.hpp"

namespace rondo::detail {

void watch_forks() {
    static std::once_flag once;
    std::call_once(once, [] {
        pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
    });
}

void fail_forked() noexcept {
    fail("misuse",
         "the child of a fork() uses an event loop of its parent: it may only exec or _exit",
         __FILE__, __LINE__);
}

}  // namespace rondo::detail
