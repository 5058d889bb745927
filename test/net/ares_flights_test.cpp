// SPDX-License-Identifier: Apache-2.0
// Questions that wait for their turn.
#include "net/dns/ares_flights.hpp"

#include "net/dns_server.hpp"
#include "net/net_test.hpp"
#include "support/thread_time.hpp"

namespace rondo::test {
namespace {

using net::detail::AnswerPtr;
using net::detail::AresFlights;
using net::detail::AskOptions;
using net::detail::Cache;
using net::detail::CacheLimits;
using net::detail::Landing;
using net::detail::NameStatus;
using net::detail::Question;
using net::detail::RecordType;

using Answers = std::vector<std::string>;

Answers nothing(const DnsQuery&) { return {}; }

class AresFlightsTest : public NetTest {
protected:
    static AskOptions patient(std::size_t asked_max) {
        AskOptions options;
        options.timeout = 10s;  // of a machine that is busy
        options.asked_max = asked_max;
        return options;
    }

    /// True: there is an answer.
    static Task<bool> ask(AresFlights& flights, std::string name) {
        Landing landing(flights, Question(name, RecordType::a));
        const AnswerPtr answer = co_await landing;
        co_return answer->status == NameStatus::found;
    }

    Cache cache{CacheLimits()};
};

// The youngest is cancelled first, and is the last of the queue.
TEST_P(AresFlightsTest, many_that_wait_for_their_turn_are_cancelled_in_a_short_step) {
    constexpr std::size_t count = 20'000;
    DnsServer server(nothing);
    const std::int64_t step = on_driver([&]() -> Task<std::int64_t> {
        AresFlights flights(current_loop(), cache, patient(1));
        flights.set_servers({server.address()}, false);
        auto ask_all = [&]() -> Task<> {
            std::vector<Task<bool>> questions;
            for (std::size_t i = 0; i < count; ++i) {
                questions.push_back(ask(flights, "h" + std::to_string(i) + ".example"));
            }
            co_await gather(std::move(questions));
        };
        auto asking = create_task(ask_all());
        while (flights.size() < count) {
            co_await yield();
        }
        const std::int64_t before = thread_time();
        asking.cancel();
        const std::int64_t took = thread_time() - before;
        EXPECT_LE(flights.size(), 1U);
        try {
            co_await asking;
        } catch (const Cancelled&) {
        }
        EXPECT_TRUE(asking.cancelled());
        EXPECT_EQ(flights.size(), 0U);
        co_return took;
    });
    EXPECT_LT(step, 200'000'000) << "200,000,000 steps of a search take longer";
}

INSTANTIATE_TEST_SUITE_P(net, AresFlightsTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
