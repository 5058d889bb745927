// SPDX-License-Identifier: Apache-2.0
// Accepts with the hint: many at one listener where the driver can, one elsewhere.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "driver/driver_harness.hpp"

namespace rondo::test {
namespace {

class AcceptBeside : public DriverTest {
protected:
    struct Hinted : TestOperation {
        explicit Hinted(const Listener& listener)
            : TestOperation(OperationKind::accept, listener.fd) {
            hint = 1;
        }
    };

    int connect(const Listener& listener) {
        Listener where = listener;
        const int client = driver().open_socket(where.address.ss_family);
        TestOperation connect(OperationKind::connect, client, &where.address, where.length);
        EXPECT_EQ(bench_->run(connect), 0);
        return client;
    }

    void close_all(std::initializer_list<int> descriptors) {
        for (const int fd : descriptors) {
            bench_->close(fd);
        }
    }
};

TEST_P(AcceptBeside, takes_who_waits_already) {
    const Listener listener = bench_->listen();
    const int client = connect(listener);
    Hinted accept(listener);
    const int server = bench_->run(accept);
    ASSERT_EQ(bench_->send(client, "x"), 1);
    EXPECT_EQ(bench_->receive(server), "x");
    close_all({client, server, listener.fd});
}

TEST_P(AcceptBeside, waits_for_who_comes) {
    const Listener listener = bench_->listen();
    Hinted accept(listener);
    ASSERT_FALSE(bench_->submit(accept));
    bench_->turn();
    EXPECT_EQ(accept.announced, 0);
    const int client = connect(listener);
    bench_->finish(accept);
    ASSERT_GE(accept.result, 0);
    ASSERT_EQ(bench_->send(accept.result, "welcome"), 7);
    EXPECT_EQ(bench_->receive(client), "welcome");
    close_all({client, accept.result, listener.fd});
}

TEST_P(AcceptBeside, each_connection_ends_one) {
    const Listener listener = bench_->listen();
    std::array<Hinted, 3> accepts = {Hinted(listener), Hinted(listener), Hinted(listener)};
    ASSERT_FALSE(bench_->submit(accepts[0]));
    if (!driver().accepts_beside()) {
        ASSERT_TRUE(bench_->submit(accepts[1]));
        EXPECT_EQ(accepts[1].result, -EBUSY);
        EXPECT_EQ(bench_->cancel(accepts[0]), -ECANCELED);
        bench_->close(listener.fd);
        return;
    }
    ASSERT_FALSE(bench_->submit(accepts[1]));
    ASSERT_FALSE(bench_->submit(accepts[2]));
    for (int connected = 1; connected <= 3; ++connected) {
        const int client = connect(listener);
        bench_->turn();
        EXPECT_EQ(std::count_if(accepts.begin(), accepts.end(),
                                [](const Hinted& accept) { return accept.announced == 1; }),
                  connected);
        bench_->close(client);
    }
    for (Hinted& accept : accepts) {
        bench_->finish(accept);
        ASSERT_GE(accept.result, 0);
        bench_->close(accept.result);
    }
    bench_->close(listener.fd);
}

TEST_P(AcceptBeside, a_cancelled_one_leaves_the_connection_to_the_others) {
    const Listener listener = bench_->listen();
    Hinted first(listener);
    ASSERT_FALSE(bench_->submit(first));
    EXPECT_EQ(bench_->cancel(first), -ECANCELED);
    Hinted second(listener);
    ASSERT_FALSE(bench_->submit(second));
    const int client = connect(listener);
    bench_->finish(second);
    EXPECT_GE(second.result, 0);
    close_all({client, second.result, listener.fd});
}

TEST_P(AcceptBeside, cancelled_with_a_connection_before_it_the_result_wins) {
    const Listener listener = bench_->listen();
    const int client = connect(listener);
    Hinted accept(listener);
    if (!bench_->submit(accept)) {
        bench_->cancel(accept);
    }
    ASSERT_GE(accept.result, 0);
    close_all({client, accept.result, listener.fd});
}

// The number is of a connection that had been read until it blocked, and is given again.
TEST_P(AcceptBeside, knows_nothing_of_who_had_the_number_before) {
    const Listener listener = bench_->listen();
    for (int round = 0; round < 3; ++round) {
        Hinted accept(listener);
        const int client = connect(listener);
        const int server = bench_->run(accept);
        char byte = 0;
        TestOperation receive(OperationKind::receive, server, &byte, 1);
        ASSERT_FALSE(bench_->submit(receive));
        ASSERT_EQ(bench_->send(client, "x"), 1);
        bench_->finish(receive);
        EXPECT_EQ(receive.result, 1);
        close_all({client, server});
    }
    bench_->close(listener.fd);
}

TEST_P(AcceptBeside, wants_a_listener) {
    const auto [one, other] = bench_->unix_pair();
    TestOperation accept(OperationKind::accept, one);
    accept.hint = 1;
    EXPECT_LT(bench_->run(accept), 0);
    TestOperation nowhere(OperationKind::accept, -1);
    nowhere.hint = 1;
    EXPECT_EQ(bench_->run(nowhere), -EBADF);
    close_all({one, other});
}

TEST_P(AcceptBeside, says_when_no_descriptor_is_left) {
    const Listener listener = bench_->listen();
    const int client = connect(listener);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(client) + 1;
    Hinted accept(listener);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const int refused = bench_->run(accept);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(refused, -EMFILE);
    Hinted again(listener);
    const int server = bench_->run(again);
    EXPECT_GE(server, 0);
    close_all({client, server, listener.fd});
}

INSTANTIATE_TEST_SUITE_P(drivers, AcceptBeside, testing::ValuesIn(kernel_drivers()),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace rondo::test
