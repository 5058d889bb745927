// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

namespace oracle {
namespace {

std::size_t count_at(const Node& program, std::size_t index) {
    return static_cast<std::size_t>(program.numbers.at(index));
}

}  // namespace

std::string describe(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const Failure& failure) {
        return "E" + std::to_string(failure.k);
    } catch (const rondo::TimeoutError&) {
        return "timeout";
    } catch (const rondo::Cancelled& stopped) {
        return "stopped:" + std::string(to_string(stopped.reason()));
    } catch (const rondo::BrokenBarrier&) {
        return "broken";
    } catch (...) {
        return rondo::describe(error);
    }
}

World::World(const Node& program)
    : semaphores{rondo::Semaphore(count_at(program, 0)), rondo::Semaphore(count_at(program, 1))},
      fifo(count_at(program, 2)),
      lifo(count_at(program, 3)),
      priority(count_at(program, 4)),
      barriers{rondo::Barrier(count_at(program, 5)), rondo::Barrier(count_at(program, 6))} {}

void World::log(const Here& here, std::string_view text) {
    using std::chrono::duration_cast;
    const auto now = duration_cast<std::chrono::milliseconds>(rondo::now() - start);
    std::string line = std::to_string(now.count());
    line.append(1, ' ').append(here.task).append(1, ' ').append(text);
    trace.push_back(std::move(line));
}

}  // namespace oracle
