// SPDX-License-Identifier: Apache-2.0
/// The simulated driver: virtual time, a schedule of tasks, a network in memory.
///
/// It shares everything above the system calls with the real drivers. Time stands still while
/// something can happen, and jumps to the next deadline or arrival when nothing can. Files are
/// real: the completion kinds are blocking calls to the kernel, unless they concern a descriptor of
/// its own making, and a poll of a real descriptor ends with -EOPNOTSUPP.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "driver/readiness_driver.hpp"
#include "driver/readiness_edges.hpp"
#include "driver/readiness_submit.hpp"
#include "rondo/loop/driver.hpp"
#include "rondo/sim/options.hpp"
#include "sim/random.hpp"
#include "sim/sim_names.hpp"
#include "sim/sim_network.hpp"
#include "sim/task_order.hpp"
#include "sim/trace.hpp"

namespace rondo::detail {

class SimDriver final : public ReadinessDriver<SimDriver, SimNetwork> {
public:
    /// What a simulated driver does beyond its options.
    struct Watch {
        bool steps = false;  ///< the loop asks for each step, also in the order of the real loop
        TraceListener* listener = nullptr;
    };

    SimDriver(const sim::Options& options, Watch watch);

    WaitResult wait(Time until) noexcept override;
    void wake() noexcept override { woken_.store(true, std::memory_order_release); }
    Time now() noexcept override { return clock_; }
    void block_for(Time nanoseconds) noexcept override {
        clock_ += nanoseconds > 0 ? nanoseconds : 0;
    }
    std::uint64_t entropy() noexcept override;
    bool pending() const noexcept override {
        return !ended_.empty() || !files_.empty() || calls_.has_edges() || calls_.may_be_due();
    }
    bool uses_threads() const noexcept override { return false; }
    NameScript* names() noexcept override { return &names_; }
    bool schedules() const noexcept override { return schedules_; }
    std::size_t choose(const ReadyTask* ready, std::size_t count) noexcept override;
    const char* name() const noexcept override { return "sim"; }

    SimNetwork& network() noexcept { return calls_; }
    /// Simulated descriptors that nobody has closed.
    std::size_t open_descriptors() const noexcept { return calls_.open_descriptors(); }
    Time elapsed() const noexcept { return clock_ - start; }
    const Trace& trace() const noexcept { return trace_; }
    /// Adds to the trace what the program has to say.
    void note(std::string_view text);

private:
    friend class ReadinessDriver<SimDriver, SimNetwork>;

    int arm(int fd, Descriptor& descriptor, bool out) noexcept;
    int arm_poll(const Operation& operation, Descriptor& descriptor) noexcept;
    void disarm_poll(const Operation&, Descriptor&) noexcept {}
    int close_armed(int fd, Descriptor& descriptor) noexcept;
    bool submit_transfer(Operation& operation) noexcept;
    bool submit_file_call(Operation& operation) noexcept;
    void cancel_lent(const Operation&) noexcept {}
    static int unknown_descriptor(int fd) noexcept;

    bool drawn() const noexcept {
        return options_.schedule == Schedule::random || options_.schedule == Schedule::pct;
    }
    void call_file(Operation& operation) noexcept;
    void finish_files() noexcept;
    bool deliver_edges(bool at_least_one) noexcept;
    void deliver(const SimNetwork::Edge& edge) noexcept;
    void put_in_order(std::size_t next) noexcept;
    bool limit_reached() noexcept;
    void record(TraceEvent event, std::uint64_t subject, std::int64_t value, std::string_view text);

    static constexpr Time start = 1'000'000'000;

    const sim::Options options_;
    Time clock_ = start;
    Time clock_max_;
    std::uint64_t steps_max_;
    TaskOrder order_;
    SimRandom dice_;          ///< of the network and its edges
    SimRandom entropy_dice_;  ///< of the program
    SimNames names_;
    Trace trace_;
    bool schedules_;
    std::atomic<bool> woken_{false};
    std::vector<SimNetwork::Edge> edges_;
    OperationList files_;  ///< calls that the next wait() makes
};

/// By a program's own options; RONDO_SIM has a say when `by_variable`.
std::unique_ptr<Driver> make_sim_driver(const DriverOptions& options, bool by_variable = false);

}  // namespace rondo::detail
