// SPDX-License-Identifier: Apache-2.0
/// Context variables: values that follow a task and what it starts.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "rondo/coro/scope_info.hpp"

namespace rondo {
namespace detail {

/// The variables of a task: immutable, shared with the children until one of them sets something.
class Context {
public:
    using Value = std::shared_ptr<const void>;

    /// The value of the variable at `key`, or null.
    static const void* find(const void* key) noexcept;
    /// Binds `key` in the current task; a null value unbinds it. Returns what was bound before.
    static Value bind(const void* key, Value value);
    /// The context of the code that runs now.
    static const std::shared_ptr<const Context>& current() noexcept;

    class OnThread;

private:
    struct Binding {
        const void* key;
        Value value;
    };
    std::vector<Binding> bindings_;
};

/// Makes `context` the current one on a thread without a loop, for the life of this object.
class Context::OnThread {
public:
    explicit OnThread(std::shared_ptr<const Context> context) noexcept;
    OnThread(const OnThread&) = delete;
    OnThread& operator=(const OnThread&) = delete;
    ~OnThread();

private:
    std::shared_ptr<const Context> before_;
};

}  // namespace detail

/// A variable whose value belongs to the task that set it and to what that task starts afterwards:
/// children inherit it when they are started, and what they set does not reach their parent. What
/// is no task of its own shares it: a called task, and the body of a timeout, a shield, a finally
/// or a task_group. to_thread carries it. contextvars.ContextVar. A ContextVar is an object of
/// static lifetime.
template <class T>
class ContextVar {
public:
    /// What set() replaced, for reset().
    class Token {
    private:
        friend class ContextVar;
        explicit Token(detail::Context::Value before) noexcept : before_(std::move(before)) {}
        detail::Context::Value before_;
    };

    explicit ContextVar(T fallback = T()) : fallback_(std::move(fallback)) {}
    ContextVar(const ContextVar&) = delete;
    ContextVar& operator=(const ContextVar&) = delete;

    /// The value set here or inherited, or else the fallback. Valid until the task sets another.
    const T& get() const noexcept {
        const void* found = detail::Context::find(this);
        return found != nullptr ? *static_cast<const T*>(found) : fallback_;
    }

    /// Sets it for the current task. Requires: a task runs on this thread, not a posted function.
    Token set(T value) {
        return Token(detail::Context::bind(this, std::make_shared<const T>(std::move(value))));
    }

    /// Restores what `token`'s set() replaced.
    void reset(Token token) { detail::Context::bind(this, std::move(token.before_)); }

private:
    T fallback_;
};

}  // namespace rondo
