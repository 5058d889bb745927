// SPDX-License-Identifier: Apache-2.0
// Threads, and loops on several of them.
#include <array>
#include <atomic>
#include <string_view>

#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

Task<> threads() {
    const int value = co_await to_thread([] { return 42; });
    require(value == 42, "another value than the thread's");
    Event posted;
    current_loop().handle().post([&posted] { posted.set(); });
    co_await posted.wait();
}

Task<> abandoned_threads() {
    const int value = co_await to_thread(abandon_on_cancel, [](int x) { return x; }, 7);
    require(value == 7, "another value than the thread's");
}

Task<> many_threads() {
    std::atomic<int> done{0};
    auto call = [&done]() -> Task<> { co_await to_thread([&done] { ++done; }); };
    co_await gather(call(), call(), call(), call(), call());
    require(done == 5, "a call was lost");
}

Task<> woken_by_threads() {
    const LoopHandle loop = current_loop().handle();
    Event posted;
    auto post = [&]() -> Task<> {
        co_await to_thread([&] { loop.post([&posted] { posted.set(); }); });
    };
    co_await gather(post(), posted.wait());
}

RunOptions same_driver() {
    RunOptions options;
    options.driver = scenario_driver();
    options.handle_signals = false;
    return options;
}

using Numbers = ThreadChannel<int>;

/// Ends what the other side waits for, however its own side ends.
class Ends {
public:
    Ends(Numbers& one, Numbers& other) noexcept : one_(one), other_(other) {}
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;
    ~Ends() {
        one_.close();
        other_.close();
    }

private:
    Numbers& one_;
    Numbers& other_;
};

Task<> count_up(Numbers& questions, Numbers& answers) {
    for (;;) {
        const std::optional<int> question = co_await questions.receive();
        if (!question) {
            co_return;
        }
        co_await answers.send(*question + 1);
    }
}

// A side whose channel was closed early leaves it to the other one to say why.
Task<int> ask_numbers(Numbers& questions, Numbers& answers) {
    const Ends ends(questions, answers);
    try {
        for (int i = 0; i < 5; ++i) {
            co_await questions.send(i);
            const std::optional<int> answer = co_await answers.receive();
            if (!answer) {
                co_return i;
            }
            require(*answer == i + 1, "another answer");
        }
    } catch (const QueueClosed&) {
        co_return -1;
    }
    co_return 5;
}

Task<> two_loops() {
    Numbers questions(1);
    Numbers answers(1);
    auto other_loop = [&]() -> Task<> {
        co_await to_thread([&] {
            const Ends ends(questions, answers);
            try {
                rondo::run(count_up(questions, answers), same_driver());
            } catch (const QueueClosed&) {
                return;
            }
        });
    };
    auto [done, asked] = co_await gather(other_loop(), ask_numbers(questions, answers));
    require(asked == 5, "a question was lost");
}

Task<int> use_a_core(unsigned core) {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const Address address = listener.local_address();
    auto serve = [&listener]() -> Task<> {
        TcpStream stream = co_await accept_one(listener);
        co_await answer(std::move(stream));
    };
    co_await gather(serve(), ask(address, 100));
    co_return static_cast<int>(core);
}

Task<> all_cores() {
    const std::vector<int> results = co_await to_thread([] {
        AllCoresOptions options;
        options.threads = 2;
        options.run = same_driver();
        return run_on_all_cores(&use_a_core, options);
    });
    require(results.size() == 2 && results[1] == 1, "a core was lost");
}

}  // namespace

Scenarios thread_scenarios() {
    return {
        {"threads", &threads},           {"abandoned threads", &abandoned_threads},
        {"many threads", &many_threads}, {"woken by threads", &woken_by_threads},
        {"two loops", &two_loops},       {"all cores", &all_cores},
    };
}

}  // namespace rondo::test
