// SPDX-License-Identifier: Apache-2.0
/// A driver under test without a loop: operations that count their announcements, and sockets.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/loop/driver.hpp"

namespace rondo::test {

/// One driver and, for the simulation, one order.
struct DriverParam {
    DriverKind kind;
    std::uint64_t seed = 0;      ///< 0: first in, first out
    std::string_view mask = "";  ///< of io_uring's features, as RONDO_URING_MASK has it
    bool batches = false;        ///< io_uring: sends are batched in every turn

    bool is_real() const { return kind != DriverKind::sim; }
};

/// "uring", "epoll", "sim_fifo", "sim_seed_7": what RONDO_DRIVER leaves of them.
std::vector<DriverParam> all_drivers();
std::vector<DriverParam> real_drivers();
/// The real ones, and io_uring where it batches sends always.
std::vector<DriverParam> sending_drivers();
/// These, and io_uring with fewer features.
std::vector<DriverParam> kernel_drivers();
std::vector<DriverParam> simulated_drivers();
std::string name_of(const DriverParam& param);
inline void PrintTo(const DriverParam& param, std::ostream* out) { *out << name_of(param); }

/// False when this kernel refuses io_uring, which is no failure of ours.
bool is_available(DriverKind kind);

std::unique_ptr<Driver> make(const DriverParam& param);

/// An operation that counts how often it was announced.
struct TestOperation : Operation {
    int announced = 0;

    explicit TestOperation(OperationKind what, int descriptor, void* bytes = nullptr,
                           std::size_t count = 0);
    TestOperation(const TestOperation&) = delete;
    TestOperation& operator=(const TestOperation&) = delete;
};

/// A listener and where it listens.
struct Listener {
    int fd = -1;
    sockaddr_storage address{};
    socklen_t length = 0;
};

/// Plays the loop: runs operations to their end on one driver.
class Bench {
public:
    explicit Bench(const DriverParam& param);
    /// Of a real kernel.
    explicit Bench(std::unique_ptr<Driver> driver);
    ~Bench();

    Driver& driver() { return *driver_; }

    /// True when it ended inside.
    bool submit(TestOperation& operation);

    /// Waits until `operation` is done, performing it when it is announced as runnable. Fails the
    /// test when nothing can happen any more, or when it was announced twice.
    void finish(TestOperation& operation);

    /// Waits a few times without sleeping: what is due happens.
    void turn(int times = 8);

    /// Submits, finishes, and returns the result.
    int run(TestOperation& operation);
    int run(OperationKind kind, int fd, void* bytes = nullptr, std::size_t count = 0);

    int send(int fd, std::string bytes);
    /// The bytes of one receive, "" at the end of the stream; an error is a failed test.
    std::string receive(int fd, std::size_t at_most = 64 * 1024);
    std::string receive_exactly(int fd, std::size_t count);
    void close(int fd);
    /// Cancels and finishes; returns the result.
    int cancel(TestOperation& operation);

    /// A listener's descriptor, or -errno: with SO_REUSEADDR, and SO_REUSEPORT when `share_port`.
    int listen_at(const sockaddr* address, std::uint32_t length, int backlog, bool share_port);
    Listener listen(int family = AF_INET, int backlog = 16);
    /// Client, server.
    std::pair<int, int> connect_to(const Listener& listener);
    std::pair<int, int> tcp_pair(int family = AF_INET);
    std::pair<int, int> unix_pair();
    std::pair<int, int> pipe();
    /// A number that was a socket's a moment ago.
    int unix_pair_closed();

    /// Descriptors that this bench's driver, or the process, has open beyond those at the start.
    std::ptrdiff_t descriptors_left();
    std::size_t leases_out();

private:
    std::unique_ptr<Driver> driver_;
    bool simulated_;
    std::ptrdiff_t open_at_start_ = 0;
};

/// Pairs of Unix sockets, on whose near ends somebody has waited for bytes.
struct Waiting {
    std::vector<int> near;
    std::vector<int> far;

    Waiting(Bench& bench, int count);
};

/// Returns when the peer of a TCP socket has all that was sent: softirqs deliver when they like.
void wait_until_delivered(int fd);

/// How many descriptors this process has open.
std::ptrdiff_t open_descriptors();

/// A port on which nobody listens.
sockaddr_in nobody_listens();

/// Byte `position` of a stream whose every byte tells where it belongs.
inline char byte_at(std::size_t position) {
    return static_cast<char>((position * 131 + (position >> 8) * 17) & 0xff);
}

/// The first `size` bytes of such a stream.
inline std::string coded(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = byte_at(i);
    }
    return text;
}

class DriverTest : public testing::TestWithParam<DriverParam> {
protected:
    void SetUp() override;
    void TearDown() override;

    Driver& driver() { return bench_->driver(); }
    bool is_real() const { return GetParam().is_real(); }

    std::unique_ptr<Bench> bench_;
};

}  // namespace rondo::test
