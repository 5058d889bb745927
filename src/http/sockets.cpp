// SPDX-License-Identifier: Apache-2.0
#include "http/sockets.hpp"

#include <poll.h>

#include <cerrno>

#include "rondo/base/assert.hpp"

namespace rondo::http::detail {

Socket::Socket(Sockets& sockets, curl_socket_t descriptor) noexcept
    : owner(sockets), fd(descriptor) {
    in.size = POLLIN;
    out.size = POLLOUT;
    for (Poll* poll : {&in, &out}) {
        poll->kind = OperationKind::poll;
        poll->fd = descriptor;
        poll->socket = this;
        poll->ready = nullptr;
    }
}

Sockets::~Sockets() {
    RONDO_ASSERT(leaving_ == 0, "libcurl's sockets were dropped with polls in flight");
    while (!all_.empty()) {
        forget(*all_.back());
    }
}

Socket* Sockets::want(Socket* socket, curl_socket_t fd, int what) noexcept {
    if (what == CURL_POLL_REMOVE) {
        if (socket != nullptr) {
            remove(*socket);
        }
        return nullptr;
    }
    if (socket == nullptr) {
        socket = new Socket(*this, fd);
        socket->in.ready = &on_ready;
        socket->out.ready = &on_ready;
        socket->index = all_.size();
        all_.push_back(socket);
    }
    set_wanted(socket->in, (what & CURL_POLL_IN) != 0);
    set_wanted(socket->out, (what & CURL_POLL_OUT) != 0);
    list(*socket);
    return socket;
}

void Sockets::remove(Socket& socket) noexcept {
    socket.removed = true;
    set_wanted(socket.in, false);
    set_wanted(socket.out, false);
    list(socket);
}

void Sockets::remove_all() {
    for (Socket* socket : all_) {
        remove(*socket);
    }
    settle();
}

void Sockets::set_wanted(Socket::Poll& poll, bool wanted) noexcept {
    poll.wanted = wanted;
    if (!wanted && poll.in_flight() && !poll.leaving) {
        poll.leaving = true;
        ++leaving_;
        driver_.cancel(poll);
    }
}

void Sockets::settle() {
    for (Socket* socket = take_listed(); socket != nullptr;) {
        Socket* const next = socket->next;
        socket->listed = false;
        if (!socket->removed) {
            submit_wanted(socket->in);
            submit_wanted(socket->out);
        } else if (!socket->in.in_flight() && !socket->out.in_flight()) {
            forget(*socket);
        }
        socket = next;
    }
}

void Sockets::submit_wanted(Socket::Poll& poll) noexcept {
    if (poll.wanted && !poll.in_flight() && driver_.submit(poll)) {
        note(poll);
        announce();
    }
}

// A cancelled poll that is wanted again in the meantime is submitted by the next settle().
void Sockets::on_ready(Operation& operation) noexcept {
    auto& poll = static_cast<Socket::Poll&>(operation);
    Sockets& self = poll.socket->owner;
    if (std::exchange(poll.leaving, false)) {
        --self.leaving_;
    }
    self.note(poll);
    if (poll.wanted || (self.announce_when_left_ && self.leaving_ == 0)) {
        self.announce();
    }
}

void Sockets::note(const Socket::Poll& poll) noexcept {
    Socket& socket = *poll.socket;
    if (poll.result != -ECANCELED) {
        socket.events |= &poll == &socket.in ? CURL_CSELECT_IN : CURL_CSELECT_OUT;
    }
    if (poll.result != -ECANCELED && (poll.result < 0 || (poll.result & POLLERR) != 0)) {
        socket.events |= CURL_CSELECT_ERR;
    }
    list(socket);
}

void Sockets::list(Socket& socket) noexcept {
    if (!socket.listed) {
        socket.listed = true;
        socket.next = nullptr;
        *last_ = &socket;
        last_ = &socket.next;
    }
}

Socket* Sockets::take_listed() noexcept {
    last_ = &first_;
    return std::exchange(first_, nullptr);
}

void Sockets::forget(Socket& socket) noexcept {
    all_.back()->index = socket.index;
    all_[socket.index] = all_.back();
    all_.pop_back();
    delete &socket;
}

}  // namespace rondo::http::detail
