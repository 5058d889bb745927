// SPDX-License-Identifier: Apache-2.0
//
// Each descriptor that somebody waited on is registered, edge-triggered, and stays so until it is
// closed: for reading only until a write first blocks, as most never do; then in both directions.
// Bytes that come while others are being read make an edge of their own. Of who waits for reading
// only, epoll_wait sees then that nothing is left, and goes on waiting; of who waits for room as
// well, it would return to tell that there is room.
//
// Registering reports the present state as the first edge, so it happens after EAGAIN and leaves no
// window. Polls of foreign descriptors are EPOLLONESHOT, which is level-triggered, with the union
// of the directions that are waited for.
//
// read and write wait for edges where epoll takes the descriptor (pipes, terminals, sockets). What
// it refuses with EPERM is a file: its calls block, so threads make them. And so do they where
// epoll takes a file all the same: those of FUSE can all be polled, and are said to be ready.
#include "driver/epoll/epoll_driver.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "driver/event_tag.hpp"
#include "driver/kernel_driver.hpp"

namespace rondo::detail {
namespace {

constexpr int events_per_wait = 256;

class EpollDriver final : public KernelDriver<EpollDriver> {
public:
    EpollDriver() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        if (epoll_ < 0) {
            epoll_ = -errno;
        }
    }
    ~EpollDriver() override;

    int open() noexcept;

    WaitResult wait(Time until) noexcept override;
    bool pending() const noexcept override { return !ended_.empty(); }
    const char* name() const noexcept override { return "epoll"; }

private:
    friend class ReadinessDriver<EpollDriver, KernelCalls>;

    int arm(int fd, Descriptor& descriptor, bool out) noexcept;
    int arm_poll(const Operation& operation, Descriptor& descriptor) noexcept;
    void disarm_poll(const Operation&, Descriptor&) noexcept {}
    int close_armed(int fd, Descriptor& descriptor) noexcept;
    bool submit_transfer(Operation& operation) noexcept;
    bool submit_file_call(Operation& operation) noexcept {
        return submit_to_pool(operation, nullptr);
    }
    void cancel_lent(Operation& operation) noexcept { take_back(operation); }
    static int unknown_descriptor(int) noexcept { return -EBADF; }

    int watch(int fd, Descriptor& descriptor, unsigned events, EventSource source) noexcept;
    int watch_polls(int fd, Descriptor& descriptor) noexcept;
    int collect(Time until) noexcept;
    void on_event(const epoll_event& event) noexcept;

    std::array<epoll_event, events_per_wait> events_;
    int epoll_;
    bool has_pwait2_ = true;
};

EpollDriver::~EpollDriver() {
    if (epoll_ >= 0) {
        ::close(epoll_);
    }
}

int EpollDriver::open() noexcept {
    if (epoll_ < 0 || wake_.fd() < 0) {
        return std::min(epoll_, wake_.fd());
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = EventTag(EventSource::wake, 0, 0).bits();
    return epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_.fd(), &event) == 0 ? 0 : -errno;
}

// A library that closes and reopens its descriptors behind our back makes `registered` wrong both
// ways; the kernel says so.
int EpollDriver::watch(int fd, Descriptor& descriptor, unsigned events,
                       EventSource source) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = EventTag(source, descriptor.generation, static_cast<std::uint32_t>(fd)).bits();
    const int first = descriptor.registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(epoll_, first, fd, &event) != 0) {
        if (errno != ENOENT && errno != EEXIST) {
            return -errno;
        }
        const int second = errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        if (epoll_ctl(epoll_, second, fd, &event) != 0) {
            return -errno;
        }
    }
    descriptor.registered = true;
    return 0;
}

int EpollDriver::arm(int fd, Descriptor& descriptor, bool out) noexcept {
    const unsigned events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET | (out ? EPOLLOUT : 0U);
    if (const int error = watch(fd, descriptor, events, EventSource::edge_in); error != 0) {
        return error;
    }
    descriptor.armed_in = true;
    descriptor.armed_out = out;
    return 0;
}

