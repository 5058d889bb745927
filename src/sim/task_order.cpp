// SPDX-License-Identifier: Apache-2.0
// fifo and reverse go turn by turn, as the loop does. In the drawn orders a turn is one task, so
// that one may overtake another as often as the draw will have it.
//
// pct is probabilistic concurrency testing: each task has a drawn priority, the highest runs, and
// at depth - 1 drawn steps the one that would run next falls below all the others. So does a
// task that yields many times in a row, else one that spins would starve those it waits for.
#include "sim/task_order.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace rondo::detail {
namespace {

// Above what change points give, which is the number of changes left.
constexpr std::int64_t first_drawn = 1 << 20;

constexpr int yields_max = 16;

}  // namespace

TaskOrder::TaskOrder(const sim::Options& options)
    : schedule_(options.schedule), dice_(options.seed ^ 0x7461736b6f726465) {
    if (schedule_ == Schedule::pct) {
        draw_changes(options);
    }
}

// How long the run will be is unknown unless the options say: then one magnitude is drawn.
void TaskOrder::draw_changes(const sim::Options& options) {
    const std::size_t drawn = std::size_t{16} << dice_.below(9);
    const std::size_t steps = options.pct_steps != 0 ? options.pct_steps : drawn;
    for (unsigned i = 1; i < options.pct_depth; ++i) {
        changes_.push_back(1 + dice_.below(steps));
    }
    std::sort(changes_.begin(), changes_.end(), std::greater<>());
}

std::size_t TaskOrder::choose(const ReadyTask* ready, std::size_t count) {
    switch (schedule_) {
        case Schedule::fifo: return 0;
        case Schedule::reverse: return count - 1;
        default: break;
    }
    if (turn_over_) {
        turn_over_ = false;
        return count;
    }
    turn_over_ = true;
    return schedule_ == Schedule::pct ? highest(ready, count) : dice_.below(count);
}

std::size_t TaskOrder::highest(const ReadyTask* ready, std::size_t count) {
    ++step_;
    for (;;) {
        std::size_t place = 0;
        std::int64_t best = INT64_MIN;
        for (std::size_t i = 0; i < count; ++i) {
            const std::int64_t priority = priority_of(ready[i]);
            if (priority > best) {
                best = priority;
                place = i;
            }
        }
        Priority& chosen = priorities_[ready[place].id];
        if (changes_.empty() || changes_.back() > step_) {
            chosen.ran = true;
            return place;
        }
        chosen.value = static_cast<std::int64_t>(changes_.size());
        changes_.pop_back();
    }
}

std::int64_t TaskOrder::priority_of(const ReadyTask& task) {
    const auto [at, added] = priorities_.try_emplace(task.id);
    Priority& priority = at->second;
    if (added) {
        priority = {first_drawn + static_cast<std::int64_t>(dice_.next() >> 2), 0, false};
    } else if (std::exchange(priority.ran, false)) {
        priority.yields = task.fresh ? priority.yields + 1 : 0;
        if (priority.yields == yields_max) {
            priority = {--lowest_, 0, false};
        }
    }
    return priority.value;
}

}  // namespace rondo::detail
