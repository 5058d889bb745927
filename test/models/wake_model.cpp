// SPDX-License-Identifier: Apache-2.0
// Every interleaving, and every value that the memory model lets a load see, of threads that bring
// things to a loop: with the code that the library uses (Mailbox, WakeProtocol, WakeFlag), on
// Relacy's atomics. A wake-up that is lost is a deadlock; a post that is lost or run twice breaks
// an assertion. The variants at the end show that the model finds mistakes.
#include <cstdio>
#include <iostream>
#include <mutex>
#include <ostream>

#include "driver/wake_signal.hpp"
#include "rondo/loop/mailbox.hpp"

// After all others.
#include "models/relacy_types.hpp"

namespace rondo::model {
namespace {

/// Mistakes for the model to find.
enum class Mistake {
    none,
    looks_before_sleeping,  ///< first looks whether something arrived, then says that it sleeps
    keeps_flag_up,          ///< does not tell the next wake() that the last one was seen
    takes_signal_first,     ///< looks for a signal before it takes the announcement down
};

/// What a kernel driver does for wake() and wait(): see WakeSignal, EpollDriver::wait.
template <template <class> class Atomic, Mistake mistake = Mistake::none>
class ModelDriver {
public:
    void init() { edge_.init(); }
    void deinit() { edge_.deinit(); }

    void wake() {
        if (flag_.raise()) {
            edge_.write();
        }
    }
    void wait(bool at_most_poll) {
        if (at_most_poll && !edge_.poll()) {
            return;
        }
        if (!at_most_poll) {
            edge_.wait();
        }
        if constexpr (mistake != Mistake::keeps_flag_up) {
            flag_.lower();
        }
    }

private:
    detail::WakeFlag<Atomic> flag_;
    Edge edge_;
};

/// The loop's side of EventLoop::run_turns, until `done`.
template <Mistake mistake, class Box, class Driver, class Run, class Done>
void run_loop(Box& box, Driver& driver, Run run, Done done) {
    for (;;) {
        if (box.arrived()) {
            run();
        }
        if (done()) {
            return;
        }
        if constexpr (mistake == Mistake::looks_before_sleeping) {
            const bool arrived = box.arrived();
            box.fall_asleep();
            driver.wait(arrived);
        } else {
            driver.wait(box.fall_asleep());
        }
        box.wake_up();
    }
}

/// Some threads post, and a loop runs what came until it has all.
template <template <class> class Atomic, int posters, int each, Mistake mistake = Mistake::none>
struct Posts : rl::test_suite<Posts<Atomic, posters, each, mistake>, posters + 1> {
    using Driver = ModelDriver<Atomic, mistake>;
    static constexpr int all = posters * each;

    Driver driver;
    detail::Mailbox<Mutex, Atomic, Driver> box{driver};
    rl::var<int> stored;
    int ran = 0;

    void before() {
        driver.init();
        stored($) = 0;
    }
    void after() {
        RL_ASSERT(ran == all);
        driver.deinit();
    }
    void thread(unsigned index) {
        if (index < posters) {
            for (int i = 0; i < each; ++i) {
                const bool taken = box.bring([&] { stored($) = stored($) + 1; });
                RL_ASSERT(taken);
            }
            return;
        }
        run_loop<mistake>(
            box, driver,
            [&] {
                box.collect([&] {
                    ran += stored($);
                    stored($) = 0;
                });
            },
            [&] { return ran == all; });
    }
};

/// A signal handler on one thread, a post on another, a loop that waits for both.
template <template <class> class Atomic, Mistake mistake = Mistake::none>
struct Signal : rl::test_suite<Signal<Atomic, mistake>, 3> {
    using Driver = ModelDriver<Atomic>;

    Driver driver;
    detail::Mailbox<Mutex, Atomic, Driver> box{driver};
    Atomic<int> signal{0};
    rl::var<int> stored;
    int ran = 0;
    int signals = 0;

