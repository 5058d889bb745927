// SPDX-License-Identifier: Apache-2.0
// Descriptors that travel over Unix streams, and files that are none of ours.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <vector>

#include "net/unix_fixture.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/no_descriptor_left.hpp"
#include "support/waited_on.hpp"

namespace rondo::test {
namespace {

using net::Descriptor;

class UnixKernelTest : public UnixTest {
protected:
    static Task<> write_one(UnixStream& stream) { co_await stream.write_all("x"); }
    static int open_null() { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }
    static bool is_close_on_exec(int fd) { return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }
    /// Sends past the driver until there is no room; how many bytes those were.
    static std::size_t fill_up(const UnixStream& stream) {
        const std::string much(4096, '-');
        std::size_t filled = 0;
        for (;;) {
            const ssize_t sent =
                ::send(stream.descriptor(), much.data(), much.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent < 0) {
                return filled;
            }
            filled += static_cast<std::size_t>(sent);
        }
    }
};

TEST_P(UnixKernelTest, a_descriptor_passed_is_the_same_file) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        auto [a, b] = UnixStream::pair();
        const std::array passed = {a.descriptor()};
        co_await near.send_descriptors(passed, "here");
        a.close();
        std::string room(10, '-');
        auto received = co_await far.receive_descriptors(room);
        EXPECT_EQ(room.substr(0, received.bytes), "here");
        EXPECT_FALSE(received.truncated);
        EXPECT_EQ(received.descriptors.size(), 1U);
        EXPECT_TRUE(is_close_on_exec(received.descriptors[0].descriptor()));
        UnixStream stream = UnixStream::adopt(received.descriptors[0].release());
        co_await stream.write_all("through it");
        const std::string text = co_await read_count(b, 10);
        EXPECT_EQ(text, "through it");
    });
}

TEST_P(UnixKernelTest, a_thousand_passes_leak_nothing) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor(), null.descriptor(), null.descriptor()};
        std::string room(10, '-');
        const auto before = descriptors_open();
        for (int i = 0; i < 1000; ++i) {
            co_await near.send_descriptors(passed, "x");
            const std::size_t most = 1 + static_cast<std::size_t>(i) % 4;
            auto received = co_await far.receive_descriptors(room, most);
            EXPECT_EQ(received.descriptors.size(), std::min<std::size_t>(most, 3));
            EXPECT_EQ(received.truncated, most < 3);
        }
        for (int i = 0; i < 100; ++i) {
            co_await near.send_descriptors(passed, "x");
            const std::size_t got = co_await far.read_some(room);
            EXPECT_EQ(got, 1U);
        }
        co_await yield();
        current_loop().driver().wait(0);
        EXPECT_EQ(descriptors_open(), before);
    });
}

TEST_P(UnixKernelTest, a_cancelled_receive_leaves_the_descriptors_to_the_next) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        std::string room(10, '-');
        const auto nothing = co_await move_on_after(1ms, far.receive_descriptors(room));
        EXPECT_FALSE(nothing.has_value());
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        co_await near.send_descriptors(passed, "x");
        auto received = co_await far.receive_descriptors(room);
        EXPECT_EQ(received.descriptors.size(), 1U);
        near.close();
        auto end = co_await far.receive_descriptors(room);
        EXPECT_EQ(end.bytes, 0U);
        EXPECT_TRUE(end.descriptors.empty());
    });
}

TEST_P(UnixKernelTest, a_long_message_with_descriptors_arrives_whole) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        const std::string text = numbered_text(1 << 20);
        auto receive = [&]() -> Task<> {
            std::string all;
            std::size_t descriptors = 0;
            std::string room(1 << 16, '-');
            while (all.size() < text.size()) {
                auto received = co_await far.receive_descriptors(room);
                all += room.substr(0, received.bytes);
                descriptors += received.descriptors.size();
            }
            EXPECT_EQ(all, text);
            EXPECT_EQ(descriptors, 1U);
        };
        co_await gather(near.send_descriptors(passed, text), receive);
    });
}

