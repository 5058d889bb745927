// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM under run and Runner.
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/run.hpp"
#include "rondo/loop/shield.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

class ParityInterrupt : public ParityTest {
protected:
    static RunOptions with_signals() {
        RunOptions options = sim_options();
        options.handle_signals = true;
        return options;
    }
    /// How a run of `main` ended.
    template <class F>
    static std::string ending_with_signals(F main) {
        try {
            run(main, with_signals());
            return "done";
        } catch (const Interrupted& interrupted) {
            return "interrupted by " + std::to_string(interrupted.signal());
        } catch (...) {
            return detail_parity::text_of_exception();
        }
    }
};

TEST_F(ParityInterrupt, it_ends_a_task_that_never_waits_for_anything) {
    same("test_runners: RunnerTests interrupt_call_soon");
    auto main = [&]() -> Task<> {
        const AtEnd end(log, "cleaned up");
        for (int turn = 0;; ++turn) {
            if (turn == 100) {
                std::raise(SIGINT);
            }
            co_await sleep(0s);
        }
    };
    EXPECT_EQ(ending_with_signals(main), "interrupted by 2");
    EXPECT_EQ(log.text(), "cleaned up");
}

TEST_F(ParityInterrupt, it_ends_a_task_that_waits_and_empties_the_queue_it_waits_in) {
    same("test_runners: RunnerTests interrupt_wait");
    Gate gate;
    auto main = [&]() -> Task<> {
        current_loop().post([] { std::raise(SIGINT); });
        co_await gate.wait();
        log.say("never");
    };
    EXPECT_EQ(ending_with_signals(main), "interrupted by 2");
    EXPECT_FALSE(gate.has_waiters());
    EXPECT_TRUE(log.empty());
}

TEST_F(ParityInterrupt, a_cancel_that_main_lets_through_is_no_interrupt) {
    same("test_runners: RunnerTests interrupt_cancelled_task (CancelledError without a signal)");
    auto main = []() -> Task<> {
        TaskHandle<int> handle = create_task(forever());
        co_await yield();
        handle.cancel();
        co_await handle;
    };
    EXPECT_EQ(ending_with_signals(main), "cancelled: caller");
}

TEST_F(ParityInterrupt, whatever_else_was_cancelled_a_signal_is_an_interrupt) {
    differs("test_runners: RunTests asyncio_run_without_uncancel",
            "no count is kept: the main task was stopped by the signal, and run says so");
    auto main = []() -> Task<> {
        TaskHandle<int> handle = create_task(forever());
        co_await yield();
        handle.cancel();
        std::raise(SIGINT);
        co_await forever();
    };
    EXPECT_EQ(ending_with_signals(main), "interrupted by 2");
}

TEST_F(ParityInterrupt, it_can_be_left_to_the_program) {
    same("test_runners: RunnerTests signal_install_not_supported_ok");
    static volatile std::sig_atomic_t seen = 0;
    seen = 0;
    auto* const before = std::signal(SIGINT, [](int number) { seen = number; });
    auto main = []() -> Task<int> {
        std::raise(SIGINT);
        co_await sleep(1ms);
        co_return 1;
    };
    EXPECT_EQ(run_sim(main), 1);
    std::signal(SIGINT, before);
    EXPECT_EQ(seen, SIGINT);
}

TEST_F(ParityInterrupt, the_programs_own_handler_is_back_afterwards) {
    same("asyncio.Runner: the handler is restored");
    static volatile std::sig_atomic_t seen = 0;
    seen = 0;
    auto* const before = std::signal(SIGINT, [](int number) { seen = number; });
    run(ready_value(1), with_signals());
    std::raise(SIGINT);
    std::signal(SIGINT, before);
    EXPECT_EQ(seen, SIGINT);
}

TEST_F(ParityInterrupt, tasks_beside_main_are_stopped_only_when_main_has_ended) {
    same("asyncio.run: Ctrl-C cancels the main task only");
    auto ticks = [&]() -> Task<> {
        const AtEnd end(log, "ticker");
        for (;;) {
            co_await sleep(10ms);
            log.say("tick");
        }
    };
    auto main = [&]() -> Task<> {
        create_task(ticks).detach();
        auto body = []() -> Task<> {
            co_await yield();
            std::raise(SIGINT);
            co_await forever();
        };
        co_await finally(body, says("cleanup", 25ms));
    };
    EXPECT_EQ(ending_with_signals(main), "interrupted by 2");
    EXPECT_EQ(log.text(), "tick tick cleanup ticker");
}

TEST_F(ParityInterrupt, a_main_task_that_ends_nevertheless_gives_its_result) {
    same("asyncio.run: a main task that returns after Ctrl-C");
    auto main = []() -> Task<int> {
        std::raise(SIGINT);
        const int value = co_await shield(value_after(1ms, 6));
        co_return value;
    };
    EXPECT_EQ(run(main, with_signals()), 6);
}

TEST_F(ParityInterrupt, sigterm_is_handled_as_well) {
    differs("cpy#125688: asyncio does not handle SIGTERM",
            "it is how a service is asked to end, so it ends in order");
    auto main = [&]() -> Task<> {
        std::raise(SIGTERM);
        co_await dies("main");
    };
    EXPECT_EQ(ending_with_signals(main), "interrupted by 15");
    EXPECT_EQ(log.text(), "main");
}

}  // namespace
}  // namespace rondo::test
