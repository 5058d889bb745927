// SPDX-License-Identifier: Apache-2.0
// Listeners whose queue is full, and listeners that share a port, over links that take time.
#include <optional>

#include "sim/network_test.hpp"

namespace rondo::test {
namespace {

using net::ListenOptions;

class ListenerTest : public NetworkTest {};

TcpListener listen_with_backlog(int backlog) {
    ListenOptions options;
    options.backlog = backlog;
    return TcpListener::listen(Address::parse(there, 0), options);
}

Task<> end_of(TaskHandle<int>& handle) {
    try {
        co_await handle;
    } catch (const Cancelled&) {
        co_return;
    }
}

// The one who asked first goes away; the links may become slow while both wait.
Task<> one_of_two_goes_away(bool becomes_slow) {
    TcpListener listener = listen_with_backlog(0);
    const Address address = listener.local_address();
    const TcpStream first = co_await TcpStream::connect(address);
    TaskHandle<int> second = create_task(errno_of(TcpStream::connect(address)));
    TaskHandle<int> third = create_task(errno_of(TcpStream::connect(address)));
    co_await sleep(50ms);
    if (becomes_slow) {
        sim::network().set_all_links(Link(10ms));
    }
    const TcpStream accepted = co_await listener.accept();
    second.cancel();
    co_await end_of(second);
    const auto other = co_await move_on_after(200s, accept_one(listener));
    EXPECT_TRUE(other.has_value()) << "the third one";
    third.cancel();
    co_await end_of(third);
    EXPECT_EQ(third.done() && other.has_value(), true);
}

TEST_F(ListenerTest, who_asks_a_full_one_and_goes_away_keeps_nobody_out) {
    run([]() -> Task<> { co_await one_of_two_goes_away(false); });
    run([]() -> Task<> { co_await one_of_two_goes_away(false); }, Link(10ms));
    run([]() -> Task<> { co_await one_of_two_goes_away(true); });
}

TEST_F(ListenerTest, a_full_one_is_asked_again_and_again) {
    run(
        []() -> Task<> {
            TcpListener listener = listen_with_backlog(0);
            const Address address = listener.local_address();
            const TcpStream first = co_await TcpStream::connect(address);
            const TimePoint start = now();
            auto connect = [&]() -> Task<Duration> {
                const TcpStream second = co_await TcpStream::connect(address);
                co_return now() - start;
            };
            auto accept_late = [&]() -> Task<> {
                co_await sleep(2s);
                const TcpStream one = co_await listener.accept();
                const TcpStream other = co_await listener.accept();
            };
            const auto [took, none] = co_await gather(connect(), accept_late());
            static_cast<void>(none);
            EXPECT_EQ(took, 3s + 2 * 10ms + 20ms) << "the third request finds room";
        },
        Link(10ms));
}

TEST_F(ListenerTest, a_connect_to_one_that_stays_full_gives_up) {
    run(
        []() -> Task<> {
            const TcpListener listener = listen_with_backlog(0);
            const TcpStream first = co_await TcpStream::connect(listener.local_address());
            const int error = co_await errno_of(TcpStream::connect(listener.local_address()));
            EXPECT_EQ(error, ETIMEDOUT);
        },
        Link(10ms));
}

TEST_F(ListenerTest, those_that_share_a_port_take_turns) {
    for (const Link& link : {Link(), Link(10ms)}) {
        run(
            []() -> Task<> {
                ListenOptions options;
                options.share_port = true;
                options.backlog = 0;
                TcpListener one = TcpListener::listen(Address::parse(there, 0), options);
                TcpListener other = TcpListener::listen(one.local_address(), options);
                const TcpStream first = co_await TcpStream::connect(one.local_address());
                const TcpStream second = co_await TcpStream::connect(one.local_address());
                for (TcpListener* const listener : {&one, &other}) {
                    const auto stream = co_await move_on_after(1s, accept_one(*listener));
                    EXPECT_TRUE(stream.has_value());
                }
            },
            link);
    }
}

}  // namespace
}  // namespace rondo::test
