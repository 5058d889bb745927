// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/run.hpp"

#include "loop/signals.hpp"

namespace rondo::detail {

void throw_stopped(const EventLoop& loop, Reason reason) {
    if (loop.interrupted_by() != 0) {
        throw_interrupted(loop.interrupted_by());
    }
    throw Cancelled(reason);
}

}  // namespace rondo::detail

namespace rondo {
namespace {

class Running {
public:
    explicit Running(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { flag_ = false; }

private:
    bool& flag_;
};

}  // namespace

Runner::Runner(RunOptions options) : loop_(options), handle_signals_(options.handle_signals) {}

Runner::~Runner() { close(); }

void Runner::run_main(detail::Scope& main, bool then_close) {
    RONDO_REQUIRE(!closed_, "run() of a Runner that was closed");
    RONDO_REQUIRE(!running_, "run() inside run() of the same Runner");
    const Running running(running_);
    const detail::LoopSignals signals(loop_.shared_inbox(), handle_signals_);
    loop_.run_main(main);
    if (then_close) {
        closed_ = true;
        loop_.shut_down();
    }
}

// After a signal that ended the main task, a second one exits.
void Runner::close() noexcept {
    RONDO_REQUIRE(!running_, "close() of a Runner inside its run()");
    if (!closed_) {
        closed_ = true;
        const bool interrupted = loop_.interrupted_by() != 0;
        const detail::LoopSignals signals(loop_.shared_inbox(), handle_signals_, interrupted);
        loop_.shut_down();
    }
}

}  // namespace rondo
