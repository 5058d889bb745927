// SPDX-License-Identifier: Apache-2.0
/// A driver around another one: it counts the points at which a cancel can strike, and keeps books
/// of descriptors and leased buffers.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <unordered_map>
#include <utility>

#include "rondo/loop/driver.hpp"

namespace rondo::test {

/// Calls `on_point` before each chain is resumed, each operation performed, and each wait.
class PointDriver final : public Driver {
public:
    struct Books {
        std::set<int> descriptors;        ///< opened through this driver and not closed
        long leases = 0;                  ///< delivered and not given back
        std::size_t bad_descriptors = 0;  ///< operations that ended with EBADF
    };

    /// Seed 0: tasks run first come, first served; else in a drawn order.
    PointDriver(std::unique_ptr<Driver> inner, std::uint64_t seed, std::function<void()> on_point)
        : inner_(std::move(inner)),
          random_(seed),
          fifo_(seed == 0),
          on_point_(std::move(on_point)) {
        self_ = this;
    }
    ~PointDriver() override { self_ = nullptr; }

    const Books& books() const noexcept { return books_; }

    /// Asked before each operation; what it gives below 0 is the result, and nothing is done.
    void fail_by(std::function<int(const Operation&)> judge) { judge_ = std::move(judge); }

    bool submit(Operation& operation) noexcept override {
        if (const int failure = judge_ ? judge_(operation) : 0; failure < 0) {
            operation.result = failure;
            operation.state = OperationState::done;
            return true;
        }
        watch(operation);
        const bool ended = inner_->submit(operation);
        if (ended) {
            unwatch(operation);
            enter(operation);
        }
        in_flight_ = inner_->in_flight();
        return ended;
    }
    void cancel(Operation& operation) noexcept override { inner_->cancel(operation); }
    bool perform(Operation& operation) noexcept override {
        on_point_();
        watch(operation);
        const bool ended = inner_->perform(operation);
        if (ended) {
            unwatch(operation);
            enter(operation);
        }
        in_flight_ = inner_->in_flight();
        return ended;
    }
    WaitResult wait(Time until) noexcept override {
        on_point_();
        const bool acted = std::exchange(acted_, false);
        const WaitResult result = inner_->wait(acted ? 0 : until);
        in_flight_ = inner_->in_flight();
        return acted ? WaitResult::progress : result;
    }
    /// To be called by `on_point` when it made something ready: the wait must not sleep over it.
    void acted() noexcept { acted_ = true; }

    bool schedules() const noexcept override { return true; }
    std::size_t choose(const ReadyTask*, std::size_t count) noexcept override {
        on_point_();
        acted_ = false;
        return fifo_ ? 0 : random_() % count;
    }

    void wake() noexcept override { inner_->wake(); }
    Time now() noexcept override { return inner_->now(); }
    void block_for(Time nanoseconds) noexcept override { inner_->block_for(nanoseconds); }
    std::uint64_t entropy() noexcept override { return inner_->entropy(); }
    bool pending() const noexcept override { return inner_->pending(); }
    void* lease() noexcept override {
        void* const buffer = inner_->lease();
        books_.leases += buffer != nullptr ? 1 : 0;
        return buffer;
    }
    void give_back(void* lease) noexcept override {
        --books_.leases;
        inner_->give_back(lease);
    }
    int open_socket(int family, SocketType type) noexcept override {
        return opened(inner_->open_socket(family, type));
    }
    int bind(int fd, const sockaddr* address, std::uint32_t length) noexcept override {
        return inner_->bind(fd, address, length);
    }
    int listen(int fd, int backlog) noexcept override { return inner_->listen(fd, backlog); }
    int find_socket_file(const char* path, SocketFile& file) noexcept override {
        return inner_->find_socket_file(path, file);
    }
    int remove_socket_file(const char* path, const SocketFile& file) noexcept override {
        return inner_->remove_socket_file(path, file);
    }
    int socket_name(int fd, bool peer, sockaddr* address, std::uint32_t* length) noexcept override {
        return inner_->socket_name(fd, peer, address, length);
    }
    int source_of(const sockaddr* to, std::uint32_t to_length, sockaddr* address,
                  std::uint32_t* length) noexcept override {
        return inner_->source_of(to, to_length, address, length);
    }
    rondo::detail::NameScript* names() noexcept override { return inner_->names(); }
    int set_option(int fd, int level, int name, const void* value,
                   std::uint32_t size) noexcept override {
        return inner_->set_option(fd, level, name, value, size);
    }
    int get_option(int fd, int level, int name, void* value,
                   std::uint32_t* size) noexcept override {
        return inner_->get_option(fd, level, name, value, size);
    }
    int socket_pair(int (&fds)[2], SocketType type) noexcept override {
        return opened_both(inner_->socket_pair(fds, type), fds);
    }
    int make_pipe(int (&fds)[2]) noexcept override {
        return opened_both(inner_->make_pipe(fds), fds);
    }
    bool finish_closes() noexcept override { return inner_->finish_closes(); }
    bool accepts_beside() const noexcept override { return inner_->accepts_beside(); }
    bool uses_threads() const noexcept override { return inner_->uses_threads(); }
    const char* name() const noexcept override { return inner_->name(); }

private:
    using Ready = void (*)(Operation&) noexcept;

    void watch(Operation& operation) {
        watched_[&operation] = operation.ready;
        operation.ready = &on_ready;
    }
    void unwatch(Operation& operation) {
        const auto at = watched_.find(&operation);
        operation.ready = at->second;
        watched_.erase(at);
    }
    static void on_ready(Operation& operation) noexcept {
        self_->unwatch(operation);
        if (operation.state == OperationState::done) {
            self_->enter(operation);
        }
        operation.ready(operation);
    }
    void enter(const Operation& operation) {
        books_.bad_descriptors += operation.result == -EBADF ? 1 : 0;
        if (operation.kind == OperationKind::accept || operation.kind == OperationKind::open) {
            opened(operation.result);
        } else if (operation.kind == OperationKind::close && operation.result == 0) {
            books_.descriptors.erase(operation.fd);
        } else if (operation.kind == OperationKind::receive_leased && operation.result > 0) {
            ++books_.leases;
        } else if (operation.kind == OperationKind::receive_message &&
                   (operation.size & message_lease) != 0 && operation.result > 0) {
            ++books_.leases;
        }
    }
    int opened(int fd) {
        if (fd >= 0) {
            books_.descriptors.insert(fd);
        }
        return fd;
    }
    int opened_both(int result, const int (&fds)[2]) {
        if (result >= 0) {
            books_.descriptors.insert({fds[0], fds[1]});
        }
        return result;
    }

    static inline PointDriver* self_ = nullptr;  // one at a time, on one thread

    std::unique_ptr<Driver> inner_;
    std::mt19937_64 random_;
    bool fifo_;
    std::function<void()> on_point_;
    std::function<int(const Operation&)> judge_;
    std::unordered_map<Operation*, Ready> watched_;
    Books books_;
    bool acted_ = false;
};

}  // namespace rondo::test
