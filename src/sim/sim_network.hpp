// SPDX-License-Identifier: Apache-2.0
/// A network, and its system calls, in the memory of one thread.
///
/// Its descriptors begin at first_descriptor, where no real one is; read, write and close of a real
/// descriptor go to the kernel. TCP as far as a program sees it: bounded buffers, half close, a
/// backlog, refusal, reset when a socket is closed with bytes unread. Bytes travel over the links
/// between hosts (SimLinks), which take their time, and may be cut.
///
/// With dice it lies the ways a kernel may: it delivers less than it has, refuses once what it
/// could do, and reports edges that are none. After each such lie it raises the edge that a kernel
/// would, so that nothing may wait for ever.
///
/// sim_network.cpp has descriptors, edges and the data path, sim_connect.cpp how sockets come to
/// be, are named and connect, sim_listener.cpp who listens, sim_transit.cpp what is under way,
/// sim_silence.cpp what is lost, and sim_control.cpp what sim::Network asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/base/bytes.hpp"
#include "rondo/loop/driver.hpp"
#include "rondo/loop/operation.hpp"
#include "rondo/sim/options.hpp"
#include "sim/random.hpp"
#include "sim/sim_address.hpp"
#include "sim/sim_call_book.hpp"
#include "sim/sim_events.hpp"
#include "sim/sim_links.hpp"
#include "sim/sim_socket.hpp"
#include "sim/sim_weather.hpp"
#include "sim/trace.hpp"

struct msghdr;
struct sockaddr;

namespace rondo::detail {

class SimNetwork {
public:
    using Time = SimEvents::Time;
    static constexpr int first_descriptor = 1 << 28;
    static constexpr std::size_t descriptors_max = 1 << 20;

    /// What a driver is told of a descriptor. Events are those that hold at delivery; `spurious`
    /// adds some that do not.
    struct Edge {
        std::uint64_t cookie;
        bool spurious;
    };

    /// Who is told of each call that moved data or made a connection, of each delivery and of each
    /// thing that goes wrong. `fd` is the descriptor's number less first_descriptor.
    struct Witness {
        void* who = nullptr;
        void (*saw)(void* who, TraceEvent event, std::string_view what, int fd,
                    std::int64_t value) noexcept = nullptr;
    };

    /// `clock` is read whenever it is asked for the time. No lies: nullptr.
    SimNetwork(const sim::Options& options, const Time* clock, SimRandom* lies,
               Witness witness) noexcept;
    SimNetwork(const SimNetwork&) = delete;
    SimNetwork& operator=(const SimNetwork&) = delete;

    // The calls of KernelCalls, with the same results.
    int receive(int fd, void* data, std::uint32_t size) noexcept;
    int send(int fd, const void* data, std::uint32_t size) noexcept;
    int send_vector(int fd, const Bytes* parts, std::size_t count, std::size_t skip) noexcept;
    int send_file(int fd, int file, std::uint64_t offset, std::uint32_t size) noexcept;
    int receive_message(int fd, msghdr* message) noexcept;
    int send_message(int fd, const msghdr* message) noexcept;
    int accept(int fd, void* address, std::uint32_t* length) noexcept;
    int connect(int fd, const void* address, std::uint32_t length) noexcept;
    int connect_result(int fd) noexcept;
    int read(const Operation& operation) noexcept;
    int write(const Operation& operation) noexcept;
    bool short_means_empty(int fd) noexcept;
    int shutdown(int fd, int how) noexcept;
    int close(int fd) noexcept;
    int open_socket(int family, SocketType type) noexcept;
    int listen(int fd, int backlog) noexcept;
    int find_socket_file(const char* path, SocketFile& file) noexcept;
    int remove_socket_file(const char* path) noexcept;
    int socket_name(int fd, bool peer, sockaddr* address, std::uint32_t* length) noexcept;
    int bind(int fd, const sockaddr* address, std::uint32_t length) noexcept;
    /// All addresses are this machine's, so it is `to` itself.
    int source_of(const sockaddr* to, std::uint32_t to_length, sockaddr* address,
                  std::uint32_t* length) noexcept;
    int set_option(int fd, int level, int name, const void* value, std::uint32_t size) noexcept;
    int get_option(int fd, int level, int name, void* value, std::uint32_t* size) noexcept;
    int socket_pair(int (&fds)[2], SocketType type) noexcept;
    int make_pipe(int (&fds)[2]) noexcept;

    static bool is_simulated(int fd) noexcept { return fd >= first_descriptor; }

    // What a driver needs.

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

