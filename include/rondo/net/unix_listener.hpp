// SPDX-License-Identifier: Apache-2.0
/// Waits for Unix connections.
#pragma once

#include <string>

#include "rondo/loop/await_operation.hpp"
#include "rondo/loop/driver.hpp"
#include "rondo/net/unix_address.hpp"
#include "rondo/net/unix_stream.hpp"

namespace rondo::net {

class UnixListener;

/// Members are trivially destructible.
struct UnixListenOptions {
    int backlog = 4096;  ///< connections that the system keeps until they are accepted
    /// A socket file where nobody listens any more, of a process that died, is replaced. To find
    /// out, a connection is made: a living listener accepts it and reads its end at once.
    bool replace_stale = true;
    bool remove_on_close = true;  ///< the file goes with the listener
};

/// The awaitable of UnixListener::accept.
class [[nodiscard]] AcceptUnix : AwaitOperation {
public:
    using AwaitOperation::await_ready;
    using AwaitOperation::await_suspend;
    UnixStream await_resume() const;

private:
    friend class UnixListener;
    AcceptUnix(const UnixListener& listener, bool beside) noexcept;
    const UnixListener* listener_;
};

/// A listening Unix socket.
///
/// The file has the permissions that the process's umask leaves; who may write to it may connect.
///
/// Not promised: who has the path when two take it at the same moment. Between its bind and its
/// listen a socket looks like one that nobody has any more, so the later one takes its place; and
/// the system removes by path, not by file, so what has taken the path since the last look is
/// removed. A service that must be single holds a lock of its own.
class UnixListener : public Socket {
public:
    /// A closed listener.
    UnixListener() noexcept = default;
    UnixListener(UnixListener&&) noexcept = default;
    UnixListener& operator=(UnixListener&& other) noexcept;
    ~UnixListener() { close(); }

    /// Errors: `in_use` when somebody listens there, or when the file is no socket.
    static UnixListener listen(const UnixAddress& address, UnixListenOptions options = {});

    /// The next connection. No connection is taken that nobody asked for.
    AcceptUnix accept() noexcept { return {*this, false}; }
    /// The same; on a driver that accepts_beside() any number of these may wait at once, and none
    /// beside an accept() of the other kinds. See ServeOptions::accepts_at_once.
    ///
    /// Cancellation: not at once; it may still give a connection.
    AcceptUnix accept_beside() noexcept { return {*this, true}; }

    /// Idempotent; removes the file, as the options say, unless another one has its place by then.
    void close() noexcept;

    UnixAddress local_address() const noexcept { return address_; }
    /// For errors: where it listens.
    std::string name() const;

private:
    friend class AcceptUnix;
    explicit UnixListener(int fd) noexcept : Socket(fd) {}

    UnixAddress address_;
    SocketFile file_;  ///< to be removed
};

}  // namespace rondo::net
