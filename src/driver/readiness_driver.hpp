// SPDX-License-Identifier: Apache-2.0
/// The half that all drivers share: try the call, else wait for an edge, then make the call.
///
/// The kernel never holds a pointer to a waiting Operation or to its buffer, so cancelling one is
/// local and exact. `Body` derives from this class and supplies the edges:
///
///     int arm(int fd, Descriptor&, bool out)    // report edges of this direction; 0 or -errno
///     int arm_poll(Operation&, Descriptor&)     // one-shot, level; 0, -errno, or revents > 0
///     void disarm_poll(Operation&, Descriptor&)
///     int close_armed(int fd, Descriptor&)      // ends edges and the descriptor; 0 or -errno
///     bool batch_send(Operation&, Descriptor&)  // true: it will make this send_all
///     bool submit_transfer(Operation&)          // read and write, as submit()
///     bool submit_file_call(Operation&)         // the kinds of file_calls.hpp, as submit()
///     void cancel_lent(Operation&)              // of one that is operation_lent
///     static int unknown_descriptor(int fd)     // what a poll of one outside the table ends with
///     void settle()                             // makes closes that are only queued happen
///
/// and wait(), which calls on_edge() and on_poll() for what the kernel reported and finish_ended()
/// last. `Calls` makes the system calls; see attempt.hpp.
#pragma once

#include <sys/epoll.h>

#include <cerrno>
#include <climits>
#include <utility>

#include "driver/attempt.hpp"
#include "driver/attempt_send.hpp"
#include "driver/file_calls.hpp"
#include "driver/place.hpp"
#include "driver/readiness_base.hpp"

namespace rondo::detail {

inline constexpr unsigned hang_up_events = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
inline constexpr unsigned readable_events = EPOLLIN | hang_up_events;
inline constexpr unsigned writable_events = EPOLLOUT | EPOLLHUP | EPOLLERR;

template <class Body, class Calls>
class ReadinessDriver : public ReadinessBase {
public:
    bool submit(Operation& operation) noexcept final;
    void cancel(Operation& operation) noexcept final;
    bool perform(Operation& operation) noexcept final;

    using Driver::set_option;

    int open_socket(int family, SocketType type) noexcept final {
        int fd = calls_.open_socket(family, type);
        if (fd == -EMFILE) {
            body().settle();
            fd = calls_.open_socket(family, type);
        }
        return adopt(fd);
    }
    int bind(int fd, const sockaddr* address, std::uint32_t length) noexcept final {
        body().settle();
        return calls_.bind(fd, address, length);
    }
    int listen(int fd, int backlog) noexcept final {
        body().settle();
        forget_hints(fd);
        return calls_.listen(fd, backlog);
    }
    int remove_socket_file(const char* path) noexcept final {
        return calls_.remove_socket_file(path);
    }
    int socket_name(int fd, bool peer, sockaddr* address, std::uint32_t* length) noexcept final {
        return calls_.socket_name(fd, peer, address, length);
    }
    int source_of(const sockaddr* to, std::uint32_t to_length, sockaddr* address,
                  std::uint32_t* length) noexcept final {
        return calls_.source_of(to, to_length, address, length);
    }
    int set_option(int fd, int level, int name, const void* value,
                   std::uint32_t size) noexcept final {
        return calls_.set_option(fd, level, name, value, size);
    }
    int get_option(int fd, int level, int name, void* value, std::uint32_t* size) noexcept final {
        return calls_.get_option(fd, level, name, value, size);
    }
    int socket_pair(int (&fds)[2], SocketType type) noexcept final {
        return adopt_both(calls_.socket_pair(fds, type), fds);
    }
    int make_pipe(int (&fds)[2]) noexcept final { return adopt_both(calls_.make_pipe(fds), fds); }

protected:
    template <class... Arguments>
    ReadinessDriver(int first_descriptor, std::size_t descriptors, Arguments&&... arguments)
        : ReadinessBase(first_descriptor, descriptors),
          calls_(std::forward<Arguments>(arguments)...) {}

    /// For a body that makes each send at once.
    static bool batch_send(Operation&, Descriptor&) noexcept { return false; }

    /// For a body without accepts_beside().
    bool submit_accept_beside(Operation& operation) noexcept { return submit_readiness(operation); }

    /// Takes the operation's place on its descriptor, tries its call, and waits if it would block.
    bool submit_readiness(Operation& operation) noexcept {
        return reads(operation) ? submit_way<Way::in>(operation) : submit_way<Way::out>(operation);
    }