    /// What is due arrives. True: something did.
    bool run_due() noexcept { return may_be_due() && events_.run_due(now()); }
    bool may_be_due() const noexcept { return events_.may_be_due(now()); }
    /// When something is due next; SimEvents::never if nothing is under way.
    Time next_due() noexcept { return events_.next(); }

    std::size_t open_descriptors() const noexcept { return open_; }

    // What sim::Network asks for.
    SimLinks& links() noexcept { return links_; }
    void partition(const SimHost& from, const SimHost& to);
    void heal(const SimHost& from, const SimHost& to);
    void heal_all();
    void clog(const SimHost& from, const SimHost& to);
    void unclog(const SimHost& from, const SimHost& to);
    void set_state(const SimHost& host, SimLinks::HostState state);
    /// False: no connection has this descriptor.
    bool break_connection(int fd);
    bool silence_connection(int fd);
    SimCallBook& calls() noexcept { return calls_; }

private:
    using Kind = SimFlow::Kind;

    SimSocket* find(int fd) const noexcept {
        if (fd < first_descriptor) {
            return nullptr;
        }
        const auto index = static_cast<std::uint32_t>(fd - first_descriptor);
        return index < sockets_.size() ? sockets_[index].get() : nullptr;
    }
    int add(std::unique_ptr<SimSocket> socket);
    std::unique_ptr<SimSocket> make_socket(int family);
    int make_pair(int (&fds)[2], bool pipe, bool datagrams);
    void raise(SimSocket& socket) noexcept;
    void reset(SimSocket& socket) noexcept;
    void end_input(SimSocket& socket) noexcept;
    bool lies(std::size_t one_in) noexcept { return dice_ != nullptr && dice_->one_in(one_in); }
    Time now() const noexcept { return *clock_; }

    int seen(std::string_view call, int fd, int result) noexcept {
        witness_.saw(witness_.who, TraceEvent::call, call, fd - first_descriptor, result);
        return result;
    }
    void tell(TraceEvent event, std::string_view what, const SimSocket* socket,
              std::int64_t value) noexcept {
        const int fd = socket != nullptr && socket->fd >= 0 ? socket->fd - first_descriptor : -1;
        witness_.saw(witness_.who, event, what, fd, value);
    }
    /// 0, or what the call must return instead of having an effect.
    int enter(sim::Call call, std::string_view name, int fd) noexcept {
        const int error = calls_.enter(call);
        return error == 0 ? 0 : failed(name, fd, error);
    }
    int failed(std::string_view name, int fd, int error) noexcept;

    // The data path.
    int take(SimSocket& socket, void* data, std::uint32_t size) noexcept;
    int take_portion(SimSocket& socket, void* data, std::size_t size) noexcept;
    int put(SimSocket& socket, const void* data, std::uint32_t size) noexcept;
    int put_parts(SimSocket& socket, const Bytes* parts, std::size_t count,
                  std::size_t skip) noexcept;
    int put_file(SimSocket& socket, int file, std::uint64_t offset, std::uint32_t size) noexcept;
    void ask_for_room(SimSocket& socket);
    std::size_t portion_of(const SimSocket& socket, std::size_t most) noexcept;
    void close_stream(SimSocket& socket) noexcept;
    static void part(SimSocket& socket) noexcept;

    // Connections.
    int accept_from(SimSocket& listener);
    int connect_to(SimSocket& socket, const SimAddress& remote);
    int connect_between_hosts(SimSocket& socket, const SimAddress& remote);
    SimSocket* find_listener(const SimAddress& address, std::size_t choice) noexcept;
    void knock(SimSocket& client);
    void meet(SimSocket& listener, SimSocket& client);
    void wait_for_admission(SimSocket& listener, SimSocket& client);
    std::unique_ptr<SimSocket> make_server(SimSocket& client);
    void fail_connect(SimSocket& client, int error) noexcept;
    void close_listener(SimSocket& listener) noexcept;
    bool is_taken(const SimAddress& address, bool share_port) const noexcept;
    std::uint16_t free_port(int family, std::uint16_t from) const noexcept;
    int take_port(SimSocket& socket);
    void give_port_back(const SimSocket& socket) noexcept;
    SimHost home(int family) const noexcept;

