// SPDX-License-Identifier: Apache-2.0
// Statements that use what the tasks of a program share.
#include <optional>
#include <utility>

#include "interpreter.hpp"

namespace oracle {
namespace {

template <class Array>
auto& at(Array& array, const Node& node) {
    return array.at(static_cast<std::size_t>(node.numbers.at(1)));
}

/// "holds 2": what was done, and to which one.
std::string done(std::string_view what, const Node& node) {
    return std::string(what) + " " + std::to_string(node.numbers.at(1));
}

/// Calls `function` with the queue that the statement names.
template <class F>
auto with_queue(World& world, const Node& node, F function) {
    switch (node.numbers.at(1)) {
        case 0: return function(world.fifo);
        case 1: return function(world.lifo);
        default: return function(world.priority);
    }
}

template <class Queue>
rondo::Task<> put(Queue& queue, std::int64_t value) {
    co_await queue.put(value);
}
template <class Queue>
rondo::Task<std::int64_t> get(Queue& queue) {
    const std::int64_t value = co_await queue.get();
    co_return value;
}
template <class Queue>
rondo::Task<> join(Queue& queue) {
    co_await queue.join();
}

}  // namespace

rondo::Task<> Interpreter::do_lock(const Node& node, const Here& here) {
    const rondo::Lock::Guard guard = co_await at(world_.locks, node).acquire();
    world_.log(here, done("holds", node));
    co_await block(node.kids, here);
}

rondo::Task<> Interpreter::do_try_lock(const Node& node, const Here& here) {
    const std::optional<rondo::Lock::Guard> guard = at(world_.locks, node).try_acquire();
    if (!guard) {
        world_.log(here, done("busy", node));
        co_return;
    }
    world_.log(here, done("holds", node));
    co_await block(node.kids, here);
}

rondo::Task<> Interpreter::do_sem(const Node& node, const Here& here) {
    const rondo::Semaphore::Permit permit = co_await at(world_.semaphores, node).acquire();
    world_.log(here, done("permit", node));
    co_await block(node.kids, here);
}

rondo::Task<> Interpreter::do_release(const Node& node, const Here&) {
    at(world_.semaphores, node).release(static_cast<std::size_t>(node.numbers.at(2)));
    co_return;
}

rondo::Task<> Interpreter::do_cond_wait(const Node& node, const Here& here) {
    rondo::Condition& condition = at(world_.conditions, node);
    const std::int64_t& count = at(world_.counts, node);
    const std::int64_t until = node.numbers.at(3);
    rondo::Lock::Guard guard = co_await at(world_.locks, node).acquire();
    world_.log(here, done("holds", node));
    co_await rondo::sleep(ms(node.numbers.at(2)));
    if (until == 0) {
        co_await condition.wait(guard);
    } else {
        co_await condition.wait(guard, [&] { return count >= until; });
    }
    world_.log(here, "notified " + std::to_string(count));
    co_await block(node.kids, here);
}

rondo::Task<> Interpreter::do_notify(const Node& node, const Here& here) {
    rondo::Condition& condition = at(world_.conditions, node);
    const rondo::Lock::Guard guard = co_await at(world_.locks, node).acquire();
    ++at(world_.counts, node);
    world_.log(here, "notifies " + std::to_string(node.numbers.at(2)));
    if (node.numbers.at(2) != 0) {
        condition.notify(static_cast<std::size_t>(node.numbers.at(2)));
    } else {
        condition.notify_all();
    }
    co_await rondo::sleep(ms(node.numbers.at(3)));
}

rondo::Task<> Interpreter::do_event_wait(const Node& node, const Here& here) {
    co_await at(world_.events, node).wait();
    world_.log(here, done("saw event", node));
}

rondo::Task<> Interpreter::do_event_set(const Node& node, const Here&) {
    at(world_.events, node).set();
    co_return;
}

rondo::Task<> Interpreter::do_event_clear(const Node& node, const Here&) {
    at(world_.events, node).clear();
    co_return;
}

rondo::Task<> Interpreter::do_put(const Node& node, const Here& here) {
    const std::int64_t value = node.numbers.at(2);
    try {
        co_await with_queue(world_, node, [&](auto& queue) { return put(queue, value); });
        world_.log(here, done("put", node) + " " + std::to_string(value));
    } catch (const rondo::QueueClosed&) {
        world_.log(here, done("closed", node));
    }
}

rondo::Task<> Interpreter::do_get(const Node& node, const Here& here) {
    try {
        const std::int64_t value =
            co_await with_queue(world_, node, [](auto& queue) { return get(queue); });
        world_.log(here, done("got", node) + " " + std::to_string(value));
    } catch (const rondo::QueueClosed&) {
        world_.log(here, done("closed", node));
        co_return;
    }
    if (const std::int64_t work = node.numbers.at(2); work > 0) {
        co_await rondo::sleep(ms(work));
        with_queue(world_, node, [](auto& queue) { queue.task_done(); });
    }
}

rondo::Task<> Interpreter::do_try_put(const Node& node, const Here& here) {
    const std::int64_t value = node.numbers.at(2);
    try {
        const bool put =
            with_queue(world_, node, [&](auto& queue) { return queue.try_put(value); });
        world_.log(here,
                   put ? done("put", node) + " " + std::to_string(value) : done("full", node));
    } catch (const rondo::QueueClosed&) {
        world_.log(here, done("closed", node));
    }
    co_return;
}

rondo::Task<> Interpreter::do_try_get(const Node& node, const Here& here) {
    try {
        const std::optional<std::int64_t> value =
            with_queue(world_, node, [](auto& queue) { return queue.try_get(); });
        world_.log(here,
                   value ? done("got", node) + " " + std::to_string(*value) : done("empty", node));
    } catch (const rondo::QueueClosed&) {
        world_.log(here, done("closed", node));
    }
    co_return;
}

rondo::Task<> Interpreter::do_close(const Node& node, const Here&) {
    const bool discard = node.numbers.at(2) != 0;
    with_queue(world_, node, [&](auto& queue) { queue.close(discard); });
    co_return;
}

rondo::Task<> Interpreter::do_join(const Node& node, const Here& here) {
    co_await with_queue(world_, node, [](auto& queue) { return join(queue); });
    world_.log(here, done("joined", node));
}

rondo::Task<> Interpreter::do_barrier(const Node& node, const Here& here) {
    std::exception_ptr failure;
    try {
        const std::size_t index = co_await at(world_.barriers, node).wait();
        world_.log(here, done("passed", node) + " as " + std::to_string(index));
        co_return;
    } catch (const rondo::BrokenBarrier&) {
        failure = std::current_exception();
        world_.log(here, done("broken", node));
    }
    co_await rondo::sleep(ms(node.numbers.at(2)));
    std::rethrow_exception(failure);
}

rondo::Task<> Interpreter::do_reset(const Node& node, const Here&) {
    at(world_.barriers, node).reset();
    co_return;
}

rondo::Task<> Interpreter::do_abort(const Node& node, const Here&) {
    at(world_.barriers, node).abort();
    co_return;
}

rondo::Task<> Interpreter::do_peek(const Node&, const Here& here) {
    std::string text = "sees";
    const auto add = [&](auto value) { text += " " + std::to_string(static_cast<int>(value)); };
    for (const rondo::Lock& lock : world_.locks) {
        add(lock.locked());
    }
    for (const rondo::Semaphore& semaphore : world_.semaphores) {
        add(semaphore.locked());
    }
    for (const rondo::Event& event : world_.events) {
        add(event.is_set());
    }
    for (const rondo::Barrier& barrier : world_.barriers) {
        add(barrier.broken());
    }
    add(world_.fifo.size());
    add(world_.lifo.size());
    add(world_.priority.size());
    for (const rondo::Barrier& barrier : world_.barriers) {
        add(barrier.waiting());
    }
    world_.log(here, text);
    co_return;
}

}  // namespace oracle
