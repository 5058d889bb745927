// SPDX-License-Identifier: Apache-2.0
// Unix sockets: their files, and descriptors that travel.
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

Task<> passed_descriptors() {
    const Folder folder;
    const auto path = net::UnixAddress::path(folder.at("socket"));
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

// What arrives is used: the end of a second pair, which speaks through it.
Task<> used_descriptors() {
    auto [one, other] = net::UnixStream::pair();
    auto [near, far] = net::UnixStream::pair();
    const std::array passed = {far.descriptor(), one.descriptor()};
    std::string room(16, '-');
    auto hear = [&]() -> Task<net::ReceivedDescriptors> {
        co_return co_await other.receive_descriptors(room, 2);
    };
    auto speak = [&]() -> Task<> { co_await one.send_descriptors(passed, "two"); };
    auto [received, done] = co_await gather(hear(), speak());
    require(received.bytes == 3 && received.descriptors.size() == 2, "a descriptor was lost");
    require(!received.truncated, "descriptors were cut off");
    far.close();
    net::UnixStream travelled = net::UnixStream::adopt(received.descriptors[0].release());
    co_await travelled.write_all("from afar");
    travelled.shutdown_write();
    const std::string text = co_await read_to_end(near);
    require(text == "from afar", "other bytes than were written");
    require(one.peer_credentials().process > 0, "a peer without a process");
}

Task<> connect_to(net::UnixListener& listener, net::UnixAddress path) {
    net::UnixStream client = co_await net::UnixStream::connect(path);
    net::UnixStream server = co_await listener.accept();
    co_await client.write_all("hello");
    client.shutdown_write();
    const std::string text = co_await read_to_end(server);
    require(text == "hello", "other bytes than were written");
}

// The file of a listener that is gone is replaced; that of a living one is not.
Task<> stale_socket() {
    const Folder folder;
    const auto path = net::UnixAddress::path(folder.at("socket"));
    net::UnixListenOptions options;
    options.remove_on_close = false;
    net::UnixListener first = net::UnixListener::listen(path, options);
    first.close();
    net::UnixListener second = net::UnixListener::listen(path);
    co_await connect_to(second, path);
}

Task<> unix_datagrams() {
    const Folder folder;
    const auto path = net::UnixAddress::path(folder.at("datagrams"));
    net::UnixDatagram receiver = net::UnixDatagram::bind(path);
    net::UnixDatagram sender = net::UnixDatagram::unbound();
    co_await sender.send_to("to a path", path);
    std::array<char, 32> room{};
    const auto first = co_await receiver.receive_from(room);
    require(first.size == 9, "another datagram");
    sender.connect_to(path);
    co_await sender.send("to a peer");
    const auto second = co_await receiver.receive_leased();
    require(second.bytes().text() == "to a peer", "another datagram");
}

Task<> datagram_pair() {
    auto [one, other] = net::UnixDatagram::pair();
    std::array<char, 32> room{};
    for (int i = 0; i < 3; ++i) {
        co_await one.send("ping");
        const auto received = co_await other.receive_from(room);
        require(received.size == 4, "another datagram");
        co_await other.send("pong");
        const auto answer = co_await one.receive_from(room);
        require(answer.size == 4, "another answer");
    }
}

bool cannot_be_proved_stale(const Error& error, const Fault&) {
    return error.code() == Errc::in_use;
}

Task<> echo_once(net::UnixStream& stream) {
    std::array<char, 16> room{};
    const std::size_t got = co_await stream.read_some(room);
    co_await stream.write_all(std::string_view(room.data(), got));
    stream.shutdown_write();
}

// So many at once that io_uring batches the answers.
Task<> crowd_of_echoes() {
    std::vector<std::pair<net::UnixStream, net::UnixStream>> pairs(10);
    std::vector<Task<>> tasks;
    for (auto& pair : pairs) {
        pair = net::UnixStream::pair();
        tasks.push_back(echo_once(pair.second));
    }
    auto speak = [&pairs]() -> Task<> {
        co_await sleep(1ms);
        for (auto& pair : pairs) {
            co_await pair.first.write_all("hello");
        }
        for (auto& pair : pairs) {
            const std::string text = co_await read_to_end(pair.first);
            require(text == "hello", "other bytes than were written");
        }
    };
    tasks.push_back(speak());
    co_await gather(std::move(tasks));
}

}  // namespace

Scenarios unix_scenarios() {
    return {
        {"passed descriptors", &passed_descriptors},
        {"used descriptors", &used_descriptors, 0, {"getsockname"}},
        {"stale socket", &stale_socket, EADDRINUSE, {"connect"}, &cannot_be_proved_stale},
        {"unix datagrams", &unix_datagrams},
        {"datagram pair", &datagram_pair},
        {"crowd of echoes", &crowd_of_echoes},
    };
}

}  // namespace rondo::test
