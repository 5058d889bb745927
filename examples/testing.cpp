// SPDX-License-Identifier: Apache-2.0
// A program of tests: GoogleTest, with bodies that are coroutines. docs/testing.md explains it.
#include <functional>
#include <map>
#include <rondo/rondo.hpp>
#include <rondo/sim/determinism.hpp>
#include <rondo/sim/gtest.hpp>
#include <string>
using namespace std::chrono_literals;

// What is tested: a cache that loads each key once, however many ask for it.
class Cache {
public:
    using Load = std::function<rondo::Task<std::string>(std::string)>;

    explicit Cache(Load load) : load_(std::move(load)) {}

    rondo::Task<std::string> get(std::string key) {
        const auto guard = co_await lock_.acquire();
        if (!values_.contains(key)) {
            std::string value = co_await load_(key);
            values_[key] = std::move(value);
        }
        co_return values_[key];
    }

private:
    Load load_;
    rondo::Lock lock_;
    std::map<std::string, std::string> values_;
};

RONDO_TEST(CacheTest, loads_what_it_does_not_have) {
    Cache cache([](std::string key) -> rondo::Task<std::string> {
        co_await rondo::sleep(2h);
        co_return "value of " + key;
    });
    const rondo::TimePoint start = rondo::now();
    const std::string first = co_await cache.get("a");
    const std::string second = co_await cache.get("a");
    RONDO_MUST(EXPECT_EQ(first, "value of a") << "no use to go on");
    EXPECT_EQ(second, first);
    EXPECT_EQ(rondo::now() - start, 2h);
}

RONDO_TEST_SEEDS(CacheTest, loads_a_key_once, 100) {
    int loads = 0;
    Cache cache([&](std::string key) -> rondo::Task<std::string> {
        ++loads;
        co_await rondo::yield();
        co_return key;
    });
    const auto come_later = [&]() -> rondo::Task<std::string> {
        co_await rondo::yield();
        co_return co_await cache.get("a");
    };
    co_await rondo::gather(cache.get("a"), come_later());
    EXPECT_EQ(loads, 1);
}

rondo::Task<> echo(rondo::net::TcpListener& listener) {
    rondo::net::TcpStream stream = co_await listener.accept();
    for (;;) {
        const auto bytes = co_await stream.read_leased();
        if (bytes.empty()) {
            co_return;
        }
        co_await stream.write_all(bytes.bytes());
    }
}

rondo::Task<std::string> ask(rondo::net::Address address, std::string question) {
    auto stream = co_await rondo::net::TcpStream::connect(address);
    co_await stream.write_all(question);
    stream.shutdown_write();
    std::string answer;
    char bytes[512];
    for (;;) {
        const std::size_t count = co_await stream.read_some(bytes);
        if (count == 0) {
            co_return answer;
        }
        answer.append(bytes, count);
    }
}

RONDO_TEST_SEEDS(EchoTest, gives_back_each_byte, 50) {
    auto listener = rondo::net::TcpListener::listen(rondo::net::Address::loopback(0));
    const std::string question(10'000, 'x');
    auto [served, answer] =
        co_await rondo::gather(echo(listener), ask(listener.local_address(), question));
    EXPECT_EQ(answer, question);
}

TEST(CacheTest, does_the_same_when_run_again) {
    const auto scenario = []() -> rondo::Task<> {
        Cache cache([](std::string key) -> rondo::Task<std::string> {
            co_await rondo::sleep(1s);
            co_return key;
        });
        co_await rondo::gather(cache.get("a"), cache.get("b"));
    };
    const auto result = rondo::sim::check_determinism(scenario);
    EXPECT_TRUE(result.same) << result.difference;
}

// Without GoogleTest: throws at the first run that fails, and says how to repeat it.
void explore_orders() {
    rondo::sim::explore(200, []() -> rondo::Task<> {
        rondo::Queue<int> queue(1);
        auto [put, got] = co_await rondo::gather(queue.put(7), queue.get());
        if (got != 7) {
            throw std::runtime_error("lost an item");
        }
    });
}

TEST(QueueTest, keeps_its_items_in_every_order) { EXPECT_NO_THROW(explore_orders()); }
