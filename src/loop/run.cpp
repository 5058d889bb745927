// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/run.hpp"

#include "loop/signals.hpp"

namespace rondo::detail {

void run_main(EventLoop& loop, Scope& main, const RunOptions& options) {
    const SignalGuard guard(loop.shared_inbox(), options.handle_signals);
    loop.run_main(main);
}

void throw_stopped(const EventLoop& loop, Reason reason) {
    if (loop.interrupted_by() != 0) {
        exit_quietly_when_uncaught();
        throw Interrupted(loop.interrupted_by());
    }
    throw Cancelled(reason);
}

}  // namespace rondo::detail
