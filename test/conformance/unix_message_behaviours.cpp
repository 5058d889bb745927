// SPDX-License-Identifier: Apache-2.0
// Unix datagrams, and descriptors that pass through a connection. See unix(7), cmsg(3).
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "conformance/over_streams.hpp"
#include "conformance/over_udp.hpp"
#include "rondo/net/unix_datagram.hpp"
#include "rondo/net/unix_stream.hpp"
#include "support/unix_names.hpp"

namespace rondo::test {
namespace {

using net::Descriptor;
using net::UnixDatagram;
using net::UnixStream;

RONDO_BEHAVIOUR(unix_message, "datagrams keep bounds, order and sender", "one, two, true") {
    UnixDatagram a = UnixDatagram::bind(fresh_abstract());
    UnixDatagram b = UnixDatagram::bind(fresh_path());
    co_await a.send_to("one", b.local_address());
    co_await a.send_to("two", b.local_address());
    const std::string first = co_await next_text(b);
    const auto second = co_await b.receive_leased();
    const bool known = second.from == a.local_address();
    co_return in_order(first, second.bytes().text(), known);
}

RONDO_BEHAVIOUR(unix_message, "a sender without a name is told as one", "true") {
    UnixDatagram a = UnixDatagram::unbound();
    UnixDatagram b = UnixDatagram::bind(fresh_abstract());
    co_await a.send_to("x", b.local_address());
    const auto datagram = co_await b.receive_leased();
    co_return observed(datagram.from.is_unnamed());
}

RONDO_BEHAVIOUR(unix_message, "an empty datagram is one, not an end", "0, after") {
    auto [a, b] = UnixDatagram::pair();
    co_await a.send("");
    co_await a.send("after");
    std::string room(10, '-');
    const auto empty = co_await b.receive_from(room);
    const std::string next = co_await next_text(b);
    co_return in_order(empty.size, next);
}

RONDO_BEHAVIOUR(unix_message, "what does not fit is cut, told and lost", "abc, true, next") {
    auto [a, b] = UnixDatagram::pair();
    co_await a.send("abcdef");
    co_await a.send("next");
    std::string room(3, '-');
    const auto cut = co_await b.receive_from(room);
    const std::string next = co_await next_text(b);
    co_return in_order(room, cut.truncated, next);
}

RONDO_BEHAVIOUR(unix_message, "a send waits while the receiver has no room, none is lost",
                "true, 2000") {
    auto [a, b] = UnixDatagram::pair();
    int sent = 0;
    auto send = [&]() -> Task<> {
        for (; sent < 2000; ++sent) {
            co_await a.send(std::to_string(sent));
        }
    };
    TaskHandle<void> sender = create_task(send());
    co_await sleep(2ms);
    const bool waits = sent < 2000;
    int right = 0;
    for (int i = 0; i < 2000; ++i) {
        const std::string text = co_await next_text(b);
        right += text == std::to_string(i) ? 1 : 0;
    }
    co_await sender;
    co_return in_order(waits, right);
}

RONDO_BEHAVIOUR(unix_message, "to a name that nobody has: not found, or refused",
                "not_found, refused") {
    UnixDatagram a = UnixDatagram::unbound();
    const std::string path = co_await outcome_of_send_to(a, "x", fresh_path());
    const std::string abstract = co_await outcome_of_send_to(a, "x", fresh_abstract());
    co_return in_order(path, abstract);
}

RONDO_BEHAVIOUR(unix_message, "a name that somebody has is in use", "in_use, in_use") {
    UnixDatagram a = UnixDatagram::bind(fresh_path());
    UnixDatagram b = UnixDatagram::bind(fresh_abstract());
    const std::string path = outcome_of_call([&] { UnixDatagram::bind(a.local_address()); });
    const std::string name = outcome_of_call([&] { UnixDatagram::bind(b.local_address()); });
    co_return in_order(path, name);
}

RONDO_BEHAVIOUR(unix_message, "the file goes with its socket", "not_found") {
    const UnixAddress path = fresh_path();
    UnixDatagram::bind(path).close();
    UnixDatagram a = UnixDatagram::unbound();
    co_return outcome_of_call([&] { a.connect_to(path); });
}

/// As somebody does who takes the place of a service that still runs.
void take_the_file_from(const UnixAddress& path) {
    Driver& driver = current_loop().driver();
    SocketFile file;
    driver.find_socket_file(path.file(), file);
    driver.remove_socket_file(path.file(), file);
}

RONDO_BEHAVIOUR(unix_message, "a connected sender reaches whom it found, not a successor",
                "unnamed, replaced, successor") {
    constexpr Duration limit = 200ms;
    const UnixAddress path = fresh_path();
    UnixDatagram first = UnixDatagram::bind(path);
    UnixDatagram sender = UnixDatagram::unbound();
    sender.connect_to(path);
    take_the_file_from(path);
    co_await sender.send("unnamed");
    UnixDatagram second = UnixDatagram::bind(path);
    co_await sender.send("replaced");
    const std::string before = co_await text_within(first, limit);
    const std::string after = co_await text_within(first, limit);
    sender.connect_to(path);
    co_await sender.send("successor");
    const std::string other = co_await text_within(second, limit);
    co_return in_order(before, after, other);
}

RONDO_BEHAVIOUR(unix_message, "to a peer that was closed: refused once, then there is none",
                "refused, closed") {
    UnixDatagram receiver = UnixDatagram::bind(fresh_abstract());
    UnixDatagram sender = UnixDatagram::unbound();
    sender.connect_to(receiver.local_address());
    receiver.close();
    const std::string once = co_await outcome_of_send(sender);
    const std::string again = co_await outcome_of_send(sender);
    co_return in_order(once, again);
}

// unix(7): EPERM, the destination is connected to another socket.
RONDO_BEHAVIOUR(unix_message, "a connected receiver takes from its peer only",
                "no_permission, mine") {
    UnixDatagram receiver = UnixDatagram::bind(fresh_abstract());
    UnixDatagram friendly = UnixDatagram::bind(fresh_abstract());
    UnixDatagram stranger = UnixDatagram::bind(fresh_abstract());
    receiver.connect_to(friendly.local_address());
    const std::string other = co_await outcome_of_send_to(stranger, "x", receiver.local_address());
    co_await friendly.send_to("mine", receiver.local_address());
    const std::string text = co_await next_text(receiver);
    co_return in_order(other, text);
}

RONDO_BEHAVIOUR(unix_message, "without a peer and an address nothing is sent", "closed") {
    UnixDatagram a = UnixDatagram::unbound();
    co_return co_await outcome_of_send(a);
}

RONDO_BEHAVIOUR(unix_message, "a pair's end that is gone refuses", "refused") {
    auto [a, b] = UnixDatagram::pair();
    b.close();
    co_return co_await outcome_of_send(a);
}

// No end is told: there is none between datagrams.
RONDO_BEHAVIOUR(unix_message, "what was sent before a close is received, no end after it",
                "last, timed_out") {
    auto [a, b] = UnixDatagram::pair();
    co_await a.send("last");
    a.close();
    const std::string last = co_await next_text(b);
    const std::string after = co_await text_within(b, 2ms);
    co_return in_order(last, after);
}

RONDO_BEHAVIOUR(unix_message, "a datagram larger than the buffer can ever hold is invalid",
                "invalid") {
    auto [a, b] = UnixDatagram::pair();
    const std::string huge(10'000'000, 'x');
    co_return co_await outcome_of_send(a, huge);
}

RONDO_BEHAVIOUR(unix_message, "a cancelled receive takes no datagram", "kept") {
    auto [a, b] = UnixDatagram::pair();
    const std::string nothing = co_await text_within(b, 1ms);
    co_await a.send("kept");
    co_return co_await next_text(b);
}

// ------------------------------------------------------------------------------ descriptors

constexpr const char* no_passing = "it passes no descriptors";

Descriptor null_device() { return Descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC)); }

