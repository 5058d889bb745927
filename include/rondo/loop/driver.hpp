// SPDX-License-Identifier: Apache-2.0
/// The one door to the world: what an event loop needs of io_uring, epoll or the simulation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "rondo/loop/operation.hpp"

struct sockaddr;

namespace rondo::detail {
class NameScript;
}

namespace rondo {

/// Which driver a loop runs on. `automatic` is io_uring where the kernel has what Rondo needs of
/// it, and epoll elsewhere; the variable RONDO_DRIVER (uring, epoll, sim) decides before that.
enum class DriverKind : std::uint8_t { automatic, uring, epoll, sim };

/// How a socket delivers: a stream of bytes, or messages that keep their bounds.
enum class SocketType : std::uint8_t { stream, datagram };

/// The file of a Unix socket. While that is open no other file has the same numbers.
struct SocketFile {
    std::uint64_t device = 0;
    std::uint64_t number = 0;  ///< 0: there is none

    bool operator==(const SocketFile&) const = default;
};

/// What Driver::wait came back with.
enum class WaitResult : std::uint8_t {
    progress,   ///< time passed, an operation ended, or wake() was called
    stalled,    ///< simulation only: nothing is in flight and nothing can ever happen again
    exhausted,  ///< simulation only: a limit of steps or of virtual time was reached
};

/// In which order the simulation runs ready tasks. Each is legal for a program: a task that is
/// ready may wait for any other one, but for none that is not.
enum class Schedule : std::uint8_t {
    fifo,     ///< as the real loop: first come, first served, turn by turn
    random,   ///< each step anyone, drawn from the seed
    reverse,  ///< each turn backwards
    pct,      ///< by drawn priorities that change at a few drawn steps: finds rare orders, see sim/
};

/// A task that is ready to run, as a driver sees it that schedules.
struct ReadyTask {
    void* task;        ///< the loop's
    std::uint64_t id;  ///< 1, 2, …: in order of their first readiness, never used twice by one loop
    bool fresh;        ///< it was not waiting: it begins, or it yielded
};

/// Carries operations out and waits for them. One per loop; every call but wake() is made on the
/// thread that made the driver.
///
/// A driver knows nothing of coroutines. It reports through Operation::ready, which it calls from
/// wait() only, and which only queues: it runs no user code and destroys nothing. When ready() is
/// entered with the operation in state done, the driver has touched it for the last time.
class Driver {
public:
    using Time = std::int64_t;  ///< nanoseconds of the driver's monotonic clock, > 0
    static constexpr Time never = INT64_MAX;

    Driver() = default;
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;
    virtual ~Driver() = default;

    /// Starts `operation`, whose state is idle or done. True: it ended inside, the result is valid
    /// and ready() is not called. A second reader or writer on a descriptor ends with -EBUSY, and
    /// so does a poll beside another kind.
    virtual bool submit(Operation& operation) noexcept = 0;

    /// Asks `operation` to end. It does so through wait(), or through perform() when runnable, with
    /// -ECANCELED or with the value it already had. No effect in states idle and done.
    virtual void cancel(Operation& operation) noexcept = 0;

    /// Makes the call of an operation that ready() announced in state runnable. True: it is done.
    /// False: the edge was spurious and it is in flight again.
    virtual bool perform(Operation& operation) noexcept = 0;

    /// Publishes what was submitted, sleeps at most until `until` (a time in the past: not at all;
    /// `never`: without bound) and calls ready() for what ended or became runnable.
    virtual WaitResult wait(Time until) noexcept = 0;

    /// Makes the current or the next wait() return. Thread-safe, and safe in a signal handler.
    virtual void wake() noexcept = 0;

    virtual Time now() noexcept = 0;

    /// Blocks the thread, as nanosleep does; in the simulation the clock jumps.
    virtual void block_for(Time nanoseconds) noexcept = 0;

    /// 64 random bits; in the simulation drawn from its seed.
    virtual std::uint64_t entropy() noexcept = 0;

    /// Operations submitted and not yet done.
    std::size_t in_flight() const noexcept { return in_flight_; }

    /// True while something waits to be published or flushed by the next wait().
    virtual bool pending() const noexcept = 0;

    /// A buffer of `lease_size` bytes of the loop's, or nullptr when memory ran out.
    virtual void* lease() noexcept = 0;
    /// Returns a buffer of lease(), or one that a receive_leased operation delivered in `data`.
    virtual void give_back(void* lease) noexcept = 0;
    static constexpr std::uint32_t lease_size = 256 * 1024;

