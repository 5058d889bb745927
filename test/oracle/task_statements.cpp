// SPDX-License-Identifier: Apache-2.0
// Statements that run several tasks.
#include <ranges>
#include <utility>

#include "interpreter.hpp"

namespace oracle {
namespace {

std::string state_of(const rondo::TaskHandle<std::int64_t>& handle) {
    if (!handle.done()) {
        return "runs";
    }
    if (handle.cancelled()) {
        return "stopped";
    }
    return handle.succeeded() ? "value" : "error";
}

}  // namespace

void Interpreter::log_gathered(const Here& here, const std::vector<std::int64_t>& values) {
    std::string text = "gathered [";
    for (std::size_t index = 0; index < values.size(); ++index) {
        text += (index == 0 ? "" : ", ") + std::to_string(values[index]);
    }
    world_.log(here, text + "]");
}

rondo::Task<> Interpreter::do_gather(const Node& node, const Here& here) {
    const std::vector<std::int64_t> values = co_await rondo::gather(children(node));
    log_gathered(here, values);
}

rondo::Task<> Interpreter::do_limit(const Node& node, const Here& here) {
    const rondo::Limit limit = rondo::limit(static_cast<std::size_t>(node.numbers.at(1)));
    const std::vector<std::int64_t> values = co_await rondo::gather(limit, children(node));
    log_gathered(here, values);
}

rondo::Task<> Interpreter::do_settle(const Node& node, const Here& here) {
    const auto outcomes = co_await rondo::gather(rondo::settle, children(node));
    std::string text = "settled";
    for (const rondo::Outcome<std::int64_t>& outcome : outcomes) {
        text += " " + (outcome.has_value() ? std::to_string(outcome.value())
                       : outcome.stopped() ? std::string("stopped")
                                           : describe(outcome.error()));
    }
    world_.log(here, text);
}

rondo::Task<> Interpreter::do_race(const Node& node, const Here& here) {
    const std::int64_t value = co_await rondo::race(children(node));
    world_.log(here, "won " + std::to_string(value));
}

rondo::Task<> Interpreter::do_completed(const Node& node, const Here& here) {
    auto body = [&](rondo::Completed<std::int64_t>& results) -> rondo::Task<> {
        for (std::int64_t taken = 0; taken < node.numbers.at(1); ++taken) {
            try {
                const std::optional<std::int64_t> value = co_await results.next();
                if (!value) {
                    break;
                }
                world_.log(here, "next " + std::to_string(*value));
            } catch (...) {
                world_.log(here, "next " + describe(std::current_exception()));
            }
        }
    };
    co_await rondo::as_completed(children(node), body);
    world_.log(here, "completed");
}

rondo::Task<> Interpreter::do_group(const Node& node, const Here& here) {
    auto body = [&](rondo::TaskGroup& group) -> rondo::Task<> {
        const Here inside{here.task, &group};
        co_await block(node.kids, inside);
        world_.log(here, "body over");
    };
    co_await rondo::task_group(body);
    world_.log(here, "group over");
}

rondo::Task<> Interpreter::do_spawn(const Node& node, const Here& here) {
    world_.handles.emplace(node.numbers.at(1), here.group->spawn(child(node.kids.at(0))));
    co_return;
}

rondo::Task<> Interpreter::do_cancel_group(const Node&, const Here& here) {
    here.group->cancel();
    co_return;
}

rondo::Task<> Interpreter::do_create(const Node& node, const Here&) {
    world_.handles.emplace(node.numbers.at(1), rondo::create_task(child(node.kids.at(0))));
    co_return;
}

rondo::Task<> Interpreter::do_await(const Node& node, const Here& here) {
    const auto found = world_.handles.find(node.numbers.at(1));
    if (found == world_.handles.end()) {
        world_.log(here, "no task");
        co_return;
    }
    std::exception_ptr failure;
    try {
        const std::int64_t value = co_await found->second;
        world_.log(here, "awaited " + std::to_string(value));
    } catch (...) {
        failure = std::current_exception();
        world_.log(here, "awaited " + describe(failure));
    }
    co_await rondo::sleep(ms(node.numbers.at(2)));
    if (failure) {
        std::rethrow_exception(failure);
    }
}

rondo::Task<> Interpreter::do_cancel(const Node& node, const Here& here) {
    const auto found = world_.handles.find(node.numbers.at(1));
    if (found != world_.handles.end()) {
        world_.log(here, found->second.done() ? "cancels done" : "cancels");
        found->second.cancel();
    }
    co_return;
}

rondo::Task<> Interpreter::do_drop(const Node& node, const Here&) {
    world_.handles.erase(node.numbers.at(1));
    co_return;
}

rondo::Task<> Interpreter::do_wait(const Node& node, const Here& here) {
    using Handle = rondo::TaskHandle<std::int64_t>;
    std::vector<Handle*> known;
    for (std::size_t index = 4; index < node.numbers.size(); ++index) {
        if (const auto at = world_.handles.find(node.numbers[index]); at != world_.handles.end()) {
            known.push_back(&at->second);
        }
    }
    auto handles = known | std::views::transform([](Handle* each) -> Handle& { return *each; });
    const auto when = static_cast<rondo::ReturnWhen>(node.numbers.at(1));
    const rondo::Duration limit =
        node.numbers.at(2) != 0 ? rondo::Duration(ms(node.numbers.at(2))) : rondo::Duration::max();
    const rondo::WaitSets sets = co_await rondo::wait(handles, when, limit);
    world_.log(here,
               sets.done.size() + sets.pending.size() == known.size() ? "waited" : "lost some");
    co_await rondo::sleep(ms(node.numbers.at(3)));
    std::string text = "states";
    for (const Handle* each : known) {
        text += " " + state_of(*each);
    }
    world_.log(here, text);
}

}  // namespace oracle
