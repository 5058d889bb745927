// SPDX-License-Identifier: Apache-2.0
// What only io_uring can get wrong: queues that overflow, entries that were never submitted.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "driver/driver_harness.hpp"
#include "driver/uring/probe.hpp"
#include "driver/uring/uring_driver.hpp"
#include "support/no_descriptor_left.hpp"

namespace rondo::test {
namespace {

std::unique_ptr<Driver> small_ring() {
    int error = 0;
    detail::RingSize size;
    size.submissions = 8;
    size.completions = 16;
    return detail::make_uring_driver(error, size);
}

class Uring : public testing::Test {
protected:
    void SetUp() override {
        if (detail::probe_uring().error != 0) {
            GTEST_SKIP() << "no io_uring on this system";
        }
    }
};

constexpr std::size_t bytes_per_stream = 20'000;

/// A connection whose bytes tell their position.
class Stream {
public:
    explicit Stream(Driver& driver) : driver_(driver) {
        EXPECT_EQ(driver_.socket_pair(fds_), 0);
        receive_ = std::make_unique<TestOperation>(OperationKind::receive, fds_[0], buffer_,
                                                   sizeof buffer_);
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() {
        for (const int fd : fds_) {
            TestOperation close(OperationKind::close, fd);
            EXPECT_TRUE(driver_.submit(close));
        }
    }

    bool is_complete() const { return received_ == bytes_per_stream; }

    void send_some() {
        char bytes[100];
        const std::size_t count = std::min(sizeof bytes, bytes_per_stream - sent_);
        for (std::size_t i = 0; i < count; ++i) {
            bytes[i] = byte_at(sent_ + i);
        }
        const ssize_t sent = ::send(fds_[1], bytes, count, MSG_DONTWAIT);
        sent_ += sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }

    void receive_some() {
        if (receive_->announced != 0) {
            receive_->announced = 0;
            if (!driver_.perform(*receive_)) {
                return;
            }
            check();
        }
        if (receive_->state == OperationState::in_flight) {
            return;
        }
        while (!is_complete() && driver_.submit(*receive_)) {
            check();
        }
    }

private:
    void check() {
        ASSERT_GT(receive_->result, 0);
        for (int i = 0; i < receive_->result; ++i) {
            ASSERT_EQ(buffer_[i], byte_at(received_++));
        }
    }

    Driver& driver_;
    int fds_[2] = {-1, -1};
    std::size_t sent_ = 0;
    std::size_t received_ = 0;
    char buffer_[512];
    std::unique_ptr<TestOperation> receive_;
};

}  // namespace

// A multishot poll ends when its completion finds no room. Nobody may starve, no byte be lost.
TEST_F(Uring, completions_that_overflow_lose_no_edge) {
    const auto driver = small_ring();
    ASSERT_NE(driver, nullptr);
    std::deque<Stream> streams;
    for (int i = 0; i < 200; ++i) {
        streams.emplace_back(*driver);
    }
    const auto incomplete = [](const Stream& stream) { return !stream.is_complete(); };
    while (std::any_of(streams.begin(), streams.end(), incomplete)) {
        for (Stream& stream : streams) {
            stream.receive_some();
            stream.send_some();
        }
        driver->wait(0);
    }
}

TEST_F(Uring, a_batch_larger_than_the_queue_is_submitted_in_parts) {
    const std::ptrdiff_t before = open_descriptors();
    {
        const auto driver = small_ring();
        ASSERT_NE(driver, nullptr);
        std::deque<TestOperation> polls;
        std::deque<std::pair<int, int>> pairs;
        for (int i = 0; i < 300; ++i) {
            int fds[2];
            ASSERT_EQ(driver->socket_pair(fds), 0);
            pairs.emplace_back(fds[0], fds[1]);
            polls.emplace_back(OperationKind::poll, fds[0], nullptr, POLLOUT);
            EXPECT_FALSE(driver->submit(polls.back()));
        }
        for (TestOperation& poll : polls) {
            while (poll.announced == 0) {
                driver->wait(Driver::never);
            }
            EXPECT_EQ(poll.result & POLLOUT, POLLOUT);
        }
        for (const auto& [first, second] : pairs) {
            TestOperation one(OperationKind::close, first);
            TestOperation other(OperationKind::close, second);
            EXPECT_TRUE(driver->submit(one));
            EXPECT_TRUE(driver->submit(other));
        }
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Uring, closes_that_were_not_submitted_happen_when_the_driver_goes) {
    const std::ptrdiff_t before = open_descriptors();
    {
        Bench bench({DriverKind::uring});
        for (int i = 0; i < 20; ++i) {
            const auto [near, far] = bench.unix_pair();
            char byte;
            TestOperation receive(OperationKind::receive, near, &byte, 1);
            ASSERT_FALSE(bench.submit(receive));
            EXPECT_EQ(bench.cancel(receive), -ECANCELED);
            bench.close(near);
            bench.close(far);
        }
    }
    EXPECT_EQ(open_descriptors(), before);
}

/// Each end is seen by now; closes it.
void expect_ends(const std::vector<int>& far) {
    for (const int fd : far) {
        char byte = 0;
        EXPECT_EQ(::recv(fd, &byte, 1, MSG_DONTWAIT), 0) << std::strerror(errno);
        ::close(fd);
    }
}

TEST_F(Uring, many_closes_have_happened_when_the_driver_is_gone) {
    std::vector<int> far;
    {
        Bench bench({DriverKind::uring});
        Waiting pairs(bench, 100);
        for (const int fd : pairs.near) {
            bench.close(fd);
        }
        far = std::move(pairs.far);
    }
    expect_ends(far);
}

TEST_F(Uring, many_closes_have_happened_when_nothing_is_pending) {
    Bench bench({DriverKind::uring});
    const Waiting pairs(bench, 100);
    for (const int fd : pairs.near) {
        bench.close(fd);
    }
    while (bench.driver().pending()) {
        bench.driver().wait(0);
    }
    expect_ends(pairs.far);
}

// There are six times as many completions as their queue holds.
TEST_F(Uring, many_closes_that_are_finished_leave_no_completions) {
    Bench bench(small_ring());
    const Waiting pairs(bench, 100);
    for (const int fd : pairs.near) {
        bench.close(fd);
    }
    EXPECT_TRUE(bench.driver().finish_closes());
    bench.driver().wait(0);
    EXPECT_FALSE(bench.driver().pending());
    expect_ends(pairs.far);
    EXPECT_FALSE(bench.driver().finish_closes());
}

// A close of what was waited on is an entry: it is made when its descriptor is needed.
TEST_F(Uring, what_is_only_queued_to_be_closed_is_free) {
    Bench bench({DriverKind::uring});
    Driver& driver = bench.driver();
    const auto pair = [&](int(&fds)[2]) { return driver.socket_pair(fds); };
    const auto pipe = [&](int(&fds)[2]) { return driver.make_pipe(fds); };
    const auto one = [&](int(&fds)[2]) { return fds[0] = driver.open_socket(AF_INET); };
    const std::function<int(int(&)[2])> makers[] = {pair, pipe, one};
    for (const auto& make : makers) {
        const Waiting pairs(bench, 2);
        int fds[2] = {-1, -1};
        {
            const NoDescriptorLeft full;
            ASSERT_EQ(make(fds), -EMFILE);
            fds[0] = fds[1] = -1;
            for (const int fd : pairs.near) {
                bench.close(fd);
            }
            EXPECT_GE(make(fds), 0);
        }
        for (const int fd : {fds[0], fds[1], pairs.far[0], pairs.far[1]}) {
            if (fd >= 0) {
                bench.close(fd);
            }
        }
    }
}

/// From now on the kernel takes no entries of this thread but with a look at completions. False: it
/// does all the same.
bool refuse_plain_submissions() {
    constexpr unsigned flags = offsetof(seccomp_data, args) + 3 * sizeof(seccomp_data::args[0]);
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_enter, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, IORING_ENTER_GETEVENTS, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// The numbers of completions in the order in which they are taken. The first asks for an entry,
/// when the queue of entries is full and the kernel takes none at first.
std::vector<std::uint64_t> take_while_entries_are_refused(bool& refused) {
    detail::Uring ring;
    std::vector<std::uint64_t> taken;
    const auto add = [&](std::uint64_t number) {
        io_uring_sqe& entry = ring.next_entry();
        entry.opcode = IORING_OP_NOP;
        entry.user_data = number;
    };
    if (ring.open({8, 16}) != 0) {
        ADD_FAILURE() << "no ring";
        return taken;
    }
    for (std::uint64_t number = 1; number <= 8; ++number) {
        add(number);
    }
    ring.enter(0);
    for (std::uint64_t number = 9; number <= 16; ++number) {
        add(number);
    }
    refused = refuse_plain_submissions();
    while (taken.size() < 17) {
        ring.reap([&](const io_uring_cqe& completion) {
            taken.push_back(completion.user_data);
            if (taken.size() == 1) {
                add(17);
            }
        });
        ring.enter(0);
    }
    return taken;
}

// The rest of them is set aside then, and must not be taken from the queue as well.
TEST_F(Uring, an_entry_that_is_refused_doubles_no_completion) {
    std::vector<std::uint64_t> taken;
    bool refused = false;
    std::thread([&] { taken = take_while_entries_are_refused(refused); }).join();
    if (!refused) {
        GTEST_SKIP() << "no filters of system calls on this system";
    }
    std::vector<std::uint64_t> expected(17);
    std::iota(expected.begin(), expected.end(), std::uint64_t{1});
    EXPECT_EQ(taken, expected);
}

// Which would cost each of its receives a call more.
TEST_F(Uring, bytes_that_are_not_urgent_leave_no_mark) {
    Bench bench({DriverKind::uring});
    const auto [client, server] = bench.tcp_pair();
    char buffer[64];
    TestOperation receive(OperationKind::receive, server, buffer, sizeof buffer);
    ASSERT_FALSE(bench.submit(receive));
    for (const int sends : {1, 2}) {
        bench.turn();
        for (int i = 0; i < sends; ++i) {
            ASSERT_EQ(::send(client, "x", 1, 0), 1);
        }
        wait_until_delivered(client);
        bench.finish(receive);
        EXPECT_EQ(receive.result, sends);
        ASSERT_EQ(::send(client, "y", 1, 0), 1);
        wait_until_delivered(client);
        ASSERT_FALSE(bench.submit(receive)) << "it was short, so nothing was left: no call is made";
        bench.finish(receive);
        ASSERT_FALSE(bench.submit(receive));
    }
    EXPECT_EQ(bench.cancel(receive), -ECANCELED);
    bench.close(client);
    bench.close(server);
}

TEST_F(Uring, the_probe_names_what_it_found) {
    const detail::UringProbe probe = detail::probe_uring();
    EXPECT_NE(probe.features.find("defer_taskrun"), std::string::npos);
    EXPECT_NE(probe.features.find("ext_arg"), std::string::npos);
}

}  // namespace rondo::test
