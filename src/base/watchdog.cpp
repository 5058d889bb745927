// SPDX-License-Identifier: Apache-2.0
#include "base/watchdog.hpp"

#include "base/thread.hpp"

namespace rondo::detail {

void Watchdog::start() {
    thread_ = start_thread("rondo-watchdog", ThreadSignals::none, [this] { work(); });
}

void Watchdog::stop() noexcept {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    stopping_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Watchdog::begin_stretch() noexcept {
    begun_ = std::chrono::steady_clock::now();
    watching_ = true;
    told_ = false;
}

void Watchdog::work() noexcept {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
        stopping_.wait_for(lock, limit_ / 4);
        const auto elapsed = std::chrono::steady_clock::now() - begun_;
        if (watching_ && !told_ && elapsed >= limit_) {
            told_ = true;
            late(elapsed);
        }
    }
}

}  // namespace rondo::detail
