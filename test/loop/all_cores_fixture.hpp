// SPDX-License-Identifier: Apache-2.0
/// What the tests of run_on_all_cores() share.
#pragma once

#include <atomic>
#include <cstddef>

#include "rondo/loop/run_on_all_cores.hpp"
#include "rondo/sync/thread_channel.hpp"
#include "support/ledger.hpp"

namespace rondo::test {

inline AllCoresOptions cores(unsigned threads) {
    AllCoresOptions options;
    options.threads = threads;
    options.run.driver = DriverKind::epoll;
    options.run.handle_signals = false;
    return options;
}

/// Opens once `wanted` loops have come; the rest of a test may then rely on all of them.
class Meeting {
public:
    explicit Meeting(int wanted) : left_(wanted), channel_(static_cast<std::size_t>(wanted)) {}
    Task<> all_here() {
        if (left_.fetch_sub(1) == 1) {
            channel_.close();
        }
        co_await channel_.receive();
    }

private:
    std::atomic<int> left_;
    ThreadChannel<int> channel_;
};

class AllCoresTest : public LedgerTest {};

}  // namespace rondo::test
