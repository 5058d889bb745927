// SPDX-License-Identifier: Apache-2.0
// Reduced cases of what both compilers must compile correctly: the idioms that our documents show
// and that g++ 12 breaks in nearby forms (it destroys a temporary closure with captures, or a
// temporary aggregate, twice when it stands in a co_await expression). Each counts its objects.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/loop/to_thread.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class IdiomsTest : public LedgerTest {};

Task<int> number_of(Tracked one) {
    co_await yield();
    EXPECT_TRUE(one.whole());
    co_return one.number();
}

TEST_F(IdiomsTest, a_named_closure_is_moved_in) {
    run_sim([]() -> Task<> {
        const Tracked held(3);
        auto closure = [held]() -> Task<int> {
            co_await yield();
            EXPECT_TRUE(held.whole());
            co_return held.number();
        };
        const int first = co_await timeout(1h, closure);
        const int second = co_await timeout(1h, std::move(closure));
        EXPECT_EQ(first + second, 6);
    });
}

TEST_F(IdiomsTest, an_awaitable_made_first_and_awaited_by_its_name) {
    run_sim([]() -> Task<> {
        auto bounded = timeout(1h, [held = Tracked(4)]() -> Task<int> {
            co_await yield();
            co_return held.number();
        });
        const int value = co_await bounded;
        EXPECT_EQ(value, 4);
        auto both = gather([held = Tracked(1)] { return held.number(); },
                           [held = Tracked(2)]() -> Task<int> { co_return held.number(); });
        auto [a, b] = co_await both;
        EXPECT_EQ(a + b, 3);
        auto thread = to_thread([held = Tracked(6)] { return held.number(); });
        const int six = co_await thread;
        EXPECT_EQ(six, 6);
    });
}

TEST_F(IdiomsTest, closures_that_capture_by_reference_stand_where_they_are_used) {
    run_sim([]() -> Task<> {
        const Tracked outside(2);
        const int a = co_await timeout(1h, [&]() -> Task<int> {
            co_await yield();
            co_return outside.number();
        });
        auto [b, c] = co_await gather([&] { return outside.number(); },
                                      [&]() -> Task<int> { co_return outside.number(); });
        const int d = co_await race([&] { return outside.number(); });
        EXPECT_EQ(a + b + c + d, 8);
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                co_await yield();
                EXPECT_TRUE(outside.whole());
            });
            co_return;
        });
    });
}

TEST_F(IdiomsTest, a_group_spawns_capturing_closures) {
    run_sim([]() -> Task<> {
        int sum = 0;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 4; ++i) {
                group.spawn([held = Tracked(i), &sum]() -> Task<> {
                    co_await sleep(1ms);
                    sum += held.number();
                });
            }
            create_task([held = Tracked(9)]() -> Task<> { co_await yield(); }).detach();
            co_return;
        });
        EXPECT_EQ(sum, 6);
    });
}

TEST_F(IdiomsTest, tasks_with_owning_arguments_stand_in_the_await) {
    run_sim([]() -> Task<> {
        const int a = co_await number_of(Tracked(1));
        const int b = co_await timeout(1h, number_of(Tracked(2)));
        auto [c, d] = co_await gather(number_of(Tracked(3)), number_of(Tracked(4)));
        const int e = co_await shield(number_of(Tracked(5)));
        const int f = co_await finally(number_of(Tracked(6)), number_of(Tracked(7)));
        EXPECT_EQ(a + b + c + d + e + f, 21);
    });
}

Task<std::size_t> lengths(std::string first, std::string second) {
    co_await yield();
    co_return first.size() + second.size();
}

TEST_F(IdiomsTest, strings_and_literals_are_arguments) {
    run_sim([]() -> Task<> {
        const std::string named = "a name that is too long for the small buffer of a string";
        const std::size_t a =
            co_await lengths(named, "a literal that becomes a string of the heap");
        const std::size_t b = co_await lengths(named + named, std::string(40, 'x'));
        EXPECT_EQ(a + b, 3 * named.size() + 43 + 40);
    });
}

// Members that need no destructor: an aggregate may then be a temporary.
struct Options {
    std::string_view name;
    Duration limit{1s};
    int tries = 1;
};
Task<int> with_options(Options options) {
    co_await sleep(options.limit);
    co_return static_cast<int>(options.name.size()) + options.tries;
}

TEST_F(IdiomsTest, designated_options_without_destructors) {
    run_sim([]() -> Task<> {
        const int value = co_await with_options({.name = "four", .limit = 2s, .tries = 3});
        EXPECT_EQ(value, 7);
    });
}

