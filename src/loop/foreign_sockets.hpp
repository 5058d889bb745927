// SPDX-License-Identifier: Apache-2.0
/// The sockets that a C library owns (libcurl, c-ares), and the polls that tell it what happens on
/// them.
///
/// Such a library says for each socket what it wants to hear of, and expects levels. So each socket
/// has a one-shot poll for either direction, which is submitted again for as long as it is wanted.
/// When the library lets go of a socket its polls are cancelled at once, before it closes the
/// number; their memory stays until the driver has reported their end. An event belongs to a
/// ForeignSocket and not to a number, so a number that is used again never gets an event of its
/// former owner.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "rondo/loop/driver.hpp"

namespace rondo::detail {

class ForeignSockets;

class ForeignSocket {
    friend class ForeignSockets;

    struct Poll : Operation {
        ForeignSocket* socket = nullptr;
        bool wanted = false;
        bool leaving = false;  ///< cancelled, and not reported yet

        bool in_flight() const noexcept {
            return state != OperationState::idle && state != OperationState::done;
        }
    };

    ForeignSocket(ForeignSockets& owner, int descriptor, void* its_context) noexcept;

    ForeignSockets& owner;
    int fd;
    void* context;
    Poll in;
    Poll out;
    ForeignSocket* next = nullptr;  ///< in the list of those that have to be looked at
    std::size_t index = 0;          ///< in ForeignSockets::all_
    unsigned events = 0;            ///< what the library was not told of
    bool listed = false;
    bool removed = false;  ///< the library has let go of it
};

class ForeignSockets {
public:
    /// What happened on a socket.
    enum Events : unsigned { readable = 1, writable = 2, failed = 4 };

    explicit ForeignSockets(Driver& driver) noexcept : driver_(driver) {}
    ForeignSockets(const ForeignSockets&) = delete;
    ForeignSockets& operator=(const ForeignSockets&) = delete;

    /// From now on the library wants to hear of these directions, perhaps of none. `socket` is what
    /// this returned for it before, or null; `context` is told with its events. Null: there is no
    /// memory for a new one, and the library will hear nothing of it.
    ForeignSocket* want(ForeignSocket* socket, int fd, bool in, bool out,
                        void* context = nullptr) noexcept;
    /// The library lets go of the socket, and may close it.
    void remove(ForeignSocket& socket) noexcept;
    /// The socket that `fd` is the number of now, or null. Linear: libraries have few.
    ForeignSocket* find(int fd) const noexcept;

    /// Calls tell(fd, events, context) for each socket on which something happened.
    template <class Tell>
    void tell_events(Tell&& tell);

    /// Submits and cancels polls until they are as the library wants them.
    void settle();

    /// The library is gone: cancels everything.
    void remove_all();

    /// Cancelled polls whose end the driver has not reported yet.
    std::size_t leaving() const noexcept { return leaving_; }
    /// Whether announce() is also called when the last of them has ended.
    void announce_when_left(bool on) noexcept { announce_when_left_ = on; }

protected:
    /// Requires: leaving() == 0.
    ~ForeignSockets();

    /// There are events to tell of. Called below the driver too, so it only queues.
    virtual void announce() noexcept = 0;

private:
    ForeignSocket* add(int fd, void* context) noexcept;
    static void on_ready(Operation& operation) noexcept;
    void list(ForeignSocket& socket) noexcept;
    ForeignSocket* take_listed() noexcept;
    void set_wanted(ForeignSocket::Poll& poll, bool wanted) noexcept;
    void submit_wanted(ForeignSocket::Poll& poll) noexcept;
    void note(const ForeignSocket::Poll& poll) noexcept;
    void forget(ForeignSocket& socket) noexcept;

    Driver& driver_;
    std::vector<ForeignSocket*> all_;
    ForeignSocket* first_ = nullptr;
    ForeignSocket** last_ = &first_;
    std::size_t leaving_ = 0;
    bool announce_when_left_ = false;
};

template <class Tell>
void ForeignSockets::tell_events(Tell&& tell) {
    for (ForeignSocket* socket = take_listed(); socket != nullptr;) {
        ForeignSocket* const next = socket->next;
        socket->listed = false;
        const unsigned events = std::exchange(socket->events, 0);
        list(*socket);
        if (events != 0 && !socket->removed) {
            tell(socket->fd, events, socket->context);
        }
        socket = next;
    }
}

}  // namespace rondo::detail
