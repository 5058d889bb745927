// SPDX-License-Identifier: Apache-2.0
/// A network, and its system calls, in the memory of one thread.
///
/// Its descriptors begin at first_descriptor, where no real one is; read, write and close of a real
/// descriptor go to the kernel. TCP as far as a program sees it: bounded buffers, half close, a
/// backlog, refusal, reset when a socket is closed with bytes unread.
///
/// With dice it lies the ways a kernel may: it delivers less than it has, refuses once what it
/// could do, and reports edges that are none. After each such lie it raises the edge that a kernel
/// would, so that nothing may wait for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "rondo/base/bytes.hpp"
#include "rondo/loop/operation.hpp"
#include "sim/random.hpp"
#include "sim/sim_address.hpp"
#include "sim/sim_socket.hpp"

struct sockaddr;

namespace rondo::detail {

class SimNetwork {
public:
    static constexpr int first_descriptor = 1 << 28;
    static constexpr std::size_t descriptors_max = 1 << 20;

    /// What a driver is told of a descriptor. Events are those that hold at delivery; `spurious`
    /// adds some that do not.
    struct Edge {
        std::uint64_t cookie;
        bool spurious;
    };

    /// Who is told of each call that moved data or made a connection, and of its result.
    struct Witness {
        void* who = nullptr;
        void (*saw)(void* who, const char* call, int fd, int result) noexcept = nullptr;
    };

    /// No dice: nullptr.
    SimNetwork(SimRandom* dice, Witness witness) noexcept : dice_(dice), witness_(witness) {}
    SimNetwork(const SimNetwork&) = delete;
    SimNetwork& operator=(const SimNetwork&) = delete;

    // The calls of KernelCalls, with the same results.
    int receive(int fd, void* data, std::uint32_t size) noexcept;
    int send(int fd, const void* data, std::uint32_t size) noexcept;
    int send_vector(int fd, const Bytes* parts, std::size_t count, std::size_t skip) noexcept;
    int send_file(int fd, int file, std::uint64_t offset, std::uint32_t size) noexcept;
    int accept(int fd) noexcept;
    int connect(int fd, const void* address, std::uint32_t length) noexcept;
    int connect_result(int fd) noexcept;
    int read(const Operation& operation) noexcept;
    int write(const Operation& operation) noexcept;
    bool short_means_empty(int fd) noexcept;
    int shutdown(int fd, int how) noexcept;
    int close(int fd) noexcept;
    int open_socket(int family) noexcept;
    int listen(const sockaddr* address, std::uint32_t length, int backlog,
               bool share_port) noexcept;
    int socket_name(int fd, bool peer, sockaddr* address, std::uint32_t* length) noexcept;
    int bind(int fd, const sockaddr* address, std::uint32_t length) noexcept;
    /// All addresses are this machine's, so it is `to` itself.
    int source_of(const sockaddr* to, std::uint32_t to_length, sockaddr* address,
                  std::uint32_t* length) noexcept;
    int set_option(int fd, int level, int name, int value) noexcept;
    int socket_pair(int (&fds)[2]) noexcept;
    int make_pipe(int (&fds)[2]) noexcept;

    static bool is_simulated(int fd) noexcept { return fd >= first_descriptor; }

    /// From now on edges of `fd` are reported, each with `cookie`; the present state is the first.
    /// 0 or -EBADF.
    int arm(int fd, std::uint64_t cookie, bool wants_room) noexcept;

    /// The EPOLL bits that hold for `fd` now.
    unsigned level(int fd) const noexcept;

    /// Moves the edges raised so far to `edges`.
    void take_edges(std::vector<Edge>& edges);
    bool has_edges() const noexcept { return !edges_.empty(); }
    /// Puts an edge back, to be taken again.
    void put_back(Edge edge) { edges_.push_back(edge); }
    /// `edge` of the descriptor `fd` is being delivered: what happens next is a new edge.
    void begin_delivery(int fd, const Edge& edge) noexcept;

    std::size_t open_descriptors() const noexcept { return open_; }

private:
    SimSocket* find(int fd) const noexcept;
    int add(std::unique_ptr<SimSocket> socket);
    int make_pair(int (&fds)[2], bool pipe);
    void raise(SimSocket& socket) noexcept;
    void reset(SimSocket& socket) noexcept;
    void end_input(SimSocket& socket) noexcept;
    bool lies(std::size_t one_in) noexcept { return dice_ != nullptr && dice_->one_in(one_in); }

    int seen(const char* call, int fd, int result) noexcept {
        witness_.saw(witness_.who, call, fd - first_descriptor, result);
        return result;
    }
    int take(SimSocket& socket, void* data, std::uint32_t size) noexcept;
    int put(SimSocket& socket, const void* data, std::uint32_t size) noexcept;
    int put_parts(SimSocket& socket, const Bytes* parts, std::size_t count,
                  std::size_t skip) noexcept;
    int put_file(SimSocket& socket, int file, std::uint64_t offset, std::uint32_t size) noexcept;
    int accept_from(SimSocket& listener);
    int connect_to(SimSocket& socket, const SimAddress& remote);
    SimSocket* find_listener(const SimAddress& address) noexcept;
    void meet(SimSocket& listener, SimSocket& client);
    void close_listener(SimSocket& listener) noexcept;
    void close_stream(SimSocket& socket) noexcept;
    std::uint16_t free_port(int family, std::uint16_t from) const noexcept;

    SimRandom* dice_;
    Witness witness_;
    std::vector<std::unique_ptr<SimSocket>> sockets_;  ///< by descriptor
    std::multimap<SimAddress, SimSocket*> listeners_;
    std::vector<Edge> edges_;
    std::size_t open_ = 0;
    std::size_t turn_ = 0;  ///< which of the listeners that share a port comes next
    std::uint16_t next_client_port_ = 49152;
};

}  // namespace rondo::detail
