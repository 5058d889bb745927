// SPDX-License-Identifier: Apache-2.0
/// The simulated driver: virtual time, an order drawn from a seed, a network in memory.
///
/// It shares everything above the system calls with the real drivers. Time stands still while
/// something can happen, and jumps to the next deadline when nothing can. Files are real: read and
/// write of a descriptor that it did not make are blocking calls to the kernel, and a poll of one
/// ends with -EOPNOTSUPP.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "driver/readiness_driver.hpp"
#include "rondo/loop/driver.hpp"
#include "sim/random.hpp"
#include "sim/sim_network.hpp"

namespace rondo::detail {

class SimDriver final : public ReadinessDriver<SimDriver, SimNetwork> {
public:
    explicit SimDriver(const DriverOptions& options);

    WaitResult wait(Time until) noexcept override;
    void wake() noexcept override { woken_.store(true, std::memory_order_release); }
    Time now() noexcept override { return clock_; }
    void block_for(Time nanoseconds) noexcept override {
        clock_ += nanoseconds > 0 ? nanoseconds : 0;
    }
    std::uint64_t entropy() noexcept override { return dice_.next(); }
    bool pending() const noexcept override { return !ended_.empty() || calls_.has_edges(); }
    bool uses_threads() const noexcept override { return false; }
    bool schedules() const noexcept override { return random_order_; }
    std::size_t choose(std::size_t count) noexcept override {
        return random_order_ ? dice_.below(count) : 0;
    }
    const char* name() const noexcept override { return "sim"; }

    /// Simulated descriptors that nobody has closed.
    std::size_t open_descriptors() const noexcept { return calls_.open_descriptors(); }

private:
    friend class ReadinessDriver<SimDriver, SimNetwork>;

    int arm(int fd, Descriptor& descriptor, bool out) noexcept;
    int arm_poll(const Operation& operation, Descriptor& descriptor) noexcept;
    void disarm_poll(const Operation&, Descriptor&) noexcept {}
    int close_armed(int fd, Descriptor& descriptor) noexcept;
    bool submit_transfer(Operation& operation) noexcept;
    void cancel_transfer(const Operation&) noexcept {}
    static int unknown_descriptor(int fd) noexcept;
    void settle() noexcept {}

    bool deliver_edges(bool at_least_one) noexcept;
    void deliver(const SimNetwork::Edge& edge) noexcept;

    Time clock_ = 1'000'000'000;
    SimRandom dice_;
    bool random_order_;
    std::atomic<bool> woken_{false};
    std::vector<SimNetwork::Edge> edges_;
};

std::unique_ptr<Driver> make_sim_driver(const DriverOptions& options);

}  // namespace rondo::detail
