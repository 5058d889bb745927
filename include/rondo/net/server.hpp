// SPDX-License-Identifier: Apache-2.0
/// What a server is told, what it counts, and how it is stopped: see serve().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <utility>
#include <vector>

#include "rondo/base/time.hpp"
#include "rondo/base/unique_function.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/net/socket.hpp"
#include "rondo/sync/event.hpp"
#include "rondo/sync/semaphore.hpp"

namespace rondo::net {

/// Members are trivially destructible: safe in any call on g++ 12.
struct ServeOptions {
    /// At once; further ones wait in the listener. An accept that waits holds a place. Requires: at
    /// least as many as the server has listeners, times accepts_at_once.
    std::size_t connections_max = 10'000;
    /// On io_uring: how many accepts wait in the kernel at once, each with a place of the limit. 16
    /// save a system call for each connection of a storm. Other drivers, and listeners that have no
    /// accept_beside(), wait with one.
    std::size_t accepts_at_once = 1;
    /// How long handlers may go on once the server was asked to stop; then they are cancelled. Zero
    /// or less: they are cancelled at once.
    Duration grace = std::chrono::seconds(5);
    /// Once the process has had no descriptor or memory for a connection for so long, clients that
    /// wait are accepted and closed at once, so that they need not wait for ever.
    Duration refuse_after = std::chrono::seconds(10);
};

/// Counts since the server began.
struct ServerStats {
    std::uint64_t accepted = 0;   ///< connections that got a handler
    std::size_t active = 0;       ///< of them, those whose handler has not ended
    std::uint64_t failed = 0;     ///< handlers that threw
    std::uint64_t cut = 0;        ///< handlers that were cancelled
    std::uint64_t refused = 0;    ///< connections closed because descriptors ran out
    std::uint64_t exhausted = 0;  ///< accepts that failed because descriptors or memory ran out
    std::uint64_t aborted = 0;    ///< accepts that failed because the peer had gone again, or such
};

/// The handle of one or more serve() calls, which share its limit, its counts and its end.
///
/// Requires: outlives them.
class Server {
public:
    /// Is told what a handler threw. Must not throw.
    using ErrorHandler = UniqueFunction<void(const std::exception_ptr& error)>;

    explicit Server(ServeOptions options = {});
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    /// Replaces the default, which reports (see set_report_handler) all errors but those of
    /// connections that broke or timed out: peers do that every day.
    void set_error_handler(ErrorHandler handler) { on_error_ = std::move(handler); }

    /// Asks it to stop: no connection is accepted any more, handlers may go on for `grace`, then
    /// they are cancelled; when all have ended, serve() returns. Idempotent.
    void shut_down() noexcept;
    /// True from shut_down() on, and when serve() itself was cancelled or its listener failed: a
    /// handler that serves many requests ends after the one it is at. After a failed listener a
    /// further serve() begins anew.
    bool stopping() const noexcept { return stopping_.is_set(); }
    /// Waits until stopping(): for handlers that wait for a next request, in a race().
    auto wait_stopping() noexcept { return stopping_.wait(); }

    /// Connections whose handler has not ended.
    std::size_t active() const noexcept { return stats_.active; }
    const ServerStats& stats() const noexcept { return stats_; }
    const ServeOptions& options() const noexcept { return options_; }

    // For serve().

    /// One connection's place: counted, and given back when it is destroyed.
    class Place {
    public:
        Place(Server& server, Semaphore::Permit permit) noexcept;
        Place(Place&& other) noexcept;
        Place& operator=(Place&&) = delete;
        ~Place();
        /// The handler ended by itself.
        void ended() noexcept { cut_ = false; }

    private:
        Server* server_;
        Semaphore::Permit permit_;
        bool cut_ = true;
    };

    /// While it lives, shut_down() ends `group`.
    class Serving {
    public:
        Serving(Server& server, TaskGroup& group);
        Serving(const Serving&) = delete;
        Serving& operator=(const Serving&) = delete;
        ~Serving();

    private:
        Server& server_;
        TaskGroup& group_;
    };

    bool has_ended() const noexcept { return ended_; }
    auto wait_for_room() noexcept { return room_.acquire(); }
    /// The options', bounded by the limit and by what the loop's driver does.
    std::size_t accepts_at_once() const noexcept;
    void accept_succeeded() noexcept;
    /// What to do about an accept that failed, in its handler.
    enum class Failure : std::uint8_t { transient, exhausted, fatal };
    Failure classify(const std::exception_ptr& error) noexcept;
    /// How many connections have had their end.
    std::uint64_t ended_connections() const noexcept { return stats_.accepted - stats_.active; }
    /// Returns when it is worth to accept again: at once when a connection has ended since there
    /// were `ended_before`. True: one who waits is to be refused.
    Task<bool> recover(Failure failure, std::uint64_t ended_before);
    /// Frees the descriptor that is kept for refusing, and takes one again.
    void use_reserve() noexcept { reserve_.close(); }
    void restore_reserve() noexcept { reserve_.take(); }
    void count_refused() noexcept { ++stats_.refused; }
    void handler_failed(const std::exception_ptr& error) noexcept;

private:
    /// A descriptor of no use, kept so that one can be freed.
    class Reserve : public Socket {
    public:
        void take() noexcept;
    };

    ServeOptions options_;
    ServerStats stats_;
    ErrorHandler on_error_;
    Semaphore room_;
    Event stopping_{"a server's stop"};
    Event freed_{"a connection's end"};
    std::vector<TaskGroup*> groups_;
    Reserve reserve_;
    Duration pause_;
    TimePoint exhausted_since_{};
    bool is_exhausted_ = false;
    bool ended_ = false;  ///< for good
    int transient_ = 0;   ///< failures in a row
};

}  // namespace rondo::net