    /// Finds out once what a short read of the descriptor says.
    void learn_short_reads(int fd, Descriptor& descriptor) noexcept {
        if (descriptor.short_read == ShortRead::unknown) {
            descriptor.short_read =
                calls_.short_means_empty(fd) ? ShortRead::means_empty : ShortRead::proves_nothing;
        }
    }

    /// The kernel reported `events` of an armed descriptor.
    void on_edge(Descriptor& descriptor, unsigned events) noexcept;

    /// The kernel reported `events` to the polls of a descriptor. True: one of them still waits.
    bool on_poll(Descriptor& descriptor, unsigned events) noexcept;

    /// The edge source of one direction failed for good: whoever waits for it ends with `error`.
    void on_edge_failed(Operation* waiting, Descriptor& descriptor, int error) noexcept;

    /// Makes the call of who waits at the descriptor. False: it would block still, and waits again.
    template <Way way>
    bool try_again(Operation& operation, Descriptor& descriptor) noexcept;

    Calls calls_;

private:
    Body& body() noexcept { return static_cast<Body&>(*this); }

    template <Way way>
    bool submit_way(Operation& operation) noexcept;
    bool submit_other(Operation& operation) noexcept;
    bool submit_poll(Operation& operation) noexcept;
    int close_descriptor(int fd) noexcept;
    template <Way way>
    bool attempt(Operation& operation, Descriptor& descriptor) noexcept;
    bool attempt_other(Operation& operation, Descriptor& descriptor) noexcept;
    int start_connect(const Operation& operation, Descriptor& descriptor) noexcept;
    template <Way way>
    bool attempt_first(Operation& operation, Descriptor& descriptor) noexcept;
    template <Way way>
    int arm_for(const Operation& operation, Descriptor& descriptor) noexcept;
    bool is_better_late(const Operation& reader, const Descriptor& descriptor) const noexcept;

