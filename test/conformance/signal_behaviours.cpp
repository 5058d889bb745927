// SPDX-License-Identifier: Apache-2.0
// Signals as values, of this process to itself. See signal(7).
#include <unistd.h>

#include <csignal>

#include "conformance/over_streams.hpp"
#include "rondo/os/signals.hpp"

namespace rondo::test {
namespace {

using os::ReceivedSignal;
using os::Signals;

bool is_default(int signal) {
    struct sigaction action{};
    sigaction(signal, nullptr, &action);
    return action.sa_handler == SIG_DFL;
}

Task<int> next_number(Signals& signals) {
    const ReceivedSignal received = co_await signals.next();
    co_return received.number;
}

RONDO_BEHAVIOUR(signal, "one that came before the wait is there at once, counted", "true, 2") {
    Signals usr = os::signals({SIGUSR1});
    raise(SIGUSR1);
    raise(SIGUSR1);
    const ReceivedSignal received = co_await usr.next();
    co_return in_order(received.number == SIGUSR1, received.count);
}

RONDO_BEHAVIOUR(signal, "a wait ends when one comes", "false, true") {
    Signals usr = os::signals({SIGUSR1});
    TaskHandle<int> wait = create_task(next_number(usr));
    co_await sleep(1ms);
    const bool early = wait.done();
    raise(SIGUSR1);
    const int number = co_await wait;
    co_return in_order(early, number == SIGUSR1);
}

RONDO_BEHAVIOUR(signal, "each receiver gets it", "true, true") {
    Signals one = os::signals({SIGUSR1});
    Signals two = os::signals({SIGUSR1, SIGUSR2});
    raise(SIGUSR1);
    const int first = co_await next_number(one);
    const int second = co_await next_number(two);
    co_return in_order(first == SIGUSR1, second == SIGUSR1);
}

RONDO_BEHAVIOUR(signal, "signals of one receiver come in turn", "true, true, true") {
    Signals both = os::signals({SIGUSR1, SIGUSR2});
    raise(SIGUSR1);
    raise(SIGUSR2);
    const int first = co_await next_number(both);
    raise(SIGUSR1);
    const int second = co_await next_number(both);
    const int third = co_await next_number(both);
    co_return in_order(first == SIGUSR1, second == SIGUSR2, third == SIGUSR1);
}

RONDO_BEHAVIOUR(signal, "a wait without signals ends at its deadline", "timed_out") {
    Signals usr = os::signals({SIGUSR1});
    auto bounded = [&usr]() -> Task<int> {
        const int number = co_await timeout(2ms, next_number(usr));
        co_return number;
    };
    co_return co_await outcome(bounded);
}

RONDO_BEHAVIOUR(signal, "a cancelled wait takes no signal", "true") {
    Signals usr = os::signals({SIGUSR1});
    TaskHandle<int> wait = create_task(next_number(usr));
    co_await sleep(1ms);
    wait.cancel();
    raise(SIGUSR1);
    co_await ended(wait);
    const int number = co_await next_number(usr);
    co_return observed(number == SIGUSR1);
}

RONDO_BEHAVIOUR(signal, "with the last receiver the disposition is back", "false, true") {
    bool during = true;
    {
        const Signals usr = os::signals({SIGUSR1});
        during = is_default(SIGUSR1);
    }
    co_return in_order(during, is_default(SIGUSR1));
}

// sigaction(2): SIGKILL and SIGSTOP cannot be caught.
RONDO_BEHAVIOUR(signal, "what cannot be received is invalid, and changes nothing",
                "invalid, invalid, invalid, true") {
    const std::string kill = outcome_of_call([] { os::signals({SIGUSR1, SIGKILL}); });
    const std::string stop = outcome_of_call([] { os::signals({SIGUSR1, SIGSTOP}); });
    const std::string none = outcome_of_call([] { os::signals({SIGUSR1, 0}); });
    co_return in_order(kill, stop, none, is_default(SIGUSR1));
}

RONDO_BEHAVIOUR(signal, "wait_signal gives the number that came", "true") {
    Task<int> wait = os::wait_signal(SIGUSR1, SIGUSR2);
    raise(SIGUSR2);
    const int number = co_await std::move(wait);
    co_return observed(number == SIGUSR2);
}

}  // namespace
}  // namespace rondo::test
