// SPDX-License-Identifier: Apache-2.0
// Happy Eyeballs on virtual time: which address is tried when, and what is left of the losers.
#include "net/connect_race.hpp"

#include <algorithm>
#include <map>
#include <random>

#include "net/dns/sort_stably.hpp"
#include "net/net_test.hpp"
#include "rondo/sim/run.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

using net::Family;
using net::detail::Arrivals;
using net::detail::ConnectRace;

/// What happens to an attempt, how long after its start.
struct Fate {
    enum Kind { connects, is_refused, is_silent };
    Kind kind = connects;
    Duration after{0};
};

/// Addresses of one family that arrive.
struct Arrival {
    Duration at{0};
    Family family = Family::ipv4;
    std::vector<Address> addresses;
};

struct Script {
    std::vector<Arrival> arrivals;
    std::map<std::string, Fate> fates;  ///< by host
    std::optional<Duration> lookup_fails;
    Duration attempt_delay = 250ms;
    Duration resolution_delay = 50ms;
    bool prefers_ipv4 = false;
};

class ScriptedRace final : public ConnectRace {
public:
    ScriptedRace(const Script& script, std::string& log, Family family = Family::any)
        : ConnectRace("host.example:80", family, {script.attempt_delay, script.resolution_delay}),
          script_(script),
          log_(log) {}

    std::size_t connected = 0;

private:
    Task<> find_addresses(Arrivals& to) override {
        const TimePoint start = now();
        to.begin();
        for (const Arrival& arrival : script_.arrivals) {
            if (start + arrival.at > now()) {
                co_await sleep_until(start + arrival.at);
            }
            to.arrived(arrival.family, arrival.addresses);
        }
        if (script_.lookup_fails) {
            co_await sleep_until(start + *script_.lookup_fails);
            throw Error(Errc::not_found, "resolve", "host.example", "no such host");
        }
    }
    Task<TcpStream> attempt(Address address) override {
        const auto milliseconds = (now() - start_) / 1ms;
        log_ += (log_.empty() ? "" : " ") + address.host() + "@" + std::to_string(milliseconds);
        const auto known = script_.fates.find(address.host());
        const Fate fate = known != script_.fates.end() ? known->second : Fate{};
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        TcpStream stream = co_await TcpStream::connect(listener.local_address());
        if (fate.kind == Fate::is_silent) {
            co_await sleep(10'000h);
        }
        if (fate.after > Duration::zero()) {
            co_await sleep(fate.after);
        }
        if (fate.kind == Fate::is_refused) {
            throw Error("connect", address.to_string(), ECONNREFUSED);
        }
        ++connected;
        co_return stream;
    }
    std::vector<Address> in_order(std::vector<Address> addresses) override {
        if (script_.prefers_ipv4) {
            net::detail::sort_stably(addresses, [](const Address& a, const Address& b) {
                return !a.is_ipv6() && b.is_ipv6();
            });
        }
        return addresses;
    }

    const Script& script_;
    std::string& log_;
    const TimePoint start_ = now();
};

std::vector<Address> hosts(std::initializer_list<const char*> texts) {
    std::vector<Address> addresses;
    for (const char* text : texts) {
        addresses.push_back(Address::parse(text, 80));
    }
    return addresses;
}

class ConnectRaceTest : public LedgerTest {
protected:
    struct Result {
        std::string attempts;  ///< "::1@0 10.0.0.1@250"
        std::string error;     ///< empty: it connected
        Duration took{0};
    };

