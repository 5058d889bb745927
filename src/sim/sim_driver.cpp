// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_driver.hpp"

#include <cerrno>
#include <utility>

#include "driver/event_tag.hpp"
#include "driver/kernel_calls.hpp"
#include "driver/pipe_signal_guard.hpp"

namespace rondo::detail {
namespace {

std::uint64_t cookie_of(int fd, const Descriptor& descriptor) noexcept {
    return EventTag(EventSource::edge_in, descriptor.generation, static_cast<std::uint32_t>(fd))
        .bits();
}

}  // namespace

SimDriver::SimDriver(const DriverOptions& options)
    : ReadinessDriver(SimNetwork::first_descriptor, SimNetwork::descriptors_max,
                      options.random_order ? &dice_ : nullptr),
      dice_(options.seed),
      random_order_(options.random_order) {}

int SimDriver::arm(int fd, Descriptor& descriptor, bool) noexcept {
    const int error = calls_.arm(fd, cookie_of(fd, descriptor), false);
    if (error == 0) {
        descriptor.armed_in = true;
        descriptor.armed_out = true;
    }
    return error;
}

int SimDriver::arm_poll(const Operation& operation, Descriptor& descriptor) noexcept {
    return calls_.arm(operation.fd, cookie_of(operation.fd, descriptor), writes(operation));
}

int SimDriver::close_armed(int fd, Descriptor& descriptor) noexcept {
    descriptor.renew();
    return calls_.close(fd);
}

bool SimDriver::submit_transfer(Operation& operation) noexcept {
    if (SimNetwork::is_simulated(operation.fd)) {
        return operation.offset == current_position ? submit_readiness(operation)
                                                    : end_inside(operation, -ESPIPE);
    }
    const PipeSignalGuard guard(operation.kind == OperationKind::write);
    return end_inside(operation, transfer_blocking(operation));
}

int SimDriver::unknown_descriptor(int fd) noexcept {
    return fd >= 0 && !SimNetwork::is_simulated(fd) ? -EOPNOTSUPP : -EBADF;
}

WaitResult SimDriver::wait(Time until) noexcept {
    const bool woken = woken_.exchange(false, std::memory_order_acq_rel);
    const bool idle = !woken && ended_.empty() && until > clock_;
    const bool delivered = deliver_edges(idle);
    finish_ended();
    if (!idle || delivered) {
        return WaitResult::progress;
    }
    if (until == never) {
        return WaitResult::stalled;
    }
    clock_ = until;
    return WaitResult::progress;
}

// In random order edges overtake each other, and one in four comes late: at a later wait, but
// before time passes.
bool SimDriver::deliver_edges(bool at_least_one) noexcept {
    calls_.take_edges(edges_);
    bool delivered = false;
    for (std::size_t i = 0; i < edges_.size(); ++i) {
        if (random_order_) {
            std::swap(edges_[i], edges_[i + dice_.below(edges_.size() - i)]);
            const bool needed = at_least_one && !delivered && i + 1 == edges_.size();
            if (!needed && dice_.one_in(4)) {
                calls_.put_back(edges_[i]);
                continue;
            }
        }
        deliver(edges_[i]);
        delivered = true;
    }
    return delivered;
}

void SimDriver::deliver(const SimNetwork::Edge& edge) noexcept {
    const EventTag tag(edge.cookie);
    const int fd = static_cast<int>(tag.index);
    Descriptor& descriptor = *table_.find(fd);
    calls_.begin_delivery(fd, edge);
    if (!tag.is_of(descriptor.generation)) {
        return;
    }
    const unsigned level = calls_.level(fd);
    if (has_poll(descriptor)) {
        on_poll(descriptor, level);
    } else {
        on_edge(descriptor, edge.spurious ? level | EPOLLIN | EPOLLOUT : level);
    }
}

std::unique_ptr<Driver> make_sim_driver(const DriverOptions& options) {
    return std::make_unique<SimDriver>(options);
}

}  // namespace rondo::detail
