// SPDX-License-Identifier: Apache-2.0
#include "rondo/os/run.hpp"

#include <utility>

namespace rondo::os {
namespace {

constexpr std::size_t tail_max = 400;

/// The last lines of what a program complained about, as one.
std::string tail_of(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    std::string tail;
    if (text.size() > tail_max) {
        text.remove_prefix(text.size() - tail_max);
        tail = "…";
    }
    for (const char letter : text) {
        if (letter == '\n') {
            tail += "; ";
        } else if (letter != '\r' && letter != '\0') {
            tail += letter;
        }
    }
    return tail;
}

std::string reason(const CompletedProcess& completed) {
    const std::string tail = tail_of(completed.err);
    return tail.empty() ? completed.status.to_string() : completed.status.to_string() + ": " + tail;
}

Stdio or_else(const Stdio& given, const Stdio& otherwise) noexcept {
    return given.kind() == Stdio::Kind::automatic ? otherwise : given;
}

/// Stops a chain whose scope is cancelled.
struct CancelPoint : rondo::detail::Leaf {
    bool await_ready() const noexcept { return !rondo::detail::current_is_cancelled(); }
    void await_suspend(rondo::detail::Awaiting frame) noexcept {
        rondo::detail::Scope& scope = *rondo::detail::local.current;
        scope.frame = frame.address();
        rondo::detail::local.push_stop(scope);
    }
    void await_resume() const noexcept {}
};

}  // namespace

ProcessFailed::ProcessFailed(CompletedProcess completed)
    : Error(Errc::unexpected, "run", completed.arguments.front(), reason(completed)),
      completed_(std::move(completed)) {}

Task<CompletedProcess> run(ProcessOptions what, ProcessRunOptions how) {
    const bool has_input = !how.communicate.input.empty();
    what.in = or_else(what.in, has_input ? Stdio::pipe() : Stdio::null());
    what.out = or_else(what.out, Stdio::pipe());
    what.err = or_else(what.err, Stdio::pipe());
    co_await CancelPoint();
    Process process = spawn(what);
    Output output = co_await process.communicate(how.communicate);
    CompletedProcess completed(std::move(what.arguments), std::move(output));
    if (how.check && !completed.status.ok()) {
        throw ProcessFailed(std::move(completed));
    }
    co_return completed;
}

}  // namespace rondo::os
