// SPDX-License-Identifier: Apache-2.0
/// What a debugging loop notes while it runs: since when tasks wait, and who blocks it.
#pragma once

#include <cstdint>
#include <source_location>
#include <string>

#include "base/watchdog.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo::detail {

class DebugWatch final : Watchdog {
public:
    /// A stretch of at least `slow` between two awaits is reported: by a thread of its own while it
    /// lasts, unless the driver has no real time, and when it is over.
    DebugWatch(Driver& driver, Duration slow);
    ~DebugWatch() override;

    /// The scope's chain is about to be resumed.
    void resumes(const Scope& scope);
    /// The chain of `scope`, and of those that run on its stack, waits now.
    void suspended(Scope& scope);
    /// The chain came to its end.
    void ended() { came_back(); }
    /// A callback of the loop is about to be called; ended() follows.
    void calls(const char* what);

private:
    void late(std::chrono::nanoseconds elapsed) noexcept override;
    std::int64_t came_back();
    std::string subject() const;

    Driver& driver_;
    const std::int64_t slow_;
    std::int64_t begun_ = 0;

    // Of the present stretch; guarded by mutex().
    std::string name_;              ///< the task's, or what is called
    std::source_location root_;     ///< its outermost coroutine
    std::source_location resumed_;  ///< the await after which it runs
};

}  // namespace rondo::detail
