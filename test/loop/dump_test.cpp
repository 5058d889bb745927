// SPDX-License-Identifier: Apache-2.0
// What a dump says of each task. Lines are asserted relative to __LINE__.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/task_info.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string line_of(const std::string& text, const std::string& part) {
    const std::size_t at = text.find(part);
    if (at == std::string::npos) {
        return "no line with " + part + " in:\n" + text;
    }
    const std::size_t begin = text.rfind('\n', at) + 1;
    return text.substr(begin, text.find('\n', at) - begin);
}

unsigned inner_line = 0;
unsigned outer_line = 0;

Task<int> inner() {
    inner_line = __LINE__ + 1;
    co_await sleep(3s);
    co_return 1;
}

Task<> outer() {
    outer_line = __LINE__ + 1;
    const int value = co_await inner();
    EXPECT_EQ(value, 1);
}

RunOptions debugging_sim() {
    RunOptions options = sim_options();
    options.debug = true;
    return options;
}

TEST(DumpTest, a_task_shows_its_chain_innermost_first_with_lines) {
    std::string text;
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task(outer(), "work");
        co_await sleep(1s);
        text = current_loop().dump_tasks();
        co_await handle;
    });
    const std::size_t task = text.find("- task \"work\": waits for sleep, 2 s left\n");
    const std::size_t first =
        text.find("in rondo::test::inner (" __FILE__ ":" + std::to_string(inner_line) + ")");
    const std::size_t second =
        text.find("in rondo::test::outer (" __FILE__ ":" + std::to_string(outer_line) + ")");
    ASSERT_NE(task, std::string::npos) << text;
    ASSERT_NE(first, std::string::npos) << text;
    ASSERT_NE(second, std::string::npos) << text;
    EXPECT_LT(task, first);
    EXPECT_LT(first, second);
}

TEST(DumpTest, the_running_task_says_so_and_shows_no_chain) {
    std::string text;
    run_sim([&]() -> Task<> {
        co_await sleep(1s);
        auto body = [&]() -> Task<> {
            text = current_loop().dump_tasks();
            co_return;
        };
        co_await timeout(5s, body);
    });
    EXPECT_THAT(line_of(text, "- main"), HasSubstr("- main: runs"));
    EXPECT_THAT(line_of(text, "- timeout"), HasSubstr("- timeout, 5 s left: runs"));
    EXPECT_THAT(text, Not(HasSubstr("\n    in ")));
}

TEST(DumpTest, an_awaited_task_is_named) {
    std::string text;
    run_sim([&]() -> Task<> {
        TaskHandle<> slow = create_task(outer(), "slow");
        TaskHandle<> unnamed = create_task(outer());
        TaskHandle<> first = create_task([&]() -> Task<> { co_await slow; });
        TaskHandle<> second = create_task([&]() -> Task<> { co_await unnamed.wait(); });
        co_await sleep(1s);
        text = current_loop().dump_tasks();
        co_await gather(std::move(first), std::move(second));
    });
    EXPECT_THAT(text, HasSubstr("waits for the end of task \"slow\"\n"));
    EXPECT_THAT(text, HasSubstr("waits for the end of task rondo::test::outer\n"));
}

TEST(DumpTest, a_timeout_shows_its_deadline_and_a_gather_its_children) {
    std::string text;
    run_sim([&]() -> Task<> {
        TaskHandle<> dumper = create_task([&]() -> Task<> {
            co_await sleep(1s);
            text = current_loop().dump_tasks();
        });
        co_await timeout(10min, gather(inner(), inner()));
    });
    EXPECT_THAT(text, HasSubstr("- main: waits for its children\n"));
    EXPECT_THAT(text, HasSubstr("- timeout, 9.98 min left: waits for its children\n"));
    EXPECT_THAT(text, HasSubstr("- gather\n"));
    EXPECT_THAT(text, HasSubstr("- task: waits for sleep, 2 s left\n"));
}

TEST(DumpTest, a_debugging_loop_says_since_when_a_task_waits) {
    std::string text;
    run(
        [&]() -> Task<> {
            TaskHandle<> handle = create_task(outer(), "work");
            co_await sleep(500ms);
            text = current_loop().dump_tasks();
            co_await handle;
        },
        debugging_sim());
    EXPECT_THAT(text, HasSubstr("waits for sleep, 2.5 s left, since 500 ms"));
}

TEST(DumpTest, what_rondo_puts_around_a_callable_is_not_shown) {
    std::string text;
    run_sim([&]() -> Task<> {
        TaskHandle<> dumper = create_task([&]() -> Task<> {
            co_await sleep(1s);
            text = current_loop().dump_tasks();
        });
        co_await gather(sleep(2s), [] { return sleep(2s); });
    });
    EXPECT_THAT(text, HasSubstr("- task: waits for sleep, 1 s left\n"));
    EXPECT_THAT(text, Not(HasSubstr("rondo::detail::")));
}

TEST(DumpTest, all_tasks_tells_where_each_one_waits) {
    std::vector<TaskInfo> tasks;
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task(outer(), "work");
        co_await sleep(1s);
        tasks = all_tasks();
        co_await handle;
    });
    ASSERT_EQ(tasks.size(), 2U);
    EXPECT_EQ(tasks[0].standing, "runs");
    EXPECT_EQ(tasks[0].place, "");
    EXPECT_EQ(tasks[1].name, "work");
    EXPECT_EQ(tasks[1].standing, "waits for sleep, 2 s left");
    EXPECT_EQ(tasks[1].place,
              "rondo::test::inner (" __FILE__ ":" + std::to_string(inner_line) + ")");
}

TEST(DumpTest, a_task_inside_a_timeout_runs_also_after_a_wait) {
    run_sim([]() -> Task<> {
        auto body = []() -> Task<> {
            co_await sleep(1ms);
            const TaskInfo self = current_task();
            EXPECT_EQ(self.standing, "runs");
            EXPECT_EQ(self.place, "");
            const std::vector<TaskInfo> tasks = all_tasks();
            EXPECT_EQ(tasks.at(0).id, self.id);
            EXPECT_EQ(tasks.at(0).standing, "runs");
            EXPECT_EQ(tasks.at(0).place, "");
        };
        co_await timeout(1s, shield(body));
    });
}

TEST(DumpTest, a_task_waits_for_its_children_while_one_of_them_runs) {
    std::vector<TaskInfo> tasks;
    run_sim([&]() -> Task<> {
        auto looks = [&]() -> Task<> {
            co_await sleep(1ms);
            tasks = all_tasks();
        };
        co_await timeout(2s, gather(looks, sleep(1s)));
    });
    ASSERT_EQ(tasks.size(), 3U);
    EXPECT_EQ(tasks[0].standing, "waits for its children");
    EXPECT_EQ(tasks[1].standing, "runs");
    EXPECT_EQ(tasks[2].standing, "waits for sleep, 999 ms left");
}

}  // namespace
}  // namespace rondo::test
