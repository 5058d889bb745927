// SPDX-License-Identifier: Apache-2.0
/// What the tasks of a program share, and the trace they write.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "program.hpp"
#include "rondo/rondo.hpp"

namespace oracle {

/// (raise d k)
struct Failure : std::exception {
    explicit Failure(std::int64_t number) : k(number) {}
    const char* what() const noexcept override { return "a failure of the program"; }
    std::int64_t k;
};

/// The task that runs a statement, and the task group it may spawn into.
struct Here {
    std::string task;
    rondo::TaskGroup* group = nullptr;
};

inline std::chrono::milliseconds ms(std::int64_t count) { return std::chrono::milliseconds(count); }

/// "E3", "timeout", "stopped:caller", "broken".
std::string describe(const std::exception_ptr& error);

struct World {
    explicit World(const Node& program);

    /// A line of the trace: the time, the task, the text.
    void log(const Here& here, std::string_view text);

    rondo::TimePoint start;  ///< the program's time 0
    std::vector<std::string> trace;
    std::map<std::int64_t, rondo::TaskHandle<std::int64_t>> handles;

    std::array<rondo::Lock, 3> locks;
    std::array<rondo::Condition, 3> conditions{
        rondo::Condition(locks[0]), rondo::Condition(locks[1]), rondo::Condition(locks[2])};
    std::array<std::int64_t, 3> counts{};
    std::array<rondo::Semaphore, 2> semaphores;
    std::array<rondo::Event, 2> events;
    rondo::Queue<std::int64_t> fifo;
    rondo::LifoQueue<std::int64_t> lifo;
    rondo::PriorityQueue<std::int64_t> priority;
    std::array<rondo::Barrier, 2> barriers;
};

}  // namespace oracle
