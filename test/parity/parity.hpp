// SPDX-License-Identifier: Apache-2.0
/// What a case of this module says: which case of asyncio's own tests it stands for, and whether
/// Rondo behaves the same. `test/parity/table` prints all of it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/base/error.hpp"
#include "rondo/coro/outcome.hpp"
#include "rondo/coro/starter.hpp"
#include "rondo/coro/task_handle.hpp"
#include "support/ledger.hpp"

namespace rondo::test {

namespace detail_parity {
inline int statements = 0;

inline void record(std::string_view original, std::string_view verdict, std::string_view why) {
    ++statements;
    testing::Test::RecordProperty("asyncio", std::string(original));
    testing::Test::RecordProperty("verdict", std::string(verdict));
    testing::Test::RecordProperty("why", std::string(why));
}
}  // namespace detail_parity

/// This case holds in asyncio as well; `original` names the test file and the case there.
inline void same(std::string_view original) { detail_parity::record(original, "same", ""); }

/// Here Rondo differs from that case on purpose.
inline void differs(std::string_view original, std::string_view why) {
    EXPECT_FALSE(why.empty()) << "a difference without a reason is a bug";
    detail_parity::record(original, "differs", why);
}

/// Each case says exactly once what it stands for, and leaves nothing behind.
class ParityTest : public LedgerTest {
protected:
    ParityTest() { detail_parity::statements = 0; }
    void TearDown() override {
        EXPECT_TRUE(IsSkipped() || detail_parity::statements == 1)
            << "say same() or differs() once";
        LedgerTest::TearDown();
    }

    /// Runs until it is stopped, and says `word` then.
    Task<int> dies(std::string word) {
        const AtEnd end(log, std::move(word));
        co_return co_await forever();
    }
    /// Says `word` after `duration`; 0 is one turn.
    Task<> says(std::string word, Duration duration = Duration::zero()) {
        co_await sleep(duration);
        log.say(word);
    }
};

namespace detail_parity {
template <class T>
std::string text_of(const T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
        return std::to_string(value);
    } else if constexpr (std::is_convertible_v<const T&, std::string>) {
        return value;
    } else {
        return "done";
    }
}

/// Of the exception being handled.
inline std::string text_of_exception() {
    try {
        throw;
    } catch (const TimeoutError&) {
        return "timed out";
    } catch (const Cancelled& cancelled) {
        return "cancelled: " + std::string(to_string(cancelled.reason()));
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "something else";
    }
}
}  // namespace detail_parity

/// Awaits it and says how it ended: the value as text, or "timed out", or "cancelled: <reason>", or
/// the error's text.
template <class A>
Task<std::string> ending_of(A awaitable) {
    std::string text = "done";
    try {
        if constexpr (std::is_void_v<detail::result_of_start<A>>) {
            co_await std::move(awaitable);
        } else {
            auto value = co_await std::move(awaitable);
            text = detail_parity::text_of(value);
        }
    } catch (...) {
        text = detail_parity::text_of_exception();
    }
    co_return text;
}

/// The same of a task whose handle stays with the caller.
template <class T>
Task<std::string> ending_at(TaskHandle<T>& handle) {
    std::string text = "done";
    try {
        if constexpr (std::is_void_v<T>) {
            co_await handle;
        } else {
            text = detail_parity::text_of(co_await handle);
        }
    } catch (...) {
        text = detail_parity::text_of_exception();
    }
    co_return text;
}

}  // namespace rondo::test