    // Descriptors without waiting. Each returns >= 0, or -errno.

    /// A non-blocking, close-on-exec socket.
    virtual int open_socket(int family, SocketType type = SocketType::stream) noexcept = 0;
    virtual int bind(int fd, const sockaddr* address, std::uint32_t length) noexcept = 0;
    virtual int listen(int fd, int backlog) noexcept = 0;
    /// The file of a Unix socket that has this path now; -ENOTSOCK when it is one of another kind.
    virtual int find_socket_file(const char* path, SocketFile& file) noexcept = 0;
    /// Removes it; -ESTALE when another file has the path by now (one that takes it between the
    /// look and the removal is removed). Who is bound to it keeps its connections, and is not found
    /// any more.
    virtual int remove_socket_file(const char* path, const SocketFile& file) noexcept = 0;
    /// Writes the local (or the peer's) address of a socket; `length` in and out.
    virtual int socket_name(int fd, bool peer, sockaddr* address,
                            std::uint32_t* length) noexcept = 0;
    /// Writes the local address that would be used towards `to`; nothing is sent. `length` in and
    /// out.
    virtual int source_of(const sockaddr* to, std::uint32_t to_length, sockaddr* address,
                          std::uint32_t* length) noexcept = 0;
    /// As setsockopt and getsockopt; `size` in and out. The simulation heeds keepalive,
    /// TCP_USER_TIMEOUT, SO_REUSEPORT and SO_LINGER; it keeps all others, and gives zeros for what
    /// was never set.
    virtual int set_option(int fd, int level, int name, const void* value,
                           std::uint32_t size) noexcept = 0;
    virtual int get_option(int fd, int level, int name, void* value,
                           std::uint32_t* size) noexcept = 0;
    int set_option(int fd, int level, int name, int value) noexcept {
        return set_option(fd, level, name, &value, sizeof value);
    }
    /// A connected pair of Unix sockets.
    virtual int socket_pair(int (&fds)[2], SocketType type = SocketType::stream) noexcept = 0;
    /// A pipe: fds[0] reads, fds[1] writes. Close-on-exec and, for the sake of children, blocking.
    virtual int make_pipe(int (&fds)[2]) noexcept = 0;

    /// Makes the closes that would go out with the next batch. True: there may have been some, and
    /// descriptors are free that were not. The calls above do so as needed; it is for what goes by
    /// the driver: libraries, threads, new processes.
    virtual bool finish_closes() noexcept { return false; }

    /// True when any number of accepts with `hint` may wait at one listener, as completion kinds.
    virtual bool accepts_beside() const noexcept { return false; }

    /// False in the simulation: to_thread runs its function on the loop, and there are no
    /// processes.
    virtual bool uses_threads() const noexcept { return true; }

    /// The names of the simulation; null: they are asked for in the network.
    virtual detail::NameScript* names() noexcept { return nullptr; }

    // The simulation's say in the order of tasks.

    /// True when the loop must ask choose() which ready task runs next.
    virtual bool schedules() const noexcept { return false; }
    /// The place of one of `count` > 0 tasks; or `count`, the turn is over and they stay ready; or
    /// `give_up`, a limit was reached.
    virtual std::size_t choose([[maybe_unused]] const ReadyTask* ready,
                               [[maybe_unused]] std::size_t count) noexcept {
        return 0;
    }
    static constexpr std::size_t give_up = SIZE_MAX;

    /// "uring", "epoll" or "sim".
    virtual const char* name() const noexcept = 0;

protected:
    std::size_t in_flight_ = 0;
};

/// What a driver is made from.
struct DriverOptions {
    DriverKind kind = DriverKind::automatic;
    Schedule schedule = Schedule::fifo;  ///< simulation
    std::uint64_t seed = 1;              ///< simulation
};

/// The kernel features that decided automatic selection, for `rondo doctor`.
struct DriverReport {
    DriverKind chosen;
    std::string reason;    ///< why this one, in a sentence
    std::string features;  ///< what was found of io_uring, comma separated
};

/// Makes the driver that `options` and RONDO_DRIVER ask for.
///
/// Errors: Error (not_supported) when a driver that was asked for by name cannot be had, or when
/// RONDO_DRIVER names none.
std::unique_ptr<Driver> make_driver(const DriverOptions& options);

/// What make_driver would choose, and why.
DriverReport probe_drivers(const DriverOptions& options);

}  // namespace rondo