    static Task<Result> race(Script script, Family family = Family::any) {
        Result result;
        const TimePoint start = now();
        ScriptedRace contest(script, result.attempts, family);
        try {
            TcpStream stream = co_await contest.run();
            EXPECT_TRUE(stream.is_open());
            EXPECT_GE(contest.connected, 1U);
        } catch (const Error& error) {
            result.error = error.what();
        }
        result.took = now() - start;
        EXPECT_EQ(current_loop().stats().operations, 0U);
        co_return result;
    }
    static Result run_race(Script script, Family family = Family::any) {
        return run_sim([&]() -> Task<Result> {
            Result result = co_await race(script, family);
            expect_idle(current_loop().stats());
            co_return result;
        });
    }
};

TEST_F(ConnectRaceTest, the_first_address_that_answers_wins) {
    const Result result = run_race({{{0ms, Family::ipv6, hosts({"::1"})}}, {}, {}});
    EXPECT_EQ(result.attempts, "::1@0");
    EXPECT_EQ(result.error, "");
}

TEST_F(ConnectRaceTest, ipv6_that_is_known_first_is_tried_at_once) {
    const Result result = run_race(
        {{{10ms, Family::ipv6, hosts({"::1"})}, {900ms, Family::ipv4, hosts({"10.0.0.1"})}},
         {{"::1", {Fate::connects, 100ms}}},
         {}});
    EXPECT_EQ(result.attempts, "::1@10");
    EXPECT_EQ(result.took, 110ms);
}

TEST_F(ConnectRaceTest, delays_may_be_without_end) {
    Script script{
        {{0ms, Family::ipv4, hosts({"10.0.0.1"})}, {500ms, Family::ipv6, hosts({"::1", "::2"})}},
        {{"::1", {Fate::is_refused, 100ms}}, {"::2", {Fate::connects, 900ms}}},
        {}};
    script.attempt_delay = Duration::max();
    script.resolution_delay = Duration::max();
    const Result result = run_race(script);
    EXPECT_EQ(result.attempts, "::1@500 10.0.0.1@600");
    EXPECT_EQ(result.error, "");
}

TEST_F(ConnectRaceTest, ipv4_waits_fifty_milliseconds_for_ipv6) {
    const Result late = run_race(
        {{{10ms, Family::ipv4, hosts({"10.0.0.1"})}, {500ms, Family::ipv6, hosts({"::1"})}},
         {{"10.0.0.1", {Fate::connects, 20ms}}},
         {}});
    EXPECT_EQ(late.attempts, "10.0.0.1@60");
    EXPECT_EQ(late.took, 80ms);
    const Result in_time =
        run_race({{{10ms, Family::ipv4, hosts({"10.0.0.1"})}, {40ms, Family::ipv6, hosts({"::1"})}},
                  {},
                  {}});
    EXPECT_EQ(in_time.attempts, "::1@40");
}

TEST_F(ConnectRaceTest, ipv4_waits_no_longer_when_there_is_no_ipv6) {
    const Result result =
        run_race({{{10ms, Family::ipv4, hosts({"10.0.0.1"})}, {30ms, Family::ipv6, {}}}, {}, {}});
    EXPECT_EQ(result.attempts, "10.0.0.1@30");
    const Result alone =
        run_race({{{10ms, Family::ipv4, hosts({"10.0.0.1"})}}, {}, {}}, Family::ipv4);
    EXPECT_EQ(alone.attempts, "10.0.0.1@10");
}

TEST_F(ConnectRaceTest, of_two_families_that_are_known_the_order_chooses_the_first) {
    Script script{
        {{0ms, Family::ipv6, hosts({"::1"})}, {0ms, Family::ipv4, hosts({"10.0.0.1", "10.0.0.2"})}},
        {{"10.0.0.1", {Fate::is_refused, 30ms}}, {"::1", {Fate::is_refused, 30ms}}},
        {}};
    script.prefers_ipv4 = true;
    const Result result = run_race(script);
    EXPECT_EQ(result.attempts, "10.0.0.1@0 ::1@30 10.0.0.2@60");
}

TEST_F(ConnectRaceTest, attempts_are_250_ms_apart_and_families_take_turns) {
    const Result result = run_race({{{0ms, Family::ipv6, hosts({"::1", "::2", "::3"})},
                                     {0ms, Family::ipv4, hosts({"10.0.0.1", "10.0.0.2"})}},
                                    {{"::1", {Fate::is_silent, {}}},
                                     {"10.0.0.1", {Fate::is_silent, {}}},
                                     {"::2", {Fate::is_silent, {}}},
                                     {"10.0.0.2", {Fate::is_silent, {}}},
                                     {"::3", {Fate::connects, 5ms}}},
                                    {}});
    EXPECT_EQ(result.attempts, "::1@0 10.0.0.1@250 ::2@500 10.0.0.2@750 ::3@1000");
    EXPECT_EQ(result.took, 1005ms);
}

TEST_F(ConnectRaceTest, a_failure_is_followed_at_once) {
    const Result result =
        run_race({{{0ms, Family::ipv6, hosts({"::1"})},
                   {0ms, Family::ipv4, hosts({"10.0.0.1", "10.0.0.2"})}},
                  {{"::1", {Fate::is_refused, 30ms}}, {"10.0.0.1", {Fate::is_refused, 40ms}}},
                  {}});
    EXPECT_EQ(result.attempts, "::1@0 10.0.0.1@30 10.0.0.2@70");
}

TEST_F(ConnectRaceTest, an_earlier_attempt_may_still_win) {
    const Result result =
        run_race({{{0ms, Family::ipv6, hosts({"::1"})}, {0ms, Family::ipv4, hosts({"10.0.0.1"})}},
                  {{"::1", {Fate::connects, 300ms}}, {"10.0.0.1", {Fate::is_silent, {}}}},
                  {}});
    EXPECT_EQ(result.attempts, "::1@0 10.0.0.1@250");
    EXPECT_EQ(result.took, 300ms);
}

TEST_F(ConnectRaceTest, ipv6_addresses_that_come_late_take_their_turn) {
    const Result result =
        run_race({{{0ms, Family::ipv4, hosts({"10.0.0.1", "10.0.0.2", "10.0.0.3"})},
                   {100ms, Family::ipv6, hosts({"::1"})}},
                  {{"10.0.0.1", {Fate::is_silent, {}}},
                   {"::1", {Fate::is_silent, {}}},
                   {"10.0.0.2", {Fate::connects, {}}}},
                  {}});
    EXPECT_EQ(result.attempts, "10.0.0.1@50 ::1@300 10.0.0.2@550");
}

TEST_F(ConnectRaceTest, the_error_lists_each_address_with_its_failure) {
    const Result result =
        run_race({{{0ms, Family::ipv6, hosts({"::1"})}, {0ms, Family::ipv4, hosts({"10.0.0.1"})}},
                  {{"::1", {Fate::is_refused, 1ms}}, {"10.0.0.1", {Fate::is_refused, 1ms}}},
                  {}});
    EXPECT_EQ(result.error,
              "connect host.example:80: [::1]:80: Connection refused; 10.0.0.1:80: Connection "
              "refused");
}

// ------------------------------------------------------------------- very many addresses

/// As many as a message of the DNS holds, which all refuse, `after` so long.
void add_many(Script& script, Duration at, Family family, Duration after) {
    Arrival arrival{at, family, {}};
    for (int i = 1; i <= 4'000; ++i) {
        std::string host = "10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200);
        if (family == Family::ipv6) {
            host = "2001:db8::" + std::to_string(i);
        }
        arrival.addresses.push_back(Address::parse(host, 80));
        script.fates[host] = {Fate::is_refused, after};
    }
    script.arrivals.push_back(std::move(arrival));
}

auto attempts_in(const std::string& log) { return std::count(log.begin(), log.end(), '@'); }

TEST_F(ConnectRaceTest, sixty_four_addresses_are_tried_and_no_more) {
    Script script;
    add_many(script, 0ms, Family::ipv6, 1ms);
    add_many(script, 0ms, Family::ipv4, 1ms);
    const Result result = run_race(script);
    EXPECT_EQ(attempts_in(result.attempts), 64);
    EXPECT_EQ(std::count(result.error.begin(), result.error.end(), ';'), 63) << result.error;
    EXPECT_EQ(result.took, 64ms);
}

TEST_F(ConnectRaceTest, half_of_them_are_kept_for_the_family_that_is_late) {
    for (const bool ipv6_is_first : {true, false}) {
        Script script;
        script.resolution_delay = 1ms;
        add_many(script, 0ms, ipv6_is_first ? Family::ipv6 : Family::ipv4, 0ms);
        const char* const good = ipv6_is_first ? "10.9.9.9" : "::9";
        script.arrivals.push_back(
            {20ms, ipv6_is_first ? Family::ipv4 : Family::ipv6, hosts({good})});
        const Result result = run_race(script);
        EXPECT_EQ(result.error, "");
        EXPECT_EQ(attempts_in(result.attempts), 33);
        EXPECT_TRUE(result.attempts.ends_with(std::string(" ") + good + "@20")) << result.attempts;
        EXPECT_EQ(result.took, 20ms);
    }
}

TEST_F(ConnectRaceTest, what_was_kept_is_used_when_that_family_has_none) {
    Script script;
    add_many(script, 0ms, Family::ipv6, 0ms);
    script.arrivals.push_back({6s, Family::ipv4, {}});
    const Result result = run_race(script);
    EXPECT_EQ(attempts_in(result.attempts), 64);
    EXPECT_EQ(result.took, 6s);
}

TEST_F(ConnectRaceTest, or_when_the_lookup_ends_without_it) {
    Script script;
    add_many(script, 0ms, Family::ipv6, 0ms);
    script.lookup_fails = 6s;
    const Result result = run_race(script);
    EXPECT_EQ(attempts_in(result.attempts), 64);
    EXPECT_EQ(result.took, 6s);
}

TEST_F(ConnectRaceTest, when_none_can_be_tried_any_more_nothing_is_waited_for) {
    Script script;
    add_many(script, 0ms, Family::ipv6, 0ms);
    script.lookup_fails = 6s;
    const Result alone = run_race(script, Family::ipv6);
    EXPECT_EQ(attempts_in(alone.attempts), 64);
    EXPECT_EQ(alone.took, 0ms);
    add_many(script, 0ms, Family::ipv4, 0ms);
    const Result both = run_race(script);
    EXPECT_EQ(attempts_in(both.attempts), 64);
    EXPECT_EQ(both.took, 0ms);
}

// -------------------------------------------------- lookups that fail, races that are stopped

TEST_F(ConnectRaceTest, without_an_address_the_lookup_is_the_error) {
    const Result result = run_race({{{5ms, Family::ipv6, {}}, {6ms, Family::ipv4, {}}}, {}, 7ms});
    EXPECT_EQ(result.error, "resolve host.example: no such host");
    EXPECT_EQ(result.took, 7ms);
}

// The name's other family failed, but an address was there.
TEST_F(ConnectRaceTest, a_failed_lookup_does_not_stop_attempts) {
    const Result result = run_race({{{5ms, Family::ipv4, hosts({"10.0.0.1"})}},
                                    {{"10.0.0.1", {Fate::connects, 500ms}}},
                                    20ms});
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.attempts, "10.0.0.1@20");
}

