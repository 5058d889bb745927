// SPDX-License-Identifier: Apache-2.0
/// How a task ended: a value, an error, or stopped.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "rondo/coro/scope.hpp"

namespace rondo {

/// Where a cancel() of a handle or group stands.
struct CancelPlace {
    const char* file = nullptr;
    std::uint32_t line = 0;
};

/// Thrown where the result of a stopped task is asked for: by awaiting its handle, by
/// Outcome::value(), and by run(). Never used to stop a task.
class Cancelled : public std::exception {
public:
    explicit Cancelled(Reason reason, CancelPlace place = {});
    /// "cancelled: by its caller, at fetch.cpp:42"
    const char* what() const noexcept override { return what_.c_str(); }
    Reason reason() const noexcept { return reason_; }
    /// Where cancel() was called; its file is null when that is not known.
    CancelPlace place() const noexcept { return place_; }

private:
    std::string what_;
    CancelPlace place_;
    Reason reason_;
};

namespace detail {

/// A task's result as a member: monostate for void, reference_wrapper for a reference.
template <class T>
struct ValueOf {
    using type = T;
};
template <>
struct ValueOf<void> {
    using type = std::monostate;
};
template <class T>
struct ValueOf<T&> {
    using type = std::reference_wrapper<T>;
};
template <class T>
using Value = typename ValueOf<T>::type;

}  // namespace detail

/// The outcome of one task under gather(settle, …).
template <class T>
class Outcome {
public:
    using value_type = detail::Value<T>;

    Outcome(std::in_place_t, value_type value) : state_(std::in_place_index<0>, std::move(value)) {}
    explicit Outcome(std::exception_ptr error) : state_(std::in_place_index<1>, std::move(error)) {}
    explicit Outcome(Reason stopped) : state_(std::in_place_index<2>, stopped) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    bool has_error() const noexcept { return state_.index() == 1; }
    bool stopped() const noexcept { return state_.index() == 2; }
    explicit operator bool() const noexcept { return has_value(); }

    /// The value. Errors: throws the task's error, or Cancelled when it was stopped.
    value_type& value() & {
        check();
        return *std::get_if<0>(&state_);
    }
    const value_type& value() const& {
        check();
        return *std::get_if<0>(&state_);
    }
    value_type value() && {
        check();
        return std::move(*std::get_if<0>(&state_));
    }
    /// The error, or null.
    std::exception_ptr error() const noexcept {
        const std::exception_ptr* held = std::get_if<1>(&state_);
        return held != nullptr ? *held : nullptr;
    }
    /// Why it was stopped; `none` when it was not.
    Reason reason() const noexcept {
        const Reason* held = std::get_if<2>(&state_);
        return held != nullptr ? *held : Reason::none;
    }

private:
    void check() const {
        if (has_error()) {
            std::rethrow_exception(*std::get_if<1>(&state_));
        }
        if (stopped()) {
            throw Cancelled(*std::get_if<2>(&state_));
        }
    }

    std::variant<value_type, std::exception_ptr, Reason> state_;
};

}  // namespace rondo
