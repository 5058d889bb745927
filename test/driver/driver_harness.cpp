// SPDX-License-Identifier: Apache-2.0
#include "driver/driver_harness.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "driver/epoll/epoll_driver.hpp"
#include "driver/readiness_base.hpp"
#include "driver/uring/probe.hpp"
#include "driver/uring/uring_driver.hpp"
#include "rondo/base/error.hpp"
#include "sim/sim_driver.hpp"
#include "support/driver_choice.hpp"

namespace rondo::test {
namespace {

socklen_t loopback(int family, sockaddr_storage& address) {
    std::memset(&address, 0, sizeof address);
    if (family == AF_INET) {
        auto& ipv4 = reinterpret_cast<sockaddr_in&>(address);
        ipv4.sin_family = AF_INET;
        ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof ipv4;
    }
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(address);
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_addr = in6addr_loopback;
    return sizeof ipv6;
}

}  // namespace

std::vector<DriverParam> real_drivers() {
    std::vector<DriverParam> drivers;
    if (!is_left_out(DriverKind::uring) && is_available(DriverKind::uring)) {
        drivers.push_back({DriverKind::uring});
    }
    if (!is_left_out(DriverKind::epoll)) {
        drivers.push_back({DriverKind::epoll});
    }
    return drivers;
}

std::vector<DriverParam> simulated_drivers() {
    std::vector<DriverParam> drivers;
    for (std::uint64_t seed = 0; seed <= 20; ++seed) {
        drivers.push_back({DriverKind::sim, seed});
    }
    return drivers;
}

std::vector<DriverParam> sending_drivers() {
    std::vector<DriverParam> drivers = real_drivers();
    if (!is_left_out(DriverKind::uring) && is_available(DriverKind::uring)) {
        drivers.push_back({DriverKind::uring, 0, "", true});
    }
    return drivers;
}

std::vector<DriverParam> kernel_drivers() {
    std::vector<DriverParam> drivers = sending_drivers();
    if (!is_left_out(DriverKind::uring) && is_available(DriverKind::uring)) {
        drivers.push_back({DriverKind::uring, 0, "6.1"});
        drivers.push_back({DriverKind::uring, 0, "6.1,files"});
    }
    return drivers;
}

std::vector<DriverParam> all_drivers() {
    std::vector<DriverParam> drivers = kernel_drivers();
    for (const DriverParam& simulated : simulated_drivers()) {
        drivers.push_back(simulated);
    }
    return drivers;
}

std::string name_of(const DriverParam& param) {
    switch (param.kind) {
        case DriverKind::uring: {
            std::string name = param.mask.empty() ? "uring" : "uring_" + std::string(param.mask);
            name += param.batches ? "_that_batches" : "";
            std::replace_if(
                name.begin(), name.end(), [](char letter) { return std::ispunct(letter) != 0; },
                '_');
            return name;
        }
        case DriverKind::epoll: return "epoll";
        default: break;
    }
    return param.seed == 0 ? "sim_fifo" : "sim_seed_" + std::to_string(param.seed);
}

bool is_available(DriverKind kind) {
    return kind != DriverKind::uring || detail::probe_uring().error == 0;
}

std::unique_ptr<Driver> require_made(std::unique_ptr<Driver> driver, int error) {
    if (driver == nullptr) {
        throw Error("make driver", {}, -error);
    }
    return driver;
}

// Past make_driver, which RONDO_DRIVER rules.
std::unique_ptr<Driver> make(const DriverParam& param) {
    int error = 0;
    switch (param.kind) {
        case DriverKind::uring: {
            detail::UringMask mask;
            std::string_view unknown;
            EXPECT_TRUE(detail::read_uring_mask(param.mask, mask, unknown)) << unknown;
            const std::size_t from = param.batches ? 0 : detail::send_batch_from;
            auto driver = detail::make_uring_driver(error, {}, mask, from);
            return require_made(std::move(driver), error);
        }
        case DriverKind::epoll: {
            auto driver = detail::make_epoll_driver(error);
            return require_made(std::move(driver), error);
        }
        default: break;
    }
    DriverOptions options;
    options.kind = DriverKind::sim;
    options.schedule = param.seed != 0 ? Schedule::random : Schedule::fifo;
    options.seed = param.seed;
    return detail::make_sim_driver(options);
}

TestOperation::TestOperation(OperationKind what, int descriptor, void* bytes, std::size_t count)
    : Operation(what, descriptor) {
    data = bytes;
    size = static_cast<std::uint32_t>(count);
    offset = ~std::uint64_t{0};
    ready = [](Operation& operation) noexcept {
        static_cast<TestOperation&>(operation).announced++;
    };
}

Bench::Bench(const DriverParam& param) : driver_(make(param)), simulated_(!param.is_real()) {
    open_at_start_ = simulated_ ? 0 : open_descriptors();
}

Bench::Bench(std::unique_ptr<Driver> driver)
    : driver_(std::move(driver)), simulated_(false), open_at_start_(open_descriptors()) {}

Bench::~Bench() = default;

bool Bench::submit(TestOperation& operation) {
    operation.announced = 0;
    const bool ended = driver_->submit(operation);
    EXPECT_EQ(ended, operation.state == OperationState::done);
    EXPECT_EQ(operation.announced, 0) << "submit must not announce";
    return ended;
}

void Bench::finish(TestOperation& operation) {
    for (;;) {
        while (operation.announced == 0) {
            if (driver_->wait(Driver::never) == WaitResult::stalled) {
                FAIL() << "nothing can happen any more";
            }
        }
        ASSERT_EQ(operation.announced, 1);
        if (operation.state == OperationState::done || driver_->perform(operation)) {
            ASSERT_EQ(operation.state, OperationState::done);
            return;
        }
        ASSERT_EQ(operation.state, OperationState::in_flight);
        operation.announced = 0;
    }
}

void Bench::turn(int times) {
    for (int i = 0; i < times; ++i) {
        driver_->wait(0);
    }
}

int Bench::run(TestOperation& operation) {
    if (!submit(operation)) {
        finish(operation);
    }
    return operation.state == OperationState::done ? operation.result : -ENOTRECOVERABLE;
}

int Bench::run(OperationKind kind, int fd, void* bytes, std::size_t count) {
    TestOperation operation(kind, fd, bytes, count);
    return run(operation);
}

int Bench::send(int fd, std::string bytes) {
    return run(OperationKind::send_all, fd, bytes.data(), bytes.size());
}

std::string Bench::receive(int fd, std::size_t at_most) {
    std::string bytes(at_most, '\0');
    const int result = run(OperationKind::receive, fd, bytes.data(), bytes.size());
    EXPECT_GE(result, 0) << std::strerror(-result);
    bytes.resize(result > 0 ? static_cast<std::size_t>(result) : 0);
    return bytes;
}

std::string Bench::receive_exactly(int fd, std::size_t count) {
    std::string all;
    while (all.size() < count) {
        const std::string part = receive(fd, count - all.size());
        if (part.empty()) {
            break;
        }
        all += part;
    }
    return all;
}

void Bench::close(int fd) { EXPECT_EQ(run(OperationKind::close, fd), 0); }

int Bench::cancel(TestOperation& operation) {
    driver_->cancel(operation);
    finish(operation);
    return operation.result;
}

int Bench::listen_at(const sockaddr* address, std::uint32_t length, int backlog, bool share_port) {
    const int fd = driver_->open_socket(address->sa_family);
    driver_->set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    driver_->set_option(fd, SOL_SOCKET, SO_REUSEPORT, share_port ? 1 : 0);
    int error = driver_->bind(fd, address, length);
    error = error == 0 ? driver_->listen(fd, backlog) : error;
    if (error != 0) {
        close(fd);
        return error;
    }
    return fd;
}

Listener Bench::listen(int family, int backlog) {
    Listener listener;
    listener.length = loopback(family, listener.address);
    auto* address = reinterpret_cast<sockaddr*>(&listener.address);
    listener.fd = listen_at(address, listener.length, backlog, false);
    EXPECT_GE(listener.fd, 0);
    std::uint32_t length = sizeof listener.address;
    EXPECT_EQ(driver_->socket_name(listener.fd, false, address, &length), 0);
    listener.length = length;
    return listener;
}

std::pair<int, int> Bench::connect_to(const Listener& listener) {
    Listener where = listener;
    const int client = driver_->open_socket(where.address.ss_family);
    EXPECT_GE(client, 0);
    TestOperation connect(OperationKind::connect, client, &where.address, where.length);
    TestOperation accept(OperationKind::accept, where.fd);
    EXPECT_EQ(run(connect), 0);
    return {client, run(accept)};
}

std::pair<int, int> Bench::tcp_pair(int family) {
    const Listener listener = listen(family);
    const auto pair = connect_to(listener);
    close(listener.fd);
    return pair;
}

std::pair<int, int> Bench::unix_pair() {
    int fds[2];
    EXPECT_EQ(driver_->socket_pair(fds), 0);
    return {fds[0], fds[1]};
}

int Bench::unix_pair_closed() {
    const auto [first, second] = unix_pair();
    close(first);
    close(second);
    return second;
}

std::pair<int, int> Bench::pipe() {
    int fds[2];
    EXPECT_EQ(driver_->make_pipe(fds), 0);
    return {fds[0], fds[1]};
}

std::ptrdiff_t Bench::descriptors_left() {
    if (simulated_) {
        const auto& driver = dynamic_cast<detail::SimDriver&>(*driver_);
        return static_cast<std::ptrdiff_t>(driver.open_descriptors());
    }
    turn();
    return open_descriptors() - open_at_start_;
}

std::size_t Bench::leases_out() {
    return dynamic_cast<detail::ReadinessBase&>(*driver_).leases_out();
}

Waiting::Waiting(Bench& bench, int count) {
    for (int i = 0; i < count; ++i) {
        const auto [one, other] = bench.unix_pair();
        char byte = 0;
        TestOperation receive(OperationKind::receive, one, &byte, 1);
        EXPECT_FALSE(bench.submit(receive));
        bench.turn(1);
        EXPECT_EQ(bench.cancel(receive), -ECANCELED);
        near.push_back(one);
        far.push_back(other);
    }
}

void wait_until_delivered(int fd) {
    for (int left = 1; left > 0; sched_yield()) {
        ASSERT_EQ(ioctl(fd, SIOCOUTQ, &left), 0);
    }
}

std::ptrdiff_t open_descriptors() {
    DIR* directory = opendir("/proc/self/fd");
    std::ptrdiff_t count = 0;
    while (readdir(directory) != nullptr) {
        ++count;
    }
    closedir(directory);
    return count;
}

// A bound socket that never listens refuses, and keeps its port from everybody else.
sockaddr_in nobody_listens() {
    static const int holder = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    static const sockaddr_in address = [] {
        sockaddr_storage any;
        socklen_t length = loopback(AF_INET, any);
        EXPECT_EQ(::bind(holder, reinterpret_cast<sockaddr*>(&any), length), 0);
        sockaddr_in bound{};
        length = sizeof bound;
        EXPECT_EQ(getsockname(holder, reinterpret_cast<sockaddr*>(&bound), &length), 0);
        return bound;
    }();
    return address;
}

void DriverTest::SetUp() {
    nobody_listens();
    bench_ = std::make_unique<Bench>(GetParam());
}

void DriverTest::TearDown() {
    EXPECT_EQ(driver().in_flight(), 0u);
    EXPECT_EQ(bench_->leases_out(), 0u);
    EXPECT_EQ(bench_->descriptors_left(), 0);
    bench_.reset();
}

}  // namespace rondo::test
