// SPDX-License-Identifier: Apache-2.0
// Ten thousand processes leave no zombie and no descriptor behind.
#include <chrono>
#include <cstdio>

#include "os/os_test.hpp"

namespace rondo::test {
namespace {

class ManyProcessesSlowTest : public OsTest {
protected:
    static constexpr int all = 10'000;

    static void print(const char* what, std::chrono::steady_clock::time_point begin) {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        std::printf("%d processes %s: %.1f s, %.0f us each\n", all, what, took.count(),
                    took.count() / all * 1e6);
    }
};

TEST_P(ManyProcessesSlowTest, that_end) {
    const auto begin = std::chrono::steady_clock::now();
    on_driver([]() -> Task<> {
        const std::ptrdiff_t before = descriptors_open();
        int ended = 0;
        auto worker = [&]() -> Task<> {
            for (int i = 0; i < all / 20; ++i) {
                ProcessOptions options = command("/bin/true");
                options.out = Stdio::pipe();
                Process process = spawn(options);
                const ExitStatus status = co_await process.wait();
                ended += status.ok() ? 1 : 0;
            }
        };
        std::vector<Task<>> workers;
        for (int i = 0; i < 20; ++i) {
            workers.push_back(worker());
        }
        co_await gather(std::move(workers));
        EXPECT_EQ(ended, all);
        EXPECT_TRUE(has_no_child()) << "zombies";
        EXPECT_EQ(descriptors_open(), before);
        EXPECT_EQ(current_loop().stats().operations, 0U);
    });
    print("that end", begin);
}

TEST_P(ManyProcessesSlowTest, that_are_killed_stopped_or_dropped) {
    const auto begin = std::chrono::steady_clock::now();
    on_driver([]() -> Task<> {
        const std::ptrdiff_t before = descriptors_open();
        auto one = [](int number) -> Task<> {
            ProcessOptions options = command("/bin/sleep", "1000");
            options.in = options.out = Stdio::pipe();
            Process process = spawn(options);
            switch (number % 4) {
                case 0: break;
                case 1: co_await process.stop(); break;
                case 2: {
                    process.kill();
                    co_await process.wait();
                    break;
                }
                default: co_await move_on_after(1ms, process.wait());
            }
        };
        auto worker = [&]() -> Task<> {
            for (int i = 0; i < all / 20; ++i) {
                co_await one(i);
            }
        };
        std::vector<Task<>> workers;
        for (int i = 0; i < 20; ++i) {
            workers.push_back(worker());
        }
        co_await gather(std::move(workers));
        while (current_loop().stats().tasks > 1) {
            co_await sleep(1ms);
        }
        EXPECT_TRUE(has_no_child()) << "zombies";
        EXPECT_EQ(descriptors_open(), before);
    });
    print("killed, stopped or dropped", begin);
}

INSTANTIATE_TEST_SUITE_P(os, ManyProcessesSlowTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
