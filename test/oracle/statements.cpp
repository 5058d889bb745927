// SPDX-License-Identifier: Apache-2.0
// Tasks, plain statements, and scopes of one task.
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "interpreter.hpp"

namespace oracle {
namespace {

/// Tells how a child ended: "stopped", unless it said something else before its frame died.
class Ending {
public:
    Ending(World& world, const Here& here) : world_(&world), here_(&here) {}
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    ~Ending() { world_->log(*here_, how_); }
    void is(std::string how) { how_ = std::move(how); }

private:
    World* world_;
    const Here* here_;
    std::string how_ = "stopped";
};

/// Which errors (try d which …) catches.
bool catches(std::int64_t which, const std::exception_ptr& error) {
    const std::string name = describe(error);
    return which == 0 || (which == 1 && name.starts_with("E")) || (which == 2 && name == "timeout");
}

}  // namespace

std::vector<std::string> Interpreter::run() {
    rondo::RunOptions options;
    options.driver = rondo::DriverKind::sim;
    options.handle_signals = false;
    options.grace = std::chrono::hours(100'000);
    rondo::run([this] { return main(); }, options);
    world_.handles.clear();
    return std::move(world_.trace);
}

rondo::Task<> Interpreter::main() {
    const Here here{"main", nullptr};
    world_.start = rondo::now();
    try {
        const rondo::TimePoint limit = world_.start + ms(program_.numbers.at(7));
        const std::int64_t result = co_await rondo::timeout_at(limit, child(program_.kids.at(0)));
        world_.log(here, "ended " + std::to_string(result));
    } catch (...) {
        world_.log(here, "ended " + describe(std::current_exception()));
    }
    co_await rondo::sleep(ms(1));  // until what this set off is over, and all wait
}

rondo::Task<> Interpreter::block(const std::vector<Node>& nodes, const Here& here) {
    for (const Node& node : nodes) {
        if (node.numbers.at(0) > 0) {
            co_await rondo::sleep(ms(node.numbers.at(0)));
        }
        rondo::Task<> statement = (this->*find(node.name))(node, here);
        co_await statement;
    }
}

rondo::Task<std::int64_t> Interpreter::child(const Node& node) {
    const Here here{"c" + std::to_string(node.numbers.at(0)), nullptr};
    world_.log(here, "start");
    Ending ending(world_, here);
    const std::int64_t value = node.numbers.at(1);
    try {
        co_await block(node.kids, here);
        co_await rondo::sleep(ms(node.numbers.at(2)));
    } catch (...) {
        ending.is("raises " + describe(std::current_exception()));
        throw;
    }
    ending.is("returns " + std::to_string(value));
    co_return value;
}

std::vector<rondo::Task<std::int64_t>> Interpreter::children(const Node& node) {
    std::vector<rondo::Task<std::int64_t>> tasks;
    for (const Node& kid : node.kids) {
        tasks.push_back(child(kid));
    }
    return tasks;
}

rondo::Task<> Interpreter::do_log(const Node& node, const Here& here) {
    world_.log(here, "log " + std::to_string(node.numbers.at(1)));
    co_return;
}

rondo::Task<> Interpreter::do_block(const Node& node, const Here& here) {
    return block(node.kids, here);
}

rondo::Task<> Interpreter::do_sleep(const Node&, const Here& here) {
    world_.log(here, "slept");
    co_return;
}

rondo::Task<> Interpreter::do_yield(const Node& node, const Here& here) {
    for (std::int64_t turn = 0; turn < node.numbers.at(1); ++turn) {
        co_await rondo::yield();
    }
    world_.log(here, "yielded");
}

rondo::Task<> Interpreter::do_raise(const Node& node, const Here&) {
    throw Failure(node.numbers.at(1));
    co_return;
}

rondo::Task<> Interpreter::do_try(const Node& node, const Here& here) {
    try {
        co_await block(node.kids, here);
        world_.log(here, "tried");
    } catch (...) {
        const std::exception_ptr error = std::current_exception();
        if (!catches(node.numbers.at(1), error)) {
            throw;
        }
        std::string text = "caught " + describe(error);
        for (const std::exception_ptr& other : rondo::suppressed_errors()) {
            text += " " + describe(other);
        }
        world_.log(here, text);
    }
}

rondo::Task<> Interpreter::do_guard(const Node& node, const Here& here) {
    Ending guard(world_, here);
    guard.is("left " + std::to_string(node.numbers.at(1)));
    co_await block(node.kids, here);
}

rondo::Task<> Interpreter::do_finally(const Node& node, const Here& here) {
    auto body = [&] { return block(node.kids.at(0).kids, here); };
    auto cleanup = [&] { return block(node.kids.at(1).kids, here); };
    co_await rondo::finally(body, cleanup, ms(node.numbers.at(1)));
    world_.log(here, "finally over");
}

rondo::Task<> Interpreter::do_shield(const Node& node, const Here& here) {
    co_await rondo::shield(block(node.kids, here), ms(node.numbers.at(1)));
    world_.log(here, "shield over");
}

rondo::Task<> Interpreter::do_timeout(const Node& node, const Here& here) {
    co_await rondo::timeout(ms(node.numbers.at(1)), block(node.kids, here));
    world_.log(here, "in time");
}

rondo::Task<> Interpreter::do_timeout_at(const Node& node, const Here& here) {
    const rondo::TimePoint when = world_.start + ms(node.numbers.at(1));
    co_await rondo::timeout_at(when, block(node.kids, here));
    world_.log(here, "in time");
}

rondo::Task<> Interpreter::do_move_on(const Node& node, const Here& here) {
    const auto in_time =
        co_await rondo::move_on_after(ms(node.numbers.at(1)), block(node.kids, here));
    world_.log(here, in_time ? "in time" : "moved on");
}

Interpreter::Statement Interpreter::find(const std::string& name) {
    static const std::unordered_map<std::string, Statement> statements{
        {"log", &Interpreter::do_log},
        {"block", &Interpreter::do_block},
        {"sleep", &Interpreter::do_sleep},
        {"yield", &Interpreter::do_yield},
        {"raise", &Interpreter::do_raise},
        {"try", &Interpreter::do_try},
        {"guard", &Interpreter::do_guard},
        {"finally", &Interpreter::do_finally},
        {"shield", &Interpreter::do_shield},
        {"timeout", &Interpreter::do_timeout},
        {"timeout_at", &Interpreter::do_timeout_at},
        {"move_on", &Interpreter::do_move_on},
        {"gather", &Interpreter::do_gather},
        {"limit", &Interpreter::do_limit},
        {"settle", &Interpreter::do_settle},
        {"race", &Interpreter::do_race},
        {"completed", &Interpreter::do_completed},
        {"group", &Interpreter::do_group},
        {"spawn", &Interpreter::do_spawn},
        {"cancel_group", &Interpreter::do_cancel_group},
        {"create", &Interpreter::do_create},
        {"await", &Interpreter::do_await},
        {"cancel", &Interpreter::do_cancel},
        {"drop", &Interpreter::do_drop},
        {"wait", &Interpreter::do_wait},
        {"lock", &Interpreter::do_lock},
        {"try_lock", &Interpreter::do_try_lock},
        {"sem", &Interpreter::do_sem},
        {"release", &Interpreter::do_release},
        {"cond_wait", &Interpreter::do_cond_wait},
        {"notify", &Interpreter::do_notify},
        {"event_wait", &Interpreter::do_event_wait},
        {"event_set", &Interpreter::do_event_set},
        {"event_clear", &Interpreter::do_event_clear},
        {"put", &Interpreter::do_put},
        {"get", &Interpreter::do_get},
        {"try_put", &Interpreter::do_try_put},
        {"try_get", &Interpreter::do_try_get},
        {"close", &Interpreter::do_close},
        {"join", &Interpreter::do_join},
        {"barrier", &Interpreter::do_barrier},
        {"reset", &Interpreter::do_reset},
        {"abort", &Interpreter::do_abort},
        {"peek", &Interpreter::do_peek},
    };
    const auto found = statements.find(name);
    if (found == statements.end()) {
        throw std::invalid_argument("there is no statement " + name);
    }
    return found->second;
}

}  // namespace oracle
