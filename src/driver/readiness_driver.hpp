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
///     void edge_was_late(int fd, Descriptor&)   // of readers: another call had taken what it told
///     bool submit_transfer(Operation&)          // read and write, as submit()
///     bool submit_file_call(Operation&)         // the kinds of file_calls.hpp, as submit()
///     void cancel_lent(Operation&)              // of one that is operation_lent
///     static int unknown_descriptor(int fd)     // what a poll of one outside the table ends with
///
/// and wait(), which calls on_edge() and on_poll() for what the kernel reported and finish_ended()
/// last. `Calls` makes the system calls; see attempt.hpp. The members are defined in
/// readiness_submit.hpp and readiness_edges.hpp, which a body includes as well.
#pragma once

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

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
        return adopt(with_descriptors([&] { return calls_.open_socket(family, type); }));
    }
    int bind(int fd, const sockaddr* address, std::uint32_t length) noexcept final {
        body().finish_closes();
        return calls_.bind(fd, address, length);
    }
    int listen(int fd, int backlog) noexcept final {
        body().finish_closes();
        forget_hints(fd);
        return calls_.listen(fd, backlog);
    }
    int find_socket_file(const char* path, SocketFile& file) noexcept final {
        return calls_.find_socket_file(path, file);
    }
    int remove_socket_file(const char* path, const SocketFile& file) noexcept final {
        SocketFile found;
        if (const int error = calls_.find_socket_file(path, found); error != 0) {
            return error;
        }
        return found == file ? calls_.remove_socket_file(path) : -ESTALE;
    }
    int socket_name(int fd, bool peer, sockaddr* address, std::uint32_t* length) noexcept final {
        return calls_.socket_name(fd, peer, address, length);
    }
    int source_of(const sockaddr* to, std::uint32_t to_length, sockaddr* address,
                  std::uint32_t* length) noexcept final {
        return with_descriptors([&] { return calls_.source_of(to, to_length, address, length); });
    }
    int set_option(int fd, int level, int name, const void* value,
                   std::uint32_t size) noexcept final {
        return calls_.set_option(fd, level, name, value, size);
    }
    int get_option(int fd, int level, int name, void* value, std::uint32_t* size) noexcept final {
        return calls_.get_option(fd, level, name, value, size);
    }
    int socket_pair(int (&fds)[2], SocketType type) noexcept final {
        return adopt_both(with_descriptors([&] { return calls_.socket_pair(fds, type); }), fds);
    }
    int make_pipe(int (&fds)[2]) noexcept final {
        return adopt_both(with_descriptors([&] { return calls_.make_pipe(fds); }), fds);
    }

protected:
    template <class... Arguments>
    ReadinessDriver(int first_descriptor, std::size_t descriptors, Arguments&&... arguments)
        : ReadinessBase(first_descriptor, descriptors),
          calls_(std::forward<Arguments>(arguments)...) {}

    /// For a body that makes each send at once.
    static bool batch_send(Operation&, Descriptor&) noexcept { return false; }

    /// For a body that looks again before it reports an edge.
    static void edge_was_late(int, Descriptor&) noexcept {}

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

    /// Calls again when no descriptor was left but those whose close is only queued.
    template <class Call>
    int with_descriptors(Call call) noexcept {
        const int result = call();
        return result == -EMFILE && body().finish_closes() ? call() : result;
    }

    int adopt_both(int result, const int (&fds)[2]) noexcept {
        if (result == 0) {
            adopt(fds[0]);
            adopt(fds[1]);
        }
        return result;
    }
};

}  // namespace rondo::detail
