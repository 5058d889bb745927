// SPDX-License-Identifier: Apache-2.0
/// The sockets that libcurl owns, and the polls that tell it what happens on them.
///
/// libcurl says for each socket what it wants to hear of, and expects levels. So each socket has a
/// one-shot poll for either direction, which is submitted again for as long as it is wanted. When
/// libcurl lets go of a socket its polls are cancelled at once, before it closes the number; their
/// memory stays until the driver has reported their end. An event belongs to a Socket and not to a
/// number, so a number that is used again never gets an event of its former owner.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "rondo/loop/driver.hpp"

namespace rondo::http::detail {

class Sockets;

class Socket {
    friend class Sockets;

    struct Poll : Operation {
        Socket* socket = nullptr;
        bool wanted = false;
        bool leaving = false;  ///< cancelled, and not reported yet

        bool in_flight() const noexcept {
            return state != OperationState::idle && state != OperationState::done;
        }
    };

    Socket(Sockets& owner, curl_socket_t descriptor) noexcept;

    Sockets& owner;
    curl_socket_t fd;
    Poll in;
    Poll out;
    Socket* next = nullptr;  ///< in the list of those that have to be looked at
    std::size_t index = 0;   ///< in Sockets::all_
    int events = 0;          ///< CURL_CSELECT bits that libcurl was not told of
    bool listed = false;
    bool removed = false;  ///< libcurl has let go of it
};

class Sockets {
public:
    explicit Sockets(Driver& driver) noexcept : driver_(driver) {}
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;

    /// What CURLMOPT_SOCKETFUNCTION reports. `socket` is what this returned for it before, or null.
    Socket* want(Socket* socket, curl_socket_t fd, int what) noexcept;

    /// Calls tell(fd, bits) for each socket on which something happened.
    template <class Tell>
    void tell_events(Tell&& tell);

    /// Submits and cancels polls until they are as libcurl wants them.
    void settle();

    /// libcurl is gone: cancels everything.
    void remove_all();

    /// Cancelled polls whose end the driver has not reported yet.
    std::size_t leaving() const noexcept { return leaving_; }
    /// Whether announce() is also called when the last of them has ended.
    void announce_when_left(bool on) noexcept { announce_when_left_ = on; }

protected:
    /// Requires: leaving() == 0.
    ~Sockets();

    /// There are events to tell of. Called below the driver too, so it only queues.
    virtual void announce() noexcept = 0;

private:
    static void on_ready(Operation& operation) noexcept;
    void list(Socket& socket) noexcept;
    Socket* take_listed() noexcept;
    void set_wanted(Socket::Poll& poll, bool wanted) noexcept;
    void submit_wanted(Socket::Poll& poll) noexcept;
    void note(const Socket::Poll& poll) noexcept;
    void remove(Socket& socket) noexcept;
    void forget(Socket& socket) noexcept;

    Driver& driver_;
    std::vector<Socket*> all_;
    Socket* first_ = nullptr;
    Socket** last_ = &first_;
    std::size_t leaving_ = 0;
    bool announce_when_left_ = false;
};

template <class Tell>
void Sockets::tell_events(Tell&& tell) {
    for (Socket* socket = take_listed(); socket != nullptr;) {
        Socket* const next = socket->next;
        socket->listed = false;
        const int events = std::exchange(socket->events, 0);
        list(*socket);
        if (events != 0 && !socket->removed) {
            tell(socket->fd, events);
        }
        socket = next;
    }
}

}  // namespace rondo::http::detail
