// SPDX-License-Identifier: Apache-2.0
// Errors that nobody asked for, and tasks that nobody awaited.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

class ParityReport : public ParityTest {
protected:
    /// What `main` wrote to stderr.
    template <class F>
    static std::string errors_of(F main) {
        testing::internal::CaptureStderr();
        run_sim(main);
        return testing::internal::GetCapturedStderr();
    }
};

TEST_F(ParityReport, an_error_that_nobody_asked_for_is_reported) {
    same("test_futures: tb_logger_exception_unretrieved");
    const std::string text = errors_of([]() -> Task<> {
        create_task(fail_at_once("unheard")).detach();
        co_await sleep(1ms);
    });
    EXPECT_NE(text.find("unheard"), std::string::npos) << text;
}

TEST_F(ParityReport, a_report_names_the_task) {
    same("test_futures: tb_logger_exception_unretrieved (names the task)");
    const std::string text = errors_of([]() -> Task<> {
        create_task(fail_after(1ms, "unheard"), "the careless one").detach();
        co_await sleep(5ms);
    });
    EXPECT_NE(text.find("the careless one"), std::string::npos) << text;
}

TEST_F(ParityReport, an_error_that_was_thrown_to_somebody_is_not_reported) {
    same("test_futures: tb_logger_exception_retrieved");
    const std::string text = errors_of([]() -> Task<> {
        TaskHandle<int> handle = create_task(fail_at_once("heard"));
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "heard");
    });
    EXPECT_EQ(text, "");
}

TEST_F(ParityReport, to_have_waited_is_not_to_have_asked) {
    same("test_tasks: BaseTaskTests wait_with_exception (never retrieved)");
    const std::string text = errors_of([]() -> Task<> {
        TaskHandle<int> handle = create_task(fail_at_once("unheard"));
        co_await handle.wait();
        EXPECT_TRUE(handle.done());
    });
    EXPECT_NE(text.find("unheard"), std::string::npos) << text;
}

TEST_F(ParityReport, cancelling_a_task_that_failed_does_not_hush_it) {
    differs("test_tasks: BaseTaskTests tb_logger_not_called_after_cancel",
            "the cancel came too late to have an effect, so the error is still unheard");
    const std::string text = errors_of([]() -> Task<> {
        TaskHandle<int> handle = create_task(fail_at_once("unheard"));
        co_await handle.wait();
        handle.cancel();
    });
    EXPECT_NE(text.find("unheard"), std::string::npos) << text;
}

TEST_F(ParityReport, a_stopped_task_is_no_news) {
    same("test_futures: tb_logger_abandoned (a cancelled one)");
    const std::string text = errors_of([]() -> Task<> {
        create_task(forever()).detach();
        TaskHandle<int> handle = create_task(forever());
        co_await yield();
        handle.cancel();
        co_await handle.wait();
    });
    EXPECT_EQ(text, "");
}

TEST_F(ParityReport, a_task_that_was_never_started_is_freed_without_a_word) {
    differs("coroutine ... was never awaited",
            "the compiler warns of the usual mistake, since tasks are nodiscard; debug tells of "
            "the rest");
    const std::string text = errors_of([]() -> Task<> {
        auto holds = [](Tracked one) -> Task<int> { co_return one.number(); };
        {
            const Task<int> unused = holds(Tracked(1));
            EXPECT_EQ(Tracked::live(), 1);
        }
        EXPECT_EQ(Tracked::live(), 0);
        co_return;
    });
    EXPECT_EQ(text, "");
}

TEST_F(ParityReport, an_error_of_a_posted_function_is_reported_and_the_loop_goes_on) {
    same("test_tasks: BaseTaskTests error_in_call_soon; test_base_events: handler of callbacks");
    const std::string text = errors_of([&]() -> Task<> {
        current_loop().post([] { throw std::runtime_error("in a callback"); });
        current_loop().post([&] { log.say("next"); });
        co_await sleep(1ms);
    });
    EXPECT_NE(text.find("in a callback"), std::string::npos) << text;
    EXPECT_EQ(log.text(), "next");
}

TEST_F(ParityReport, errors_that_came_second_are_reported_when_nobody_reads_them) {
    differs("test_tasks: CoroutineGatherTests exception_marking (later errors)",
            "asyncio marks them as retrieved and says nothing");
    const std::string text = errors_of([]() -> Task<> {
        auto fails_late = []() -> Task<> {
            SlowOperation slow(5ms, true);
            co_await slow;
            throw std::runtime_error("second");
        };
        const std::string end = co_await ending_of(gather(fail_after(1ms, "first"), fails_late));
        EXPECT_EQ(end, "first");
    });
    EXPECT_NE(text.find("second"), std::string::npos) << text;
}

TEST_F(ParityReport, an_error_says_its_type_and_its_text) {
    differs("test_tasks: BaseTaskTests exception_traceback and task_source_traceback",
            "C++ exceptions carry no traceback: type and text are what there is");
    const std::string text = errors_of([]() -> Task<> {
        create_task([]() -> Task<> {
            co_await yield();
            throw std::out_of_range("index 7");
        }).detach();
        co_await sleep(1ms);
    });
    EXPECT_NE(text.find("std::out_of_range: index 7"), std::string::npos) << text;
}

}  // namespace
}  // namespace rondo::test