    // Messages: sim_datagram.cpp. Options: sim_options.cpp.
    int take_datagram(SimSocket& socket, msghdr& message);
    int take_bytes(SimSocket& socket, void* data, std::uint32_t size);
    int put_datagram(SimSocket& socket, const msghdr& message);
    int put_bytes(SimSocket& socket, const void* data, std::uint32_t size);
    int post_datagram(SimSocket& socket, const SimAddress& to, std::string bytes);
    int post_unix_datagram(SimSocket& socket, const SimAddress* to, std::string bytes);
    void wake_datagram_senders() noexcept;
    SimSocket* find_datagram_socket(const SimAddress& address) noexcept;
    int name_datagram_socket(SimSocket& socket, SimAddress name);
    bool is_taken_for_datagrams(const SimSocket& socket, const SimAddress& address) const;
    int bind_datagram(SimSocket& socket, const SimAddress& address);
    int missing_receiver(const SimAddress& address) const noexcept;
    int connect_datagram(SimSocket& socket, SimAddress remote);
    int reach(const SimSocket& socket, SimAddress& remote) const noexcept;
    void close_datagram_socket(SimSocket& socket) noexcept;
    bool is_socket_file(const SimAddress& address) const noexcept {
        return !address.is_path() || socket_files_.contains(address.path);
    }
    bool is_found_by_name(const SimSocket& socket) const noexcept;
    void heed_option(SimSocket& socket, int level, int name, int value);

    // The handshake over links that take time.
    void send_request(SimSocket& client);
    void request_arrives(SimSocket& client);
    void answer_request(SimSocket& client);
    void answer_arrives(SimSocket& client);
    void refuse_request(SimSocket& client, int error);
    void ask_again(SimSocket& client);
    void confirmation_arrives(SimSocket& server);

    // Under way.
    void dispatch(SimSocket& to, Kind kind, const void* data = nullptr, std::size_t size = 0,
                  Time not_before = 0);
    void dispatch_segment(SimSocket& to, SimFlow& flow, Kind kind, std::size_t size,
                          Time not_before);
    void depart(SimSocket& to, SimFlow& flow, SimFlow::Segment& segment, Time not_before);
    void arrange(SimSocket& to, SimFlow& flow);
    void deliver(SimSocket& to);
    bool arrive(SimSocket& to, SimFlow& flow, const SimFlow::Segment& segment);
    void confirm(SimSocket& reader, std::size_t count);
    void confirm_later(SimSocket& sender, std::size_t count);
    void hear(SimSocket& sender, std::size_t count);
    void acknowledge(SimSocket& receiver, bool is_owed);
    int swallow(SimSocket& socket, std::size_t size);
    void swallow_flow(SimSocket& to) noexcept;
    void answer_with_reset(SimSocket& socket);

    // Silence.
    void hold(SimSocket& to, SimFlow& flow);
    void try_again(SimSocket& to);
    void release(SimSocket& to);
    void drop_held(SimSocket& to) noexcept;
    void lose_touch(SimSocket& socket);
    void expect_confirmation(SimSocket& socket);
    void get_confirmation(SimSocket& socket);
    void watch_silence(SimSocket& socket);
    void stop_waiting(SimSocket& socket) noexcept;
    static Time end_of_patience(const SimSocket& socket) noexcept;
    void review_patience(SimSocket& socket);
    void lose_patience(SimSocket& socket);
    void time_out(SimSocket& socket) noexcept;

    // Faults.
    void strike(SimSocket& socket);
    void break_both(SimSocket& socket);
    void silence_both(SimSocket& socket);
    void partition_drawn(SimSocket& socket);
    void partition_until(const SimHost& from, const SimHost& to, Time until);
    void links_cut();
    void links_opened();
    template <class F>
    void for_each_connection(F call);

    const sim::NetworkOptions options_;
    const Time* clock_;
    SimRandom* dice_;
    Witness witness_;
    SimWeather weather_;
    SimLinks links_;
    SimCallBook calls_;
    SimEvents events_;
    SimEvents::Owner own_events_;
    std::vector<std::unique_ptr<SimSocket>> sockets_;  ///< by descriptor
    std::multimap<SimAddress, SimSocket*> listeners_;
    std::multimap<SimAddress, SimSocket*> datagram_names_;
    int next_udp_port_ = 40000;
    std::map<std::string, std::uint64_t> socket_files_;  ///< by path; they outlive their sockets
    std::uint64_t socket_files_made_ = 0;
    std::vector<Edge> edges_;
    std::size_t open_ = 0;
    std::size_t lowest_free_ = 0;  ///< no smaller descriptor is free
    std::size_t turn_ = 0;         ///< counts connects: listeners that share a port take turns

    /// The ports that a host uses for its own connects.
    struct Ports {
        std::vector<bool> used;
        std::size_t count = 0;
        std::size_t last = 0;
    };
    std::map<SimHost, Ports> ports_;
};

}  // namespace rondo::detail
