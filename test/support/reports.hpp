// SPDX-License-Identifier: Apache-2.0
/// Collects what Rondo reports while it lives.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/base/report.hpp"

namespace rondo::test {

/// One at a time in a program.
class Reports {
public:
    Reports() { before_ = set_report_handler(&add); }
    Reports(const Reports&) = delete;
    Reports& operator=(const Reports&) = delete;
    ~Reports() {
        set_report_handler(before_);
        take();
    }

    /// All that came since the last call.
    static std::vector<std::string> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(texts_, {});
    }
    static bool empty() {
        const std::lock_guard lock(mutex_);
        return texts_.empty();
    }

private:
    static void add(std::string_view text) {
        const std::lock_guard lock(mutex_);
        texts_.emplace_back(text);
    }
    static inline std::mutex mutex_;
    static inline std::vector<std::string> texts_;
    ReportHandler before_;
};

}  // namespace rondo::test