// Members that need one: the type declares its constructors.
class Request {
public:
    explicit Request(std::string url) : url_(std::move(url)) {}
    Request& header(std::string text) {
        headers_.push_back(std::move(text));
        return *this;
    }
    std::size_t size() const {
        std::size_t size = url_.size();
        for (const std::string& header : headers_) {
            size += header.size();
        }
        return size;
    }

private:
    std::string url_;
    std::vector<std::string> headers_;
};
Task<std::size_t> send(Request request) {
    co_await yield();
    co_return request.size();
}

TEST_F(IdiomsTest, a_class_with_constructors_is_built_in_the_await) {
    run_sim([]() -> Task<> {
        const std::size_t size =
            co_await send(Request(std::string(50, 'u')).header(std::string(30, 'h')));
        EXPECT_EQ(size, 80U);
    });
}

TEST_F(IdiomsTest, results_are_taken_apart) {
    run_sim([]() -> Task<> {
        auto makes = []() -> Task<std::pair<Tracked, std::string>> {
            co_await yield();
            co_return std::pair(Tracked(1), std::string(40, 'r'));
        };
        auto [one, text] = co_await makes();
        EXPECT_TRUE(one.whole());
        EXPECT_EQ(text.size(), 40U);
        auto [a, b] = co_await gather(makes(), makes());
        EXPECT_TRUE(a.first.whole());
        EXPECT_EQ(b.second.size(), 40U);
    });
}

TEST_F(IdiomsTest, loops_and_branches_await_into_locals) {
    run_sim([]() -> Task<> {
        int sum = 0;
        for (int i = 0; i < 3; ++i) {
            const Tracked each(i);
            const int value = co_await number_of(each);
            if (value % 2 == 0) {
                sum += co_await number_of(Tracked(10));
            } else {
                sum += value;
            }
        }
        EXPECT_EQ(sum, 21);
    });
}

TEST_F(IdiomsTest, tasks_wait_in_containers_and_optionals) {
    run_sim([]() -> Task<> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 4; ++i) {
            tasks.push_back(number_of(Tracked(i)));
        }
        const int first = co_await std::move(tasks[0]);
        Task<int>& second = tasks[1];
        const int one = co_await second;
        tasks.erase(tasks.begin(), tasks.begin() + 2);
        const std::vector<int> rest = co_await gather(std::move(tasks));
        EXPECT_EQ(first + one + rest[0] + rest[1], 6);
        std::optional<Task<int>> maybe = number_of(Tracked(5));
        const int five = co_await *std::move(maybe);
        EXPECT_EQ(five, 5);
    });
}

TEST_F(IdiomsTest, a_handler_keeps_its_error_beyond_the_await) {
    run_sim([]() -> Task<> {
        auto fails = [](Tracked one) -> Task<> {
            co_await yield();
            throw one;
        };
        std::optional<Tracked> caught;
        try {
            co_await fails(Tracked(8));
        } catch (const Tracked& error) {
            caught = error;
        }
        co_await yield();
        EXPECT_EQ(caught.value().number(), 8);
    });
}

TEST_F(IdiomsTest, a_coroutine_without_locals_awaits) {
    struct Local {
        static Task<> nothing() {
            co_await yield();
            co_await sleep(1ms);
        }
        static Task<int> value() { co_return co_await number_of(Tracked(2)); }
    };
    run_sim([]() -> Task<> {
        co_await Local::nothing();
        const int value = co_await Local::value();
        EXPECT_EQ(value, 2);
    });
}

TEST_F(IdiomsTest, lambdas_in_ranges_of_tasks) {
    run_sim([]() -> Task<> {
        const std::vector<std::string> urls{std::string(20, 'a'), std::string(30, 'b')};
        auto fetch = [](std::string url) -> Task<std::size_t> {
            co_await sleep(1ms);
            co_return url.size();
        };
        const std::vector<std::size_t> sizes = co_await gather(urls | std::views::transform(fetch));
        EXPECT_EQ(sizes[0] + sizes[1], 50U);
        const auto limited = co_await gather(limit(1), urls | std::views::transform(fetch));
        EXPECT_EQ(limited.size(), 2U);
    });
}

// Each is stopped while it waits: what the frames own must die once then, too.
TEST_F(IdiomsTest, stopped_in_the_middle_everything_dies_once) {
    run_sim([]() -> Task<> {
        auto waits = [](Tracked one) -> Task<int> {
            co_await sleep(1h);
            co_return one.number();
        };
        auto body = [&]() -> Task<> {
            const Tracked local(1);
            auto closure = [local, &waits]() -> Task<int> {
                const int value = co_await waits(local);
                co_return value;
            };
            co_await gather(waits(Tracked(1)), timeout(2h, waits(Tracked(2))),
                            shield(waits(Tracked(3)), 1ms), std::move(closure));
        };
        const auto result = co_await move_on_after(1ms, body);
        EXPECT_FALSE(result);
    });
    EXPECT_EQ(Tracked::live(), 0);
}

}  // namespace
}  // namespace rondo::test