    int adopt_both(int result, const int (&fds)[2]) noexcept {
        if (result == 0) {
            adopt(fds[0]);
            adopt(fds[1]);
        }
        return result;
    }
};

// What most operations are goes by the shortest way.
template <class Body, class Calls>
bool ReadinessDriver<Body, Calls>::submit(Operation& operation) noexcept {
    operation.moved = 0;
    operation.flags = 0;
    if (operation.kind == OperationKind::receive_leased ||
        operation.kind == OperationKind::receive) {
        return submit_way<Way::in>(operation);
    }
    if (operation.kind == OperationKind::send_all && operation.size <= INT_MAX) {
        return submit_way<Way::out>(operation);
    }
    return submit_other(operation);
}

template <class Body, class Calls>
RONDO_NOINLINE bool ReadinessDriver<Body, Calls>::submit_other(Operation& operation) noexcept {
    switch (operation.kind) {
        case OperationKind::poll: return submit_poll(operation);
        case OperationKind::shutdown: {
            const int how = static_cast<int>(operation.size);
            return end_inside(operation, calls_.shutdown(operation.fd, how));
        }
        case OperationKind::close: return end_inside(operation, close_descriptor(operation.fd));
        case OperationKind::read:
        case OperationKind::write: return body().submit_transfer(operation);
        case OperationKind::send_all: return end_inside(operation, -EINVAL);  // its size
        case OperationKind::send_vector:
            return begin_vector(operation) ? submit_readiness(operation)
                                           : end_inside(operation, -EINVAL);
        case OperationKind::send_file:
            return operation.size <= INT_MAX ? submit_readiness(operation)
                                             : end_inside(operation, -EINVAL);
        case OperationKind::accept:
            return operation.hint != 0 && operation.data == nullptr
                       ? body().submit_accept_beside(operation)
                       : submit_readiness(operation);
        default:
            return is_file_call(operation) ? body().submit_file_call(operation)
                                           : submit_readiness(operation);
    }
}

template <class Body, class Calls>
template <Way way>
bool ReadinessDriver<Body, Calls>::submit_way(Operation& operation) noexcept {
    Descriptor* descriptor = table_.find(operation.fd);
    if (descriptor == nullptr) {
        return end_inside(operation, -EBADF);
    }
    if (!is_free<way>(*descriptor)) {
        return end_inside(operation, -EBUSY);
    }
    if (way == Way::out && operation.kind == OperationKind::connect) {
        const int result = start_connect(operation, *descriptor);
        if (result != -EINPROGRESS) {
            return end_inside(operation, result);
        }
    } else if (way == Way::out && operation.kind == OperationKind::send_all &&
               body().batch_send(operation, *descriptor)) {
        return false;
    } else if (must_try<way>(operation, *descriptor) &&
               attempt_first<way>(operation, *descriptor)) {
        operation.state = OperationState::done;
        return true;
    }
    if (const int error = arm_for<way>(operation, *descriptor); error != 0) {
        return end_inside(operation, error);
    }
    place_of<way>(*descriptor) = &operation;
    begin(operation);
    return false;
}

template <class Body, class Calls>
bool ReadinessDriver<Body, Calls>::submit_poll(Operation& operation) noexcept {
    operation.size &= EPOLLIN | EPOLLOUT;
    if (operation.size == 0) {
        return end_inside(operation, -EINVAL);
    }
    Descriptor* descriptor = table_.find(operation.fd);
    if (descriptor == nullptr) {
        return end_inside(operation, Body::unknown_descriptor(operation.fd));
    }
    if (const int error = find_place(operation, *descriptor); error != 0) {
        return end_inside(operation, error);
    }
    take_place(operation, *descriptor);
    if (const int result = body().arm_poll(operation, *descriptor); result != 0) {
        leave_place(operation, *descriptor);
        return end_inside(operation, result);
    }
    begin(operation);
    return false;
}

template <class Body, class Calls>
int ReadinessDriver<Body, Calls>::start_connect(const Operation& operation,
                                                Descriptor& descriptor) noexcept {
    const int result = calls_.connect(operation.fd, operation.data, operation.size);
    if (result == -EINPROGRESS) {
        descriptor.full = true;
    }
    return result;
}

template <class Body, class Calls>
int ReadinessDriver<Body, Calls>::close_descriptor(int fd) noexcept {
    Descriptor* descriptor = table_.find(fd);
    if (descriptor == nullptr) {
        return calls_.close(fd);
    }
    RONDO_REQUIRE(descriptor->reader == nullptr && descriptor->writer == nullptr,
                  "close of a descriptor with an operation in flight");
    return body().close_armed(fd, *descriptor);
}

template <class Body, class Calls>
template <Way way>
RONDO_INLINE bool ReadinessDriver<Body, Calls>::attempt(Operation& operation,
                                                        Descriptor& descriptor) noexcept {
    if constexpr (way == Way::in) {
        if (operation.kind == OperationKind::receive_leased) {
            return attempt_receive_leased(calls_, leases_, operation, descriptor);
        }
        if (operation.kind == OperationKind::receive) {
            return attempt_receive(calls_, operation, descriptor);
        }
    } else if (operation.kind == OperationKind::send_all) {
        return attempt_send_all(calls_, operation, descriptor);
    }
    return attempt_other(operation, descriptor);
}

template <class Body, class Calls>
RONDO_NOINLINE bool ReadinessDriver<Body, Calls>::attempt_other(Operation& operation,
                                                                Descriptor& descriptor) noexcept {
    switch (operation.kind) {
        case OperationKind::send_vector: return attempt_send_vector(calls_, operation, descriptor);
        case OperationKind::send_file: return attempt_send_file(calls_, operation, descriptor);
        case OperationKind::receive_message:
            return attempt_receive_message(calls_, leases_, operation, descriptor);
        case OperationKind::send_message:
            return attempt_send_message(calls_, operation, descriptor);
        case OperationKind::accept: return attempt_accept(calls_, table_, operation, descriptor);
        case OperationKind::connect: return attempt_connect_result(calls_, operation, descriptor);
        default: return attempt_transfer(calls_, operation, descriptor);
    }
}

// The first attempt, inside submit(). A descriptor whose close is only queued is as good as free.
template <class Body, class Calls>
template <Way way>
RONDO_INLINE bool ReadinessDriver<Body, Calls>::attempt_first(Operation& operation,
                                                              Descriptor& descriptor) noexcept {
    if (!attempt<way>(operation, descriptor)) {
        return false;
    }
    if (way == Way::out || operation.result != -EMFILE || operation.kind != OperationKind::accept) {
        return true;
    }
    body().settle();
    return attempt_other(operation, descriptor);
}

template <class Body, class Calls>
template <Way way>
RONDO_INLINE int ReadinessDriver<Body, Calls>::arm_for(const Operation& operation,
                                                       Descriptor& descriptor) noexcept {
    constexpr bool out = way == Way::out;
    if (!out) {
        learn_short_reads(operation.fd, descriptor);
    }
    const bool armed = out ? descriptor.armed_out : descriptor.armed_in;
    return armed ? 0 : body().arm(operation.fd, descriptor, out);
}

template <class Body, class Calls>
template <Way way>
RONDO_INLINE bool ReadinessDriver<Body, Calls>::try_again(Operation& operation,
                                                          Descriptor& descriptor) noexcept {
    if (!attempt<way>(operation, descriptor)) {
        const int error = arm_for<way>(operation, descriptor);
        if (error == 0) {
            return false;
        }
        operation.result = error;
    }
    place_of<way>(descriptor) = nullptr;
    return true;
}

template <class Body, class Calls>
bool ReadinessDriver<Body, Calls>::perform(Operation& operation) noexcept {
    if (operation.state == OperationState::done) {
        return true;
    }
    Descriptor& descriptor = *table_.find(operation.fd);
    if (operation.state == OperationState::cancel_asked) {
        leave_place(operation, descriptor);  // a reader: see is_better_late()
    } else if (!try_again<Way::in>(operation, descriptor)) {
        operation.state = OperationState::in_flight;
        return false;
    }
    operation.state = OperationState::done;
    --in_flight_;
    return true;
}

template <class Body, class Calls>
void ReadinessDriver<Body, Calls>::cancel(Operation& operation) noexcept {
    if (operation.state == OperationState::runnable) {
        // It stands in the loop's queue already, so it must not join ended_: perform() ends it.
        operation.state = OperationState::cancel_asked;
        operation.result = -ECANCELED;
        return;
    }
    if (operation.state != OperationState::in_flight) {
        return;
    }
    operation.state = OperationState::cancel_asked;
    if ((operation.flags & operation_lent) != 0) {
        body().cancel_lent(operation);
        return;
    }
    Descriptor& descriptor = *table_.find(operation.fd);
    leave_place(operation, descriptor);
    if (is_poll(operation)) {
        body().disarm_poll(operation, descriptor);
    }
    operation.result = -ECANCELED;
    ended_.push(operation);
}

// A batch of large receives would push each other out of the cache, and one of many leased ones
// would take a buffer for each: these are read when the loop reaches the task that uses them.
template <class Body, class Calls>
RONDO_INLINE bool ReadinessDriver<Body, Calls>::is_better_late(
    const Operation& reader, const Descriptor& descriptor) const noexcept {
    return (descriptor.bulk && reader.kind != OperationKind::accept) ||
           (reader.kind == OperationKind::receive_leased && !leases_.has_spare());
}

template <class Body, class Calls>
void ReadinessDriver<Body, Calls>::on_edge(Descriptor& descriptor, unsigned events) noexcept {
    if ((events & hang_up_events) != 0) {
        descriptor.hung_up = true;
    }
    if ((events & EPOLLPRI) != 0) [[unlikely]] {
        descriptor.short_read = ShortRead::proves_nothing;  // a receive ends at an urgent mark
    }
    if ((events & readable_events) != 0) {
        descriptor.dry = false;
        Operation* reader = descriptor.reader;
        if (waits_for_edge(reader)) {
            if (is_better_late(*reader, descriptor)) {
                reader->state = OperationState::runnable;
                reader->ready(*reader);
            } else if (try_again<Way::in>(*reader, descriptor)) {
                finish(*reader);
            }
        }
    }
    if ((events & writable_events) != 0) {
        descriptor.full = false;
        Operation* writer = descriptor.writer;
        if (waits_for_edge(writer) && try_again<Way::out>(*writer, descriptor)) {
            finish(*writer);
        }
    }
}

template <class Body, class Calls>
bool ReadinessDriver<Body, Calls>::on_poll(Descriptor& descriptor, unsigned events) noexcept {
    Operation* const waiting[2] = {
        descriptor.reader,
        descriptor.writer != descriptor.reader ? descriptor.writer : nullptr,
    };
    for (Operation* operation : waiting) {
        if (operation == nullptr || !is_poll(*operation)) {
            continue;
        }
        const unsigned seen = events & (operation->size | EPOLLHUP | EPOLLERR);
        if (seen != 0) {
            operation->result = static_cast<std::int32_t>(seen);
            leave_place(*operation, descriptor);
            finish(*operation);
        }
    }
    return has_poll(descriptor);
}

template <class Body, class Calls>
void ReadinessDriver<Body, Calls>::on_edge_failed(Operation* waiting, Descriptor& descriptor,
                                                  int error) noexcept {
    if (waits_for_edge(waiting)) {
        waiting->result = error;
        leave_place(*waiting, descriptor);
        finish(*waiting);
    }
}

}  // namespace rondo::detail