RONDO_BEHAVIOUR_REAL(unix_message, "a passed descriptor is the same open file", "here, through it",
                     no_passing) {
    auto [near, far] = UnixStream::pair();
    auto [a, b] = UnixStream::pair();
    const std::array passed = {a.descriptor()};
    co_await near.send_descriptors(passed, "here");
    a.close();
    std::string room(4, '-');
    auto received = co_await far.receive_descriptors(room);
    UnixStream stream = UnixStream::adopt(received.descriptors.at(0).release());
    co_await stream.write_all("through it");
    const std::string text = co_await read_text(b, 10);
    co_return in_order(room, text);
}

RONDO_BEHAVIOUR_REAL(unix_message, "passed descriptors are new ones, close-on-exec",
                     "2, true, true", no_passing) {
    auto [near, far] = UnixStream::pair();
    const Descriptor null = null_device();
    const std::array passed = {null.descriptor(), null.descriptor()};
    co_await near.send_descriptors(passed, "x");
    std::string room(4, '-');
    auto received = co_await far.receive_descriptors(room);
    const int got = received.descriptors.at(0).descriptor();
    const bool closes = (fcntl(got, F_GETFD) & FD_CLOEXEC) != 0;
    co_return in_order(received.descriptors.size(), got != null.descriptor(), closes);
}

RONDO_BEHAVIOUR_REAL(unix_message, "more descriptors than are wanted are closed, and told",
                     "1, true, true", no_passing) {
    auto [near, far] = UnixStream::pair();
    const Descriptor null = null_device();
    const std::array passed = {null.descriptor(), null.descriptor(), null.descriptor()};
    co_await near.send_descriptors(passed, "x");
    const auto before = descriptors_open();
    std::string room(4, '-');
    auto received = co_await far.receive_descriptors(room, 1);
    const auto more = descriptors_open() - before;
    co_return in_order(received.descriptors.size(), received.truncated, more == 1);
}

RONDO_BEHAVIOUR_REAL(unix_message, "a plain read closes the descriptors that come", "1, true",
                     no_passing) {
    auto [near, far] = UnixStream::pair();
    const Descriptor null = null_device();
    const std::array passed = {null.descriptor()};
    const auto before = descriptors_open();
    co_await near.send_descriptors(passed, "x");
    const std::size_t got = co_await read_up_to(far);
    co_return in_order(got, descriptors_open() == before);
}

RONDO_BEHAVIOUR_REAL(unix_message, "descriptors under way go with the connection", "true",
                     no_passing) {
    const auto before = descriptors_open();
    auto [a, b] = UnixStream::pair();
    {
        auto [near, far] = UnixStream::pair();
        const std::array passed = {a.descriptor()};
        co_await near.send_descriptors(passed, "x");
    }
    a.close();
    const std::string end = co_await outcome_of_read(b);
    b.close();
    co_await sleep(1ms);
    co_return observed(end == "0" && descriptors_open() == before);
}

}  // namespace
}  // namespace rondo::test
