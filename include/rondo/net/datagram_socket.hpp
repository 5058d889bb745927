// SPDX-License-Identifier: Apache-2.0
/// What UDP and Unix datagrams have in common: messages that keep their bounds.
#pragma once

#include <cerrno>
#include <cstddef>
#include <optional>
#include <utility>

#include "rondo/io/bytes.hpp"
#include "rondo/io/lease.hpp"
#include "rondo/net/message.hpp"
#include "rondo/net/socket.hpp"

namespace rondo::net {

/// What is known of a datagram that was received into the caller's buffer.
template <class A>
struct Received {
    std::size_t size = 0;    ///< bytes in the buffer; 0 is a datagram without any, not an end
    bool truncated = false;  ///< it was longer than the buffer; the rest is lost
    A from;

    Received(std::size_t bytes, bool cut, const A& sender) noexcept
        : size(bytes), truncated(cut), from(sender) {}
};

/// A datagram in a buffer of the loop's.
template <class A>
struct LeasedDatagram {
    io::Lease lease;  ///< empty of a datagram without bytes
    bool truncated;   ///< it was longer than the buffer, 256 KiB; the rest is lost
    A from;

    LeasedDatagram(io::Lease buffer, bool cut, const A& sender) noexcept
        : lease(std::move(buffer)), truncated(cut), from(sender) {}
    Bytes bytes() const noexcept { return lease.bytes(); }
};

template <class A>
class DatagramSocket;

/// The awaitable of DatagramSocket::receive_from.
template <class A>
class [[nodiscard]] ReceiveFrom : detail::MessageOperation {
public:
    using MessageOperation::await_ready;
    using MessageOperation::await_suspend;
    Received<A> await_resume() const { return result_of(AwaitOperation::await_resume()); }

private:
    friend class DatagramSocket<A>;
    ReceiveFrom(int descriptor, MutableBytes to, std::uint32_t how) noexcept
        : MessageOperation(descriptor, to, how), descriptor_(descriptor) {}

    Received<A> result_of(int outcome) const {
        if (outcome < 0) [[unlikely]] {
            detail::throw_datagram_error("receive", descriptor_, outcome);
        }
        return {static_cast<std::size_t>(outcome), truncated(),
                A::from(name(), name_length()).value_or(A())};
    }
    std::optional<Received<A>> try_it() {
        const int outcome = try_now();
        if (outcome == -EAGAIN) {
            return std::nullopt;
        }
        return result_of(outcome);
    }

    int descriptor_;
};

/// The awaitable of DatagramSocket::receive_leased.
template <class A>
class [[nodiscard]] ReceiveLeased : detail::MessageOperation {
public:
    using MessageOperation::await_ready;
    using MessageOperation::await_suspend;
    LeasedDatagram<A> await_resume() const {
        const int outcome = AwaitOperation::await_resume();
        if (outcome < 0) [[unlikely]] {
            detail::throw_datagram_error("receive", descriptor_, outcome);
        }
        return {io::Lease::adopt(received(), static_cast<std::size_t>(outcome)), truncated(),
                A::from(name(), name_length()).value_or(A())};
    }

private:
    friend class DatagramSocket<A>;
    explicit ReceiveLeased(int descriptor) noexcept
        : MessageOperation(descriptor, MutableBytes(), message_lease), descriptor_(descriptor) {}

    int descriptor_;
};

/// The awaitable of DatagramSocket::send and send_to.
template <class A>
class [[nodiscard]] SendDatagram : detail::MessageOperation {
public:
    using MessageOperation::await_ready;
    using MessageOperation::await_suspend;
    void await_resume() const {
        const int outcome = AwaitOperation::await_resume();
        if (outcome < 0) [[unlikely]] {
            detail::throw_datagram_error("send", descriptor_, outcome);
        }
    }

private:
    friend class DatagramSocket<A>;
    SendDatagram(int descriptor, Bytes bytes, const A* to, std::uint32_t how) noexcept
        : MessageOperation(descriptor, bytes, to != nullptr ? to->data() : nullptr,
                           to != nullptr ? to->size() : 0, how),
          descriptor_(descriptor) {}
    bool try_it() {
        const int outcome = try_now();
        if (outcome < 0 && outcome != -EAGAIN) {
            detail::throw_datagram_error("send", descriptor_, outcome);
        }
        return outcome >= 0;
    }

    int descriptor_;
};

/// Sends and receives datagrams with addresses of type A: the base of UdpSocket and UnixDatagram.
/// One receiver and one sender at a time.
///
/// Cancellation: a receive that was stopped took no datagram, a send that was stopped sent none.
template <class A>
class DatagramSocket : public Socket {
public:
    /// The next datagram, in `to`. What does not fit is lost, and said so.
    ReceiveFrom<A> receive_from(MutableBytes to) noexcept { return {fd_, to, 0}; }
    /// The next datagram, in a buffer of the loop's, which is taken only when there is one.
    ReceiveLeased<A> receive_leased() noexcept { return ReceiveLeased<A>(fd_); }
    /// A datagram that is there already, or nothing: reads a burst without suspending.
    std::optional<Received<A>> try_receive_from(MutableBytes to) {
        return ReceiveFrom<A>(fd_, to, message_try).try_it();
    }

    /// Sends to the fixed peer, when the system has room for it.
    SendDatagram<A> send(Bytes bytes) noexcept { return {fd_, bytes, nullptr, 0}; }
    SendDatagram<A> send_to(Bytes bytes, const A& to) noexcept { return {fd_, bytes, &to, 0}; }
    /// False: there is no room now, and nothing was sent.
    bool try_send(Bytes bytes) {
        return SendDatagram<A>(fd_, bytes, nullptr, message_try).try_it();
    }
    bool try_send_to(Bytes bytes, const A& to) {
        return SendDatagram<A>(fd_, bytes, &to, message_try).try_it();
    }

protected:
    DatagramSocket() noexcept = default;
    explicit DatagramSocket(int fd) noexcept : Socket(fd) {}
    DatagramSocket(DatagramSocket&&) noexcept = default;
    DatagramSocket& operator=(DatagramSocket&&) noexcept = default;
    ~DatagramSocket() = default;
};

}  // namespace rondo::net
