// SPDX-License-Identifier: Apache-2.0
#include "loop/foreign_sockets.hpp"

#include <poll.h>

#include <cerrno>
#include <new>

#include "rondo/base/assert.hpp"

namespace rondo::detail {

ForeignSocket::ForeignSocket(ForeignSockets& sockets, int descriptor, void* its_context) noexcept
    : owner(sockets), fd(descriptor), context(its_context) {
    in.size = POLLIN;
    out.size = POLLOUT;
    for (Poll* poll : {&in, &out}) {
        poll->kind = OperationKind::poll;
        poll->fd = descriptor;
        poll->socket = this;
        poll->ready = nullptr;
    }
}

ForeignSockets::~ForeignSockets() {
    RONDO_ASSERT(leaving_ == 0, "a library's sockets were dropped with polls in flight");
    while (!all_.empty()) {
        forget(*all_.back());
    }
}

ForeignSocket* ForeignSockets::want(ForeignSocket* socket, int fd, bool in, bool out,
                                    void* context) noexcept {
    if (socket == nullptr) {
        socket = add(fd, context);
    }
    if (socket == nullptr) {
        return nullptr;
    }
    set_wanted(socket->in, in);
    set_wanted(socket->out, out);
    list(*socket);
    return socket;
}

ForeignSocket* ForeignSockets::add(int fd, void* context) noexcept {
    try {
        all_.push_back(nullptr);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
    auto* const socket = new (std::nothrow) ForeignSocket(*this, fd, context);
    if (socket == nullptr) {
        all_.pop_back();
        return nullptr;
    }
    socket->in.ready = &on_ready;
    socket->out.ready = &on_ready;
    socket->index = all_.size() - 1;
    all_.back() = socket;
    return socket;
}

ForeignSocket* ForeignSockets::find(int fd) const noexcept {
    for (ForeignSocket* const socket : all_) {
        if (socket->fd == fd && !socket->removed) {
            return socket;
        }
    }
    return nullptr;
}

void ForeignSockets::remove(ForeignSocket& socket) noexcept {
    socket.removed = true;
    set_wanted(socket.in, false);
    set_wanted(socket.out, false);
    list(socket);
}

void ForeignSockets::remove_all() {
    for (ForeignSocket* socket : all_) {
        remove(*socket);
    }
    settle();
}

void ForeignSockets::set_wanted(ForeignSocket::Poll& poll, bool wanted) noexcept {
    poll.wanted = wanted;
    if (!wanted && poll.in_flight() && !poll.leaving) {
        poll.leaving = true;
        ++leaving_;
        driver_.cancel(poll);
    }
}

void ForeignSockets::settle() {
    for (ForeignSocket* socket = take_listed(); socket != nullptr;) {
        ForeignSocket* const next = socket->next;
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

// Busy: the number was the former one's whose poll has not left yet. Tried again in the next turn.
void ForeignSockets::submit_wanted(ForeignSocket::Poll& poll) noexcept {
    if (poll.wanted && !poll.in_flight() && driver_.submit(poll)) {
        if (poll.result == -EBUSY && leaving_ > 0) {
            list(*poll.socket);
        } else {
            note(poll);
        }
        announce();
    }
}

// A cancelled poll that is wanted again in the meantime is submitted by the next settle().
void ForeignSockets::on_ready(Operation& operation) noexcept {
    auto& poll = static_cast<ForeignSocket::Poll&>(operation);
    ForeignSockets& self = poll.socket->owner;
    if (std::exchange(poll.leaving, false)) {
        --self.leaving_;
    }
    self.note(poll);
    if (poll.wanted || (self.announce_when_left_ && self.leaving_ == 0)) {
        self.announce();
    }
}

void ForeignSockets::note(const ForeignSocket::Poll& poll) noexcept {
    ForeignSocket& socket = *poll.socket;
    if (poll.result != -ECANCELED) {
        socket.events |= &poll == &socket.in ? readable : writable;
    }
    if (poll.result != -ECANCELED && (poll.result < 0 || (poll.result & POLLERR) != 0)) {
        socket.events |= failed;
    }
    list(socket);
}

void ForeignSockets::list(ForeignSocket& socket) noexcept {
    if (!socket.listed) {
        socket.listed = true;
        socket.next = nullptr;
        *last_ = &socket;
        last_ = &socket.next;
    }
}

ForeignSocket* ForeignSockets::take_listed() noexcept {
    last_ = &first_;
    return std::exchange(first_, nullptr);
}

void ForeignSockets::forget(ForeignSocket& socket) noexcept {
    all_.back()->index = socket.index;
    all_[socket.index] = all_.back();
    all_.pop_back();
    delete &socket;
}

}  // namespace rondo::detail
