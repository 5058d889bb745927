// SPDX-License-Identifier: Apache-2.0
#include "rondo/sim/run.hpp"

#include <algorithm>

#include "rondo/loop/task_info.hpp"
#include "sim/sim_driver.hpp"

namespace rondo::sim {
namespace {

RunOptions loop_options() {
    RunOptions options;
    options.driver = DriverKind::sim;
    options.handle_signals = false;
    return options;
}

}  // namespace

namespace detail {

Session::Session(const Options& options, Report& report, rondo::detail::TraceListener* listener)
    : report_(report), frames_before_(rondo::detail::local.pool.live()) {
    auto driver = std::make_unique<rondo::detail::SimDriver>(
        options, rondo::detail::SimDriver::Watch{true, listener});
    driver_ = driver.get();
    loop_ = std::make_unique<EventLoop>(std::move(driver), loop_options());
    report_ = Report();
    report_.options = options;
}

Session::~Session() {
    report_.steps = driver_->trace().steps();
    report_.calls = driver_->network().calls().total();
    report_.elapsed = Duration(driver_->elapsed());
    report_.trace_hash = driver_->trace().hash();
    report_.descriptors_leaked = driver_->open_descriptors();
    loop_.reset();
    report_.frames_leaked = rondo::detail::local.pool.live() - frames_before_;
}

void Session::run(rondo::detail::Scope& main) {
    loop_->run_main(main);
    const std::vector<TaskInfo> tasks = all_tasks();
    const bool left = std::any_of(tasks.begin(), tasks.end(), [](const TaskInfo& task) {
        return task.cancelled == Reason::none;
    });
    if (left) {
        report_.left_running = loop_->dump_tasks();
    }
    loop_->shut_down();
}

}  // namespace detail

void note(std::string_view text) {
    if (EventLoop* const loop = rondo::detail::local.loop) {
        if (auto* const driver = dynamic_cast<rondo::detail::SimDriver*>(&loop->driver())) {
            driver->note(text);
        }
    }
}

}  // namespace rondo::sim