int EpollDriver::watch_polls(int fd, Descriptor& descriptor) noexcept {
    unsigned wanted = EPOLLONESHOT;
    for (const Operation* operation : {descriptor.reader, descriptor.writer}) {
        wanted |= operation != nullptr ? operation->size : 0;
    }
    descriptor.armed_in = false;
    descriptor.armed_out = false;
    return watch(fd, descriptor, wanted, EventSource::poll);
}

// As poll(2) has it, a file is always ready.
int EpollDriver::arm_poll(const Operation& operation, Descriptor& descriptor) noexcept {
    const int result = watch_polls(operation.fd, descriptor);
    return result == -EPERM ? static_cast<int>(operation.size) : result;
}

int EpollDriver::close_armed(int fd, Descriptor& descriptor) noexcept {
    descriptor.renew();
    return KernelCalls::close(fd);
}

bool EpollDriver::submit_transfer(Operation& operation) noexcept {
    Descriptor* descriptor = table_.find(operation.fd);
    if (descriptor == nullptr) {
        return end_inside(operation, -EBADF);
    }
    const bool is_stream = operation.offset == current_position;
    if (is_stream) {
        if (const int error = find_place(operation, *descriptor); error != 0) {
            return end_inside(operation, error);
        }
    } else if (read_cached(operation)) {
        return true;
    }
    Descriptor* const stream = is_stream ? descriptor : nullptr;
    const bool out = operation.kind == OperationKind::write;
    // An offset comes with descriptors that others close without our knowing: see send_file().
    const bool armed = is_stream && (out ? descriptor->armed_out : descriptor->armed_in);
    if ((!armed && blocks_though_ready(operation)) || (out && write_may_block(operation.fd))) {
        return submit_to_pool(operation, stream);
    }
    if (!armed) {
        const int error = arm(operation.fd, *descriptor, out || descriptor->armed_out);
        if (error == -EPERM) {
            return submit_to_pool(operation, stream);
        }
        if (error != 0) {
            return end_inside(operation, error);
        }
    }
    return submit_readiness(operation);
}

int EpollDriver::collect(Time until) noexcept {
    const Time left = until == never || until <= 0 ? until : until - monotonic_now();
    if (left <= 0 || until == never) {
        return epoll_wait(epoll_, events_.data(), events_per_wait, left <= 0 ? 0 : -1);
    }
    if (has_pwait2_) {
        const timespec bound = to_timespec(left);
        const int count = epoll_pwait2(epoll_, events_.data(), events_per_wait, &bound, nullptr);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) {
            return count;
        }
        has_pwait2_ = false;  // EPERM: a filter of system calls that does not know it
    }
    constexpr Time millisecond = 1'000'000;
    const Time rounded = std::min<Time>((left - 1) / millisecond + 1, INT_MAX);
    return epoll_wait(epoll_, events_.data(), events_per_wait, static_cast<int>(rounded));
}

WaitResult EpollDriver::wait(Time until) noexcept {
    const int count = collect(ended_.empty() ? until : 0);
    RONDO_ASSERT(count >= 0 || errno == EINTR, "epoll_wait failed");
    for (int i = 0; i < count; ++i) {
        on_event(events_[static_cast<std::size_t>(i)]);
    }
    finish_pooled();
    finish_ended();
    return WaitResult::progress;
}

void EpollDriver::on_event(const epoll_event& event) noexcept {
    const EventTag tag(event.data.u64);
    if (tag.source == EventSource::wake) {
        wake_.seen();
        return;
    }
    const int fd = static_cast<int>(tag.index);
    Descriptor& descriptor = *table_.find(fd);
    if (!tag.is_of(descriptor.generation)) {
        return;
    }
    if (tag.source == EventSource::edge_in) {
        on_edge(descriptor, event.events);
    } else if (on_poll(descriptor, event.events)) {
        const int error = watch_polls(fd, descriptor);
        if (error != 0) {
            on_poll(descriptor, EPOLLERR);
        }
    }
}

}  // namespace

std::unique_ptr<Driver> make_epoll_driver(int& error) {
    auto driver = std::make_unique<EpollDriver>();
    error = driver->open();
    if (error != 0) {
        driver.reset();
    }
    return driver;
}

}  // namespace rondo::detail
