// SPDX-License-Identifier: Apache-2.0
#include "torture/scenarios.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

#include "rondo/rondo.hpp"
#include "rondo/sync/event.hpp"

namespace rondo::test {
namespace {

using namespace std::chrono_literals;
using net::Address;
using net::TcpListener;
using net::TcpStream;

/// A descriptor that the driver of the running loop closes.
class Owned {
public:
    explicit Owned(int fd) noexcept : fd_(fd) {}
    Owned(Owned&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Owned& operator=(Owned&&) = delete;
    ~Owned() {
        if (fd_ >= 0) {
            Operation close(OperationKind::close, fd_);
            current_loop().driver().submit(close);
        }
    }
    int fd() const noexcept { return fd_; }

private:
    int fd_;
};

std::pair<Owned, Owned> owned_pair(int result, const int (&fds)[2], const char* what) {
    check_result(result, what, "a pair");
    return {Owned(fds[0]), Owned(fds[1])};
}

Task<TcpStream> accept_one(TcpListener& listener) {
    TcpStream stream = co_await listener.accept();
    co_return stream;
}

Task<std::string> read_all(TcpStream& stream) {
    std::string text;
    for (;;) {
        const io::Lease lease = co_await stream.read_leased();
        if (lease.empty()) {
            co_return text;
        }
        text += lease.bytes().text();
    }
}

Task<> answer(TcpStream stream) {
    const std::string text = co_await read_all(stream);
    co_await stream.write_all(text);
    stream.shutdown_write();
}

Task<> serve(TcpListener& listener, int connections) {
    for (int i = 0; i < connections; ++i) {
        TcpStream stream = co_await accept_one(listener);
        co_await answer(std::move(stream));
    }
}

Task<> ask(Address address, std::size_t size) {
    TcpStream stream = co_await TcpStream::connect(address);
    const std::string text(size, 'q');
    co_await stream.write_all(text);
    stream.shutdown_write();
    const std::string echo = co_await read_all(stream);
    require(echo == text, "the echo differs");
}

Task<> echo(std::size_t size, int connections) {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const Address address = listener.local_address();
    auto asks = [address, size, connections]() -> Task<> {
        for (int i = 0; i < connections; ++i) {
            co_await ask(address, size);
        }
    };
    co_await gather(serve(listener, connections), asks());
}

Task<> small_echo() { return echo(100, 3); }
Task<> large_echo() { return echo(std::size_t{3} * 1024 * 1024, 1); }

Task<> datagrams() {
    net::UdpSocket receiver = net::UdpSocket::bind(Address::loopback(0));
    net::UdpSocket sender = net::UdpSocket::connect(receiver.local_address());
    co_await sender.send("datagram");
    const auto datagram = co_await receiver.receive_leased();
    require(datagram.bytes().text() == "datagram", "the datagram differs");
}

Task<> passed_descriptors() {
    const auto path = net::UnixAddress::path("/tmp/rondo-torture-" +
                                             std::to_string(current_loop().driver().entropy()));
    net::UnixListener listener = net::UnixListener::listen(path);
    net::UnixStream client = co_await net::UnixStream::connect(path);
    net::UnixStream server = co_await listener.accept();
    const std::array passed = {client.descriptor()};
    co_await client.send_descriptors(passed, "take it");
    std::string room(10, '-');
    const auto received = co_await server.receive_descriptors(room);
    require(received.bytes == 7, "the bytes differ");
    require(received.descriptors.size() == 1, "a descriptor was lost");
}

Task<> refused_connection() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const Address address = listener.local_address();
    listener.close();
    bool refused = false;
    try {
        TcpStream stream = co_await TcpStream::connect(address);
    } catch (const Error& error) {
        if (error.code() != Errc::refused) {
            throw;
        }
        refused = true;
    }
    require(refused, "a connection to nobody");
}

Task<> read_some_of(TcpStream& stream) {
    std::array<char, 8> to{};
    co_await stream.read_some(to);
}

Task<> deadlines() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    auto [client, server] =
        co_await gather(TcpStream::connect(listener.local_address()), accept_one(listener));
    const auto none = co_await move_on_after(1ms, read_some_of(client));
    require(!none, "bytes that nobody sent");
    co_await server.write_all("x");
    co_await timeout(10s, read_some_of(client));
}

Task<> cancelled_accepts() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    for (int i = 0; i < 3; ++i) {
        const auto none = co_await move_on_after(500us, accept_one(listener));
        require(!none, "a connection that nobody made");
    }
}

Task<int> operate(OperationKind kind, int fd, std::string& text, std::uint64_t at) {
    const int result =
        co_await AwaitOperation(kind, fd, text.data(), static_cast<std::uint32_t>(text.size()), at);
    co_return check_result(result, kind == OperationKind::read ? "read" : "write", "a descriptor");
}

