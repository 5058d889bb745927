// SPDX-License-Identifier: Apache-2.0
// A thread that notices when something takes too long, while it still takes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace rondo::detail {

/// Watches stretches of another thread's work, one after the other. What a derived class says of
/// the present stretch it keeps under mutex().
class Watchdog {
public:
    explicit Watchdog(std::chrono::nanoseconds limit) noexcept : limit_(limit) {}
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    virtual ~Watchdog() = default;

    /// Starts the thread. Errors: std::system_error.
    void start();
    /// Ends the thread; called before a derived class's members die. Idempotent.
    void stop() noexcept;

    std::mutex& mutex() noexcept { return mutex_; }

    // With mutex() held:
    void begin_stretch() noexcept;
    void end_stretch() noexcept { watching_ = false; }

private:
    /// A stretch has lasted `elapsed`, which is over the limit. On the watchdog's thread, with
    /// mutex() held, once a stretch.
    virtual void late(std::chrono::nanoseconds elapsed) noexcept = 0;
    void work() noexcept;

    const std::chrono::nanoseconds limit_;
    std::mutex mutex_;
    std::condition_variable stopping_;
    std::chrono::steady_clock::time_point begun_;
    bool watching_ = false;
    bool told_ = false;
    bool stopped_ = false;
    std::thread thread_;
};

}  // namespace rondo::detail
