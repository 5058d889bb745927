// SPDX-License-Identifier: Apache-2.0
/// The conformance suite: named behaviours of sockets, files, processes and timers, each observed
/// on every driver and expected to be the same.
///
///     RONDO_BEHAVIOUR(tcp, "a read at the end of the stream gives 0", "0") {
///         …
///         co_return observed(got);
///     }
///
/// A behaviour is a coroutine that gives what it saw, as text. RONDO_BEHAVIOUR_REAL is for what the
/// simulation does not have; it takes the reason as well, and the table shows it.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/base/error.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/coro/task_handle.hpp"

namespace rondo::test {

struct Behaviour {
    std::string_view area;
    std::string_view name;
    std::string_view expected;
    std::string_view not_simulated;  ///< why the simulation has no such thing; empty: it has
    Task<std::string> (*observe)();
};

/// All of them, in the order of the files and lines.
std::vector<Behaviour>& behaviours();

struct Registration {
    explicit Registration(const Behaviour& behaviour) { behaviours().push_back(behaviour); }
};

inline std::string observed(bool value) { return value ? "true" : "false"; }
inline std::string observed(std::string_view text) { return std::string(text); }
inline std::string observed(const char* text) { return text; }
template <class T>
    requires std::is_integral_v<T>
std::string observed(T value) {
    return std::to_string(value);
}

/// The words joined by commas.
template <class... T>
std::string in_order(const T&... values) {
    std::string text;
    ((text += (text.empty() ? "" : ", ") + observed(values)), ...);
    return text;
}

/// What came of `call`, a callable that gives a Task: its value, "done", or its error's code.
template <class F>
Task<std::string> outcome(F call) {
    using T = typename std::invoke_result_t<F&>::value_type;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await call();
            co_return "done";
        } else {
            const T value = co_await call();
            co_return observed(value);
        }
    } catch (const Error& error) {
        co_return std::string(to_string(error.code()));
    }
}

/// What a plain call comes to: `well`, or the error.
template <class F>
std::string outcome_of_call(F call, std::string well = "done") {
    try {
        call();
        return well;
    } catch (const Error& error) {
        return std::string(to_string(error.code()));
    }
}

/// Waits until the task has ended, in whatever way.
template <class T>
Task<> ended(TaskHandle<T>& handle) {
    try {
        co_await handle;
    } catch (const Cancelled&) {
        co_return;
    }
}

}  // namespace rondo::test

#define RONDO_BEHAVIOUR_NAMED(number, area, name, expected, why)                  \
    static ::rondo::Task<std::string> observe_##number();                         \
    static const ::rondo::test::Registration registration_##number(               \
        ::rondo::test::Behaviour{#area, name, expected, why, &observe_##number}); \
    static ::rondo::Task<std::string> observe_##number()
#define RONDO_BEHAVIOUR_AT(number, area, name, expected, why) \
    RONDO_BEHAVIOUR_NAMED(number, area, name, expected, why)
#define RONDO_BEHAVIOUR(area, name, expected) \
    RONDO_BEHAVIOUR_AT(__COUNTER__, area, name, expected, "")
#define RONDO_BEHAVIOUR_REAL(area, name, expected, why) \
    RONDO_BEHAVIOUR_AT(__COUNTER__, area, name, expected, why)
