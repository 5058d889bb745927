// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_driver.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "driver/event_tag.hpp"
#include "driver/file_calls.hpp"
#include "driver/kernel_calls.hpp"
#include "driver/write_signal_guard.hpp"
#include "rondo/base/time.hpp"
#include "rondo/coro/scope_info.hpp"

namespace rondo::detail {
namespace {

std::uint64_t cookie_of(int fd, const Descriptor& descriptor) noexcept {
    return EventTag(EventSource::edge_in, descriptor.generation, static_cast<std::uint32_t>(fd))
        .bits();
}

}  // namespace

// The network is made first, and gets the addresses of what is made later.
SimDriver::SimDriver(const sim::Options& options, Watch watch)
    : ReadinessDriver(SimNetwork::first_descriptor, SimNetwork::descriptors_max, options, &clock_,
                      options.lies() ? &dice_ : nullptr,
                      SimNetwork::Witness{
                          this,
                          [](void* self, TraceEvent event, std::string_view what, int fd,
                             std::int64_t value) noexcept {
                              static_cast<SimDriver*>(self)->record(
                                  event, static_cast<std::uint64_t>(fd), value, what);
                          },
                      }),
      options_(options),
      clock_max_(add_saturating(start, options.time_max.count())),
      steps_max_(options.steps_max == 0 ? UINT64_MAX : options.steps_max),
      order_(options),
      dice_(options.seed ^ 0x6e6574776f726b73),
      entropy_dice_(options.seed ^ 0x656e74726f707921),
      names_(options.seed ^ 0x6e616d6573212121, clock_,
             SimNames::Witness{
                 this,
                 [](void* self, std::string_view name, RecordType type, std::int64_t after) {
                     static_cast<SimDriver*>(self)->record(
                         TraceEvent::call, hash_of(name) ^ static_cast<std::uint64_t>(type), after,
                         name);
                 },
             }),
      trace_(watch.listener),
      schedules_(watch.steps || options.schedule != Schedule::fifo) {}

void SimDriver::record(TraceEvent event, std::uint64_t subject, std::int64_t value,
                       std::string_view text) {
    trace_.record(TraceStep{elapsed(), subject, value, event}, text);
}

void SimDriver::note(std::string_view text) {
    record(TraceEvent::note, 0, static_cast<std::int64_t>(hash_of(text)), text);
}

std::uint64_t SimDriver::entropy() noexcept {
    record(TraceEvent::entropy, 0, 0, {});
    return entropy_dice_.next();
}

// Said once; then the program gets some more, to end in.
bool SimDriver::limit_reached() noexcept {
    constexpr std::uint64_t more_steps = 100'000;
    constexpr Time more_time = 3'600'000'000'000;
    if (trace_.steps() < steps_max_ && clock_ <= clock_max_) {
        return false;
    }
    steps_max_ = trace_.steps() + more_steps;
    clock_max_ = add_saturating(clock_, more_time);
    return true;
}

std::size_t SimDriver::choose(const ReadyTask* ready, std::size_t count) noexcept {
    if (limit_reached()) {
        return give_up;
    }
    const std::size_t place = order_.choose(ready, count);
    if (place < count) {
        clock_ += options_.step_cost.count();
        std::string_view name;
        if (trace_.listened_to()) {
            name = name_of(*static_cast<const Scope*>(ready[place].task));
        }
        record(TraceEvent::task, ready[place].id, ready[place].fresh ? 1 : 0, name);
    }
    return place;
}

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
    return submit_file_call(operation);
}

// In the drawn orders a call is made at once, or made and told later, or made later, so that a
// cancel meets it before, while and after.
bool SimDriver::submit_file_call(Operation& operation) noexcept {
    enum Course : std::uint8_t { at_once, told_later, made_later };
    const auto course = drawn() ? static_cast<Course>(dice_.below(3)) : at_once;
    if (course != made_later) {
        call_file(operation);
    }
    if (course == at_once) {
        operation.state = OperationState::done;
        return true;
    }
    operation.flags |= operation_lent;
    begin(operation);
    (course == told_later ? ended_ : files_).push(operation);
    return false;
}

// The number of a descriptor is the system's choice, so it is not part of the trace.
void SimDriver::call_file(Operation& operation) noexcept {
    const WriteSignalGuard guard(operation.kind != OperationKind::read);
    operation.result = call_blocking(operation);
    const bool opened = operation.kind == OperationKind::open && operation.result >= 0;
    record(TraceEvent::call, 0, opened ? 0 : operation.result, "a file");
}

void SimDriver::finish_files() noexcept {
    while (Operation* operation = files_.pop()) {
        if (operation->state == OperationState::cancel_asked) {
            operation->result = -ECANCELED;
        } else {
            call_file(*operation);
        }
        finish(*operation);
    }
}

int SimDriver::unknown_descriptor(int fd) noexcept {
    return fd >= 0 && !SimNetwork::is_simulated(fd) ? -EOPNOTSUPP : -EBADF;
}

WaitResult SimDriver::wait(Time until) noexcept {
    const bool woken = woken_.exchange(false, std::memory_order_acq_rel);
    calls_.run_due();
    const bool idle = !woken && ended_.empty() && files_.empty() && until > clock_;
    const bool delivered = deliver_edges(idle);
    finish_files();
    finish_ended();
    if (idle && !delivered) {
        const Time next = std::min(until, calls_.next_due());
        if (next == never) {
            return WaitResult::stalled;
        }
        clock_ = std::min(next, add_saturating(clock_max_, 1));
        if (calls_.run_due()) {
            deliver_edges(true);
        }
    }
    return limit_reached() ? WaitResult::exhausted : WaitResult::progress;
}

// The edge to deliver next goes to the place `next`.
void SimDriver::put_in_order(std::size_t next) noexcept {
    if (options_.schedule == Schedule::reverse) {
        if (next == 0) {
            std::reverse(edges_.begin(), edges_.end());
        }
    } else if (options_.schedule != Schedule::fifo) {
        std::swap(edges_[next], edges_[next + dice_.below(edges_.size() - next)]);
    }
}

// In the drawn orders edges overtake each other, and one in four comes late: at a later wait, but
// before time passes.
bool SimDriver::deliver_edges(bool at_least_one) noexcept {
    calls_.take_edges(edges_);
    bool delivered = false;
    for (std::size_t i = 0; i < edges_.size(); ++i) {
        put_in_order(i);
        if (drawn()) {
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
    record(TraceEvent::edge, static_cast<std::uint64_t>(fd), edge.spurious ? 1 : 0, {});
    calls_.begin_delivery(fd, edge);
    if (!tag.is_of(descriptor.generation)) {
        return;
    }
    const unsigned level = calls_.level(fd);
    // Also for a poll: who made calls before it was told that they block.
    on_edge(descriptor, edge.spurious ? level | EPOLLIN | EPOLLOUT : level);
    if (has_poll(descriptor)) {
        on_poll(descriptor, level);
    }
}

std::unique_ptr<Driver> make_sim_driver(const DriverOptions& options, bool by_variable) {
    sim::Options chosen(options.schedule, options.seed);
    if (by_variable) {
        chosen = sim::from_environment(chosen).value_or(chosen);
    }
    chosen.steps_max = 0;
    return std::make_unique<SimDriver>(chosen, SimDriver::Watch{});
}

}  // namespace rondo::detail