// Between its first bytes and the rest the task that sends it waits for its turn.
TEST_P(UnixKernelTest, nobody_writes_into_a_message_that_waited_for_room) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const std::size_t filled = fill_up(near);
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        const std::string text = numbered_text(1 << 20);
        int refusals = 0;
        auto intrude = [&]() -> Task<> {
            std::string error = co_await error_of([&] { return write_one(near); });
            for (; error == "busy"; ++refusals) {
                co_await yield();
                error = co_await error_of([&] { return write_one(near); });
            }
            EXPECT_EQ(error, "");
        };
        auto receive = [&]() -> Task<> {
            std::string all;
            std::string room(1 << 16, '-');
            while (all.size() <= filled + text.size()) {
                auto received = co_await far.receive_descriptors(room);
                all += room.substr(0, received.bytes);
            }
            EXPECT_TRUE(all.substr(filled) == text + "x");
        };
        co_await gather(near.send_descriptors(passed, text), intrude, receive);
        EXPECT_GT(refusals, 0);
    });
}

TEST_P(UnixKernelTest, a_number_that_was_just_closed_is_free_for_a_descriptor_that_comes) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        std::vector<UnixStream> streams = co_await waited_on(1);
        co_await near.send_descriptors(passed, "x");
        std::string room(1, '-');
        std::optional<NoDescriptorLeft> full(std::in_place);
        streams.clear();
        auto received = co_await far.receive_descriptors(room);
        full.reset();
        EXPECT_EQ(received.descriptors.size(), 1U);
        EXPECT_FALSE(received.truncated);
    });
}

TEST_P(UnixKernelTest, a_peer_that_leaves_in_the_middle_of_a_message_is_told_as_that) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        const std::string text(1 << 20, 'x');
        int os_error = 0;
        auto send = [&]() -> Task<> {
            try {
                co_await near.send_descriptors(passed, text);
            } catch (const Error& error) {
                os_error = error.os_error();
            }
        };
        auto leave = [&]() -> Task<> {
            co_await turns(10);
            const std::string beside = co_await error_of([&] { return write_one(near); });
            EXPECT_EQ(beside, "busy");
            far.close();
        };
        co_await gather(send, leave);
        EXPECT_TRUE(os_error == EPIPE || os_error == ECONNRESET) << os_error;
        const std::string later = co_await error_of([&] { return write_one(near); });
        EXPECT_EQ(later, "closed");
    });
}

// Whatever of the message went out, no other can follow it.
TEST_P(UnixKernelTest, a_stopped_message_ends_the_writing) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        const std::string text(1 << 20, 'x');
        const auto sent = co_await move_on_after(1ms, near.send_descriptors(passed, text));
        EXPECT_FALSE(sent.has_value());
        const std::string later = co_await error_of([&] { return write_one(near); });
        EXPECT_EQ(later, "closed");
    });
}

TEST_P(UnixKernelTest, passing_descriptors_cancelled_anywhere_leaks_none) {
    Everywhere where;
    where.driver = GetParam().driver;
    const Scenario scenario = []() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const Descriptor null(open_null());
        const std::array passed = {null.descriptor()};
        const std::string text(300'000, 'x');
        auto receive = [&]() -> Task<> {
            std::size_t all = 0;
            std::string room(1 << 16, '-');
            while (all < text.size()) {
                auto received = co_await far.receive_descriptors(room);
                all += received.bytes;
            }
        };
        co_await gather(near.send_descriptors(passed, text), receive);
    };
    cancel_everywhere(scenario, where);
}

TEST_P(UnixKernelTest, a_file_that_is_no_socket_is_not_removed) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        std::ofstream(path.file()) << "precious";
        EXPECT_THROW(UnixListener::listen(path), Error);
        EXPECT_EQ(::unlink(path.file()), 0);
        co_return;
    });
}

INSTANTIATE_TEST_SUITE_P(net, UnixKernelTest, testing::ValuesIn(real_drivers()), param_name);

class UnixSimTest : public UnixTest {};

TEST_P(UnixSimTest, the_simulation_passes_no_descriptors) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const std::array passed = {0};
        const std::string error =
            co_await error_of([&] { return near.send_descriptors(passed, "x"); });
        EXPECT_EQ(error, "not_supported");
        co_await near.write_all("y");
        std::string room(10, '-');
        auto received = co_await far.receive_descriptors(room);
        EXPECT_EQ(received.bytes, 1U);
    });
}

INSTANTIATE_TEST_SUITE_P(net, UnixSimTest, testing::ValuesIn(simulated_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
