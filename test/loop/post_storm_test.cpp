// SPDX-License-Identifier: Apache-2.0
// Many threads post without a pause. RONDO_STORM_POSTS: how often each does, a million unless set.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

constexpr std::size_t threads_count = 8;

std::size_t posts_each() {
    const char* const asked = std::getenv("RONDO_STORM_POSTS");
    return asked != nullptr ? std::stoul(asked) : 1'000'000;
}

class PostStormSlowTest : public LedgerTest, public testing::WithParamInterface<DriverKind> {};

TEST_P(PostStormSlowTest, no_post_is_lost_or_run_twice_and_each_threads_order_is_kept) {
    const std::size_t each = posts_each();
    std::vector<std::size_t> next(threads_count, 0);
    std::size_t out_of_order = 0;
    std::size_t ran = 0;
    Gate all_ran;
    RunOptions options = sim_options();
    options.driver = GetParam();
    std::vector<std::thread> threads;
    run(
        [&]() -> Task<> {
            const LoopHandle loop = current_loop().handle();
            for (std::size_t me = 0; me < threads_count; ++me) {
                threads.emplace_back([&, loop, me] {
                    for (std::size_t i = 0; i < each; ++i) {
                        loop.post([&, me, i] {
                            out_of_order += next[me] == i ? 0 : 1;
                            ++next[me];
                            if (++ran == threads_count * each) {
                                all_ran.open();
                            }
                        });
                    }
                });
            }
            co_await all_ran.wait();
        },
        options);
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(out_of_order, 0U);
    EXPECT_EQ(ran, threads_count * each);
    EXPECT_EQ(next, std::vector<std::size_t>(threads_count, each));
}

INSTANTIATE_TEST_SUITE_P(, PostStormSlowTest,
                         testing::Values(DriverKind::epoll, DriverKind::automatic),
                         [](const auto& kind) {
                             return std::string(kind.param == DriverKind::epoll ? "epoll"
                                                                                : "automatic");
                         });

}  // namespace
}  // namespace rondo::test