constexpr std::uint64_t streaming = ~std::uint64_t{0};

// Writes and reads all of `text` through two descriptors, however short each step is.
Task<> pass(int from, int to, std::string text, bool positioned) {
    std::string sent = text;
    std::string seen;
    for (std::size_t done = 0; done < text.size();) {
        const int moved =
            co_await operate(OperationKind::write, to, sent, positioned ? done : streaming);
        done += static_cast<std::size_t>(moved);
        sent = text.substr(done);
    }
    while (seen.size() < text.size()) {
        std::string part(text.size() - seen.size(), '\0');
        const int moved =
            co_await operate(OperationKind::read, from, part, positioned ? seen.size() : streaming);
        require(moved > 0, "an end that was not written");
        seen += part.substr(0, static_cast<std::size_t>(moved));
    }
    require(seen == text, "other bytes than were written");
}

Task<> pipes() {
    int fds[2] = {-1, -1};
    const int result = current_loop().driver().make_pipe(fds);
    const auto [from, to] = owned_pair(result, fds, "pipe");
    co_await pass(from.fd(), to.fd(), "through a pipe", false);
}

Task<> files() {
    const int fd = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    require(fd >= 0, "no temporary file");
    const Owned file(fd);
    co_await pass(file.fd(), file.fd(), std::string(10'000, 'f'), true);
}

Task<> parts_and_files() {
    const int fd = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    require(fd >= 0, "no temporary file");
    const Owned file(fd);
    const std::string text(10'000, 'f');
    co_await pass(file.fd(), file.fd(), text, true);
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    auto receive = [&listener]() -> Task<std::string> {
        TcpStream stream = co_await accept_one(listener);
        co_return co_await read_all(stream);
    };
    auto send = [&]() -> Task<> {
        TcpStream stream = co_await TcpStream::connect(listener.local_address());
        const Bytes parts[] = {"head ", Bytes(text), " tail "};
        co_await stream.write_all(parts);
        const std::uint64_t sent = co_await stream.send_file(file.fd());
        require(sent == text.size(), "the file was sent in part");
    };
    auto [received, done] = co_await gather(receive(), send());
    require(received == "head " + text + " tail " + text, "what arrived differs");
}

Task<> foreign_polls() {
    int fds[2] = {-1, -1};
    const int result = current_loop().driver().socket_pair(fds);
    const auto [one, other] = owned_pair(result, fds, "socketpair");
    AwaitOperation writable(OperationKind::poll, one.fd(), nullptr, POLLOUT);
    const int events = co_await writable;
    check_result(events, "poll", "a socket");
    auto readable = [fd = other.fd()]() -> Task<> {
        AwaitOperation poll(OperationKind::poll, fd, nullptr, POLLIN);
        const int seen = co_await poll;
        check_result(seen, "poll", "a socket");
    };
    const auto none = co_await move_on_after(1ms, readable);
    require(!none, "a byte that nobody sent");
}

Task<> timers() {
    int fired = 0;
    auto one = [&fired](int i) -> Task<> {
        co_await sleep(std::chrono::microseconds(i * 100));
        ++fired;
    };
    co_await gather(one(1), one(5), one(3), one(0));
    require(fired == 4, "a timer was lost");
}

Task<> threads() {
    const int value = co_await to_thread([] { return 42; });
    require(value == 42, "another value than the thread's");
    Event posted;
    current_loop().handle().post([&posted] { posted.set(); });
    co_await posted.wait();
}

Task<> abandoned_threads() {
    const int value = co_await to_thread(abandon_on_cancel, [](int x) { return x; }, 7);
    require(value == 7, "another value than the thread's");
}

Task<> throws(std::string what) {
    co_await yield();
    throw WrongResult(what);
}

// Two children fail: one error is thrown, the other is kept beside it.
Task<> suppressed() {
    std::size_t kept = 0;
    try {
        co_await gather(throws("one"), throws("other"));
    } catch (const WrongResult&) {
        kept = suppressed_errors().size();
    }
    require(kept <= 1, "more errors than were thrown");
}

}  // namespace

const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> all{
        {"small echo", &small_echo},
        {"large echo", &large_echo},
        {"datagrams", &datagrams},
        {"passed descriptors", &passed_descriptors},
        {"refused connection", &refused_connection, ECONNREFUSED},
        {"deadlines", &deadlines},
        {"cancelled accepts", &cancelled_accepts},
        {"pipes", &pipes},
        {"files", &files},
        {"parts and files", &parts_and_files},
        {"whole files", &whole_files},
        {"replaced file", &replaced_file},
        {"directories", &directories},
        {"processes", &processes},
        {"foreign polls", &foreign_polls},
        {"timers", &timers},
        {"threads", &threads},
        {"abandoned threads", &abandoned_threads},
        {"suppressed errors", &suppressed},
    };
    return all;
}

}  // namespace rondo::test
