// SPDX-License-Identifier: Apache-2.0
#include "torture/faults.hpp"

#include <array>
#include <atomic>
#include <iterator>

namespace rondo::test {

namespace {

constexpr std::size_t calls_max = 128;

struct State {
    std::array<std::atomic<long>, calls_max> counts{};
    std::atomic<bool> counting{false};
    std::atomic<bool> struck{false};
    Fault fault;
};

thread_local int pauses = 0;

State& state() {
    static State the;
    return the;
}

std::size_t index_of(std::string_view call) noexcept {
    const auto& table = all_calls_that_fail();
    const auto at = table.find(call);
    return at == table.end() ? calls_max - 1
                             : static_cast<std::size_t>(std::distance(table.begin(), at));
}

void restart(const Fault& fault) noexcept {
    all_calls_that_fail();  // made now: making it calls what is counted
    State& now = state();
    for (std::atomic<long>& count : now.counts) {
        count = 0;
    }
    now.fault = fault;
    now.struck = false;
    now.counting = true;
}

}  // namespace

void Seam::start_counting() noexcept { restart(Fault{}); }
void Seam::arm(const Fault& fault) noexcept { restart(fault); }
void Seam::disarm() noexcept { state().counting = false; }
Seam::Pause::Pause() noexcept { ++pauses; }
Seam::Pause::~Pause() { --pauses; }
bool Seam::struck() noexcept { return state().struck; }

std::map<std::string_view, long> Seam::counts() {
    std::map<std::string_view, long> result;
    for (const auto& [call, how] : all_calls_that_fail()) {
        if (const long count = state().counts[index_of(call)]; count > 0) {
            result[call] = count;
        }
    }
    return result;
}

const Failure* Seam::enter(std::string_view call) noexcept {
    State& now = state();
    if (!now.counting || pauses > 0) {
        return nullptr;
    }
    const long site = ++now.counts[index_of(call)];
    if (call != now.fault.call || site != now.fault.site) {
        return nullptr;
    }
    now.struck = true;
    return &now.fault.failure;
}

}  // namespace rondo::test
