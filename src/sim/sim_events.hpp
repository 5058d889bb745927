// SPDX-License-Identifier: Apache-2.0
/// What will happen in the simulated world, and when: by time, and among equals by order of
/// arrangement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "rondo/base/unique_function.hpp"

namespace rondo::detail {

class SimEvents {
public:
    using Time = std::int64_t;
    using Function = UniqueFunction<void()>;
    static constexpr Time never = INT64_MAX;

    /// Whoever events are about. When it dies, or is renewed, they are off. Its events may use its
    /// address.
    class Owner {
    public:
        Owner() noexcept = default;
        Owner(const Owner&) = delete;
        Owner& operator=(const Owner&) = delete;
        ~Owner() { renew(); }

        /// Events arranged so far do not happen.
        void renew() noexcept;

    private:
        friend class SimEvents;
        SimEvents* events_ = nullptr;
        std::uint32_t slot_ = 0;
    };

    SimEvents() = default;
    SimEvents(const SimEvents&) = delete;
    SimEvents& operator=(const SimEvents&) = delete;

    /// Calls `function` when the time is `when`, unless `owner` is gone by then. `owner` must not
    /// outlive this object.
    void at(Time when, Owner& owner, Function function);

    /// The time of the next event, or `never`.
    Time next() noexcept;
    /// True too when all that is due is off.
    bool may_be_due(Time now) const noexcept { return !heap_.empty() && heap_.front().when <= now; }
    bool is_due(Time now) noexcept { return may_be_due(now) && next() <= now; }

    /// Lets happen what is due, events included that this arranges. True: there was something.
    bool run_due(Time now);

private:
    struct Event {
        Time when;
        std::uint64_t number;
        std::uint32_t slot;
        std::uint32_t generation;
        Function function;
    };
    struct Later {
        bool operator()(const Event& a, const Event& b) const noexcept {
            return a.when != b.when ? a.when > b.when : a.number > b.number;
        }
    };

    bool is_off(const Event& event) const noexcept {
        return generations_[event.slot] != event.generation;
    }
    Event take_first() noexcept;

    std::vector<Event> heap_;
    std::vector<std::uint32_t> generations_;  ///< by slot
    std::vector<std::uint32_t> free_;
    std::uint64_t arranged_ = 0;
};

}  // namespace rondo::detail