TEST_F(ConnectRaceTest, a_deadline_stops_all_attempts) {
    run_sim([]() -> Task<> {
        const Script script{{{0ms, Family::ipv6, hosts({"::1", "::2"})}, {0ms, Family::ipv4, {}}},
                            {{"::1", {Fate::is_silent, {}}}, {"::2", {Fate::is_silent, {}}}},
                            {}};
        std::string attempts;
        ScriptedRace contest(script, attempts);
        bool timed_out = false;
        try {
            co_await timeout(1s, contest.run());
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        EXPECT_EQ(attempts, "::1@0 ::2@250");
        expect_idle(current_loop().stats());
    });
}

TEST_F(ConnectRaceTest, cancelled_everywhere) {
    const Script script{{{5ms, Family::ipv4, hosts({"10.0.0.1", "10.0.0.2"})},
                         {20ms, Family::ipv6, hosts({"::1"})}},
                        {{"::1", {Fate::is_refused, 10ms}},
                         {"10.0.0.1", {Fate::is_silent, {}}},
                         {"10.0.0.2", {Fate::connects, 10ms}}},
                        {}};
    for (const std::uint64_t seed : {0U, 1U, 2U, 3U}) {
        Everywhere where;
        where.seed = seed;
        cancel_everywhere(
            [&]() -> Task<> {
                std::string attempts;
                ScriptedRace contest(script, attempts);
                TcpStream stream = co_await contest.run();
                EXPECT_TRUE(stream.is_open());
            },
            where);
    }
}

// ------------------------------------------------------------------------- ten thousand

Script draw_script(std::mt19937& random) {
    const auto milliseconds = [&](unsigned most) {
        return Duration((random() % most) * 1'000'000);
    };
    Script script;
    for (const Family family : {Family::ipv4, Family::ipv6}) {
        Arrival arrival{milliseconds(200), family, {}};
        for (auto count = random() % 4; count > 0; --count) {
            const std::string host = family == Family::ipv4 ? "10.0.0." + std::to_string(count)
                                                            : "::" + std::to_string(count);
            arrival.addresses.push_back(Address::parse(host, 80));
            const auto kind = random() % 10;
            script.fates[host] = {kind < 4   ? Fate::connects
                                  : kind < 7 ? Fate::is_refused
                                             : Fate::is_silent,
                                  milliseconds(600)};
        }
        script.arrivals.push_back(std::move(arrival));
    }
    if (script.arrivals[0].at > script.arrivals[1].at) {
        std::swap(script.arrivals[0], script.arrivals[1]);
    }
    return script;
}

bool has(const Script& script, Fate::Kind kind) {
    return std::any_of(script.fates.begin(), script.fates.end(),
                       [&](const auto& fate) { return fate.second.kind == kind; });
}

// Whatever the addresses do: if one of them connects, so does the race; and all descriptors are
// closed in the end.
TEST_F(ConnectRaceTest, ten_thousand_races_leave_nothing) {
    std::mt19937 random(7);
    std::size_t connected = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        sim::Report report;
        sim::Options options(seed % 2 == 0 ? Schedule::random : Schedule::fifo, seed);
        sim::run(
            [&]() -> Task<> {
                for (int i = 0; i < 100; ++i) {
                    const Script script = draw_script(random);
                    const auto result = co_await move_on_after(1h, race(script));
                    const bool ended = result.has_value();
                    const bool won = ended && result->error.empty();
                    EXPECT_EQ(won, has(script, Fate::connects)) << seed << " " << i;
                    EXPECT_EQ(ended, won || !has(script, Fate::is_silent)) << seed << " " << i;
                    connected += won ? 1 : 0;
                }
            },
            options, report);
        EXPECT_FALSE(report.leaked()) << seed;
        EXPECT_EQ(report.left_running, "");
        if (HasFailure()) {
            break;
        }
    }
    EXPECT_GT(connected, 5'000U);
}

}  // namespace
}  // namespace rondo::test
