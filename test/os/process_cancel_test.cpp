// SPDX-License-Identifier: Apache-2.0
// Processes whose owners are stopped, or go away.
#include <csignal>

#include "os/os_test.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

class ProcessCancelTest : public OsTest {
protected:
    static Process sleeper() { return spawn(command("sleep", "1000")); }

    void expect_clean(const Scenario& scenario) {
        Everywhere where;
        where.driver = GetParam().driver;
        const EverywhereReport report = cancel_everywhere(scenario, where);
        EXPECT_GT(report.stopped, 0U);
        EXPECT_TRUE(has_no_child());
    }
};

TEST_P(ProcessCancelTest, a_dropped_process_is_killed_and_collected) {
    on_driver([]() -> Task<> {
        {
            const Process process = sleeper();
        }
        EXPECT_EQ(current_loop().stats().tasks, 2U) << "the loop does not end before it";
        while (current_loop().stats().tasks > 1) {
            co_await sleep(1ms);
        }
        EXPECT_TRUE(has_no_child());
    });
}

TEST_P(ProcessCancelTest, the_loop_waits_for_the_last_dropped_one) {
    on_driver([]() -> Task<> {
        const Process one = sleeper();
        const Process two = sleeper();
        co_return;
    });
    EXPECT_TRUE(has_no_child());
}

TEST_P(ProcessCancelTest, one_that_never_belonged_to_a_task_that_ran) {
    on_driver([]() -> Task<> {
        auto owner = [](Process process) -> Task<> { co_await process.wait(); };
        create_task(owner(sleeper())).detach();
        co_return;
    });
    EXPECT_TRUE(has_no_child());
}

TEST_P(ProcessCancelTest, one_that_a_last_post_leaves_behind) {
    on_driver([]() -> Task<> {
        current_loop().post([] {
            auto owner = [](Process process) -> Task<> { co_await process.wait(); };
            create_task(owner(sleeper())).detach();
        });
        co_return;
    });
    EXPECT_TRUE(has_no_child());
}

TEST_P(ProcessCancelTest, assigning_kills_the_one_before) {
    on_driver([]() -> Task<> {
        Process process = sleeper();
        process = spawn(command("true"));
        const ExitStatus status = co_await process.wait();
        EXPECT_TRUE(status.ok());
    });
}

TEST_P(ProcessCancelTest, a_cancelled_wait_leaves_the_process_alone) {
    on_driver([]() -> Task<> {
        Process process = sleeper();
        const auto early = co_await move_on_after(1ms, process.wait());
        EXPECT_FALSE(early);
        EXPECT_EQ(::kill(process.pid(), 0), 0);
        EXPECT_FALSE(process.status());
        process.kill();
        const ExitStatus status = co_await process.wait();
        EXPECT_EQ(status.signal(), SIGKILL);
    });
}

TEST_P(ProcessCancelTest, a_process_outlives_a_waiter_that_was_cancelled_first) {
    on_driver([]() -> Task<> {
        Process process = sleeper();
        auto waiter = [&]() -> Task<ExitStatus> {
            const ExitStatus status = co_await process.wait();
            co_return status;
        };
        auto first = create_task(waiter);
        auto second = create_task(waiter);
        co_await turns(2);
        first.cancel();
        process.kill();
        const ExitStatus status = co_await second;
        EXPECT_EQ(status.signal(), SIGKILL);
    });
}

TEST_P(ProcessCancelTest, run_in_a_cancelled_scope_starts_nothing) {
    on_driver([]() -> Task<> {
        TaskHandle<>* self = nullptr;
        auto late = [&]() -> Task<> {
            self->cancel();
            co_await os::run(command("/nowhere/nosuch"));
        };
        auto task = create_task(late);
        self = &task;
        std::string outcome;
        try {
            co_await task;
        } catch (const Cancelled&) {
            outcome = "cancelled";
        } catch (const Error& error) {
            outcome = error.what();
        }
        EXPECT_EQ(outcome, "cancelled");
    });
}

TEST_P(ProcessCancelTest, stop_is_not_stopped_halfway) {
    on_driver([]() -> Task<> {
        ProcessOptions options =
            shell("trap 'sleep 0.05; exit 9' TERM; echo; while :; do sleep 0.01; done");
        options.out = Stdio::pipe();
        Process process = spawn(options);
        co_await read_line(process.out);
        co_await move_on_after(1ms, process.stop());
        EXPECT_TRUE(process.status());
        EXPECT_EQ(process.status().value_or(ExitStatus::exited(0)).code(), 9);
    });
}

TEST_P(ProcessCancelTest, with_the_longest_grace_stop_kills_nobody) {
    on_driver([]() -> Task<> {
        ProcessOptions options = shell("trap 'exit 9' TERM; echo; while :; do sleep 0.01; done");
        options.out = Stdio::pipe();
        Process process = spawn(options);
        co_await read_line(process.out);
        auto stop = [&]() -> Task<> { co_await process.stop(Duration::max()); };
        auto task = create_task(stop);
        co_await turns(2);
        task.cancel();
        co_await task.wait();
        EXPECT_EQ(process.status().value_or(ExitStatus::exited(0)).code(), 9);
    });
}

TEST_P(ProcessCancelTest, dropping_the_leader_of_a_group_kills_the_group) {
    on_driver([]() -> Task<> {
        os::PipePair pipe = os::make_pipe();
        {
            ProcessOptions options = shell("sleep 1000 & sleep 1000 & echo; wait");
            options.out = Stdio::descriptor(pipe.writer.descriptor());
            options.group = os::ProcessGroup::own;
            const Process process = spawn(options);
            pipe.writer.close();
            co_await read_line(pipe.reader);
        }
        const std::string rest = co_await timeout(10s, read_all(pipe.reader));
        EXPECT_EQ(rest, "") << "all writers are gone";
    });
}

TEST_P(ProcessCancelTest, dumps_name_the_process) {
    on_driver([]() -> Task<> {
        Process process = sleeper();
        auto waiter = [&]() -> Task<> { co_await process.wait(); };
        auto task = create_task(waiter);
        co_await turns(2);
        const std::string tree = current_loop().dump_tasks();
        EXPECT_NE(tree.find("waits for the end of process sleep (pid "), std::string::npos) << tree;
        task.cancel();
        co_await turns(2);
        {
            const Process dropped = std::move(process);
        }
        const std::string later = current_loop().dump_tasks();
        EXPECT_NE(later.find("the end of a dropped process, sleep (pid "), std::string::npos)
            << later;
    });
}

TEST_P(ProcessCancelTest, everywhere_a_wait) {
    expect_clean([]() -> Task<> {
        Process process = spawn(command("true"));
        co_await process.wait();
    });
}

TEST_P(ProcessCancelTest, everywhere_a_conversation) {
    expect_clean([]() -> Task<> {
        ProcessOptions options = command("cat");
        options.in = options.out = Stdio::pipe();
        Process process = spawn(options);
        co_await process.in.write_all("question\n");
        co_await read_line(process.out);
        process.in.close();
        co_await read_all(process.out);
        co_await process.wait();
    });
}

TEST_P(ProcessCancelTest, everywhere_a_run) {
    expect_clean([]() -> Task<> {
        const std::string input(200'000, 'x');
        const CompletedProcess done = co_await os::run(command("cat"), Bytes(input));
        EXPECT_EQ(done.out.size(), input.size());
    });
}

TEST_P(ProcessCancelTest, everywhere_a_stop) {
    expect_clean([]() -> Task<> {
        Process process = sleeper();
        co_await process.stop();
    });
}

INSTANTIATE_TEST_SUITE_P(os, ProcessCancelTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