    void before() {
        driver.init();
        stored($) = 0;
    }
    void after() {
        RL_ASSERT(ran == 1 && signals == 1);
        driver.deinit();
    }
    void thread(unsigned index) {
        if (index == 0) {
            box.bring([&] { stored($) = 1; });
        } else if (index == 1) {
            signal.store(1, seq_cst);
            box.ring();
        } else {
            run_loop<mistake>(
                box, driver,
                [&] {
                    if (mistake == Mistake::takes_signal_first) {
                        signals += signal.exchange(0, seq_cst);
                    }
                    box.collect([&] {
                        ran += stored($);
                        stored($) = 0;
                    });
                    if (mistake != Mistake::takes_signal_first) {
                        signals += signal.exchange(0, seq_cst);
                    }
                },
                [&] { return ran == 1 && signals == 1; });
        }
    }
};

/// The loop ends while two threads post: each post is run, or its poster told that it is not; and
/// nobody touches the driver afterwards.
template <template <class> class Atomic>
struct Close : rl::test_suite<Close<Atomic>, 3> {
    using Driver = ModelDriver<Atomic>;

    Driver driver;
    detail::Mailbox<Mutex, Atomic, Driver> box{driver};
    rl::var<int> stored;
    int accepted[2] = {0, 0};
    int ran = 0;

    void before() {
        driver.init();
        stored($) = 0;
    }
    void after() { RL_ASSERT(ran == accepted[0] + accepted[1]); }
    void thread(unsigned index) {
        if (index < 2) {
            for (int i = 0; i < 2; ++i) {
                accepted[index] += box.bring([&] { stored($) = stored($) + 1; }) ? 1 : 0;
            }
            return;
        }
        const auto run = [&] {
            box.collect([&] {
                ran += stored($);
                stored($) = 0;
            });
        };
        driver.wait(box.fall_asleep() || true);
        box.wake_up();
        box.close();
        run();
        driver.deinit();  // whoever uses it now breaks an assertion of Relacy's
    }
};

struct Search {
    rl::scheduler_type_e type;
    unsigned bound;
    const char* name;
};
constexpr Search every{rl::sched_full, 0, "every interleaving"};
constexpr Search two{rl::sched_bound, 2, "up to 2 preemptions"};
constexpr Search four{rl::sched_bound, 4, "up to 4 preemptions"};
constexpr Search five{rl::sched_bound, 5, "up to 5 preemptions"};
constexpr Search three{rl::sched_bound, 3, "up to 3 preemptions"};

/// True if the result is as expected; prints one line.
template <class Test>
bool check(const char* what, Search search, bool must_hold) {
    // Without a buffer: Relacy replaces operator new, and a string that grows inside a run could
    // not be freed outside of it.
    std::ostream silence(nullptr);
    rl::test_params params;
    params.search_type = search.type;
    params.context_bound = search.bound;
    params.output_stream = &silence;
    params.progress_stream = &silence;
    const bool held = rl::simulate<Test>(params);
    std::printf("%-48s %-20s %8lu executions: %s\n", what, search.name,
                static_cast<unsigned long>(params.stop_iteration),
                held ? "holds" : rl::test_result_str(params.test_result));
    if (held != must_hold) {
        std::printf("unexpected; it was to %s\n", must_hold ? "hold" : "be found wrong");
        std::fflush(stdout);
        params.output_stream = &std::cout;
        rl::simulate<Test>(params);
    }
    std::fflush(stdout);
    return held == must_hold;
}

int check_all() {
    bool good = true;
    good &= check<Posts<Atomic, 1, 1>>("1 poster, 1 post", every, true);
    good &= check<Posts<Atomic, 1, 2>>("1 poster, 2 posts", three, true);
    good &= check<Posts<Atomic, 2, 1>>("2 posters, 1 post each", five, true);
    good &= check<Posts<Atomic, 2, 2>>("2 posters, 2 posts each", four, true);
    good &= check<Signal<Atomic>>("a post and a signal", four, true);
    good &= check<Close<Atomic>>("2 posters and the end of the loop", four, true);

    good &= check<Posts<AtomicWithWeakLoads, 1, 1>>("wrong: relaxed loads", two, false);
    good &= check<Posts<AtomicWithWeakStores, 1, 1>>("wrong: relaxed stores", two, false);
    good &= check<Posts<Atomic, 1, 1, Mistake::looks_before_sleeping>>(
        "wrong: looks before it says that it sleeps", two, false);
    good &= check<Posts<Atomic, 1, 2, Mistake::keeps_flag_up>>("wrong: keeps the wake flag up", two,
                                                               false);
    good &= check<Signal<Atomic, Mistake::takes_signal_first>>(
        "wrong: takes the signal before the announcement", two, false);
    return good ? 0 : 1;
}

}  // namespace
}  // namespace rondo::model

int main() { return rondo::model::check_all(); }
