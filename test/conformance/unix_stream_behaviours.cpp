// SPDX-License-Identifier: Apache-2.0
// Connections of Unix sockets: names, files, the end. What is expected stands in unix(7).
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/over_streams.hpp"
#include "rondo/net/unix_listener.hpp"
#include "support/unix_names.hpp"

namespace rondo::test {
namespace {

using net::UnixListener;
using net::UnixListenOptions;
using net::UnixStream;

constexpr const char* no_files = "its socket files are names only";

struct UnixPair {
    UnixStream client;
    UnixStream server;

    UnixPair(UnixStream one, UnixStream other) : client(std::move(one)), server(std::move(other)) {}
};

Task<UnixPair> meet_at(UnixAddress address) {
    UnixListener listener = UnixListener::listen(address);
    UnixStream client = co_await UnixStream::connect(address);
    UnixStream server = co_await listener.accept();
    co_return UnixPair(std::move(client), std::move(server));
}

Task<> connect_and_drop(UnixAddress address) {
    UnixStream stream = co_await UnixStream::connect(address);
    stream.close();
}

Task<std::string> outcome_of_connect(UnixAddress address) {
    std::string seen = co_await outcome([&address] { return connect_and_drop(address); });
    co_return seen;
}

std::string outcome_of_listen(const UnixAddress& address, UnixListenOptions options = {}) {
    return outcome_of_call([&] { UnixListener::listen(address, options); });
}

// Leaves the file of a listener that is gone.
void leave_stale(const UnixAddress& address) {
    UnixListenOptions options;
    options.remove_on_close = false;
    UnixListener::listen(address, options).close();
}

RONDO_BEHAVIOUR(unix_stream, "two meet at a path", "question, answer") {
    UnixPair pair = co_await meet_at(fresh_path());
    co_await pair.client.write_all("question");
    const std::string there = co_await read_text(pair.server, 8);
    co_await pair.server.write_all("answer");
    const std::string back = co_await read_text(pair.client, 6);
    co_return in_order(there, back);
}

RONDO_BEHAVIOUR(unix_stream, "two meet at an abstract name", "hello") {
    UnixPair pair = co_await meet_at(fresh_abstract());
    co_await pair.client.write_all("hello");
    co_return co_await read_text(pair.server, 5);
}

RONDO_BEHAVIOUR(unix_stream, "an abstract name may contain zeros, a path may not",
                "done, invalid") {
    const std::string text = fresh_name() + std::string("\0x", 2);
    const std::string abstract = outcome_of_listen(UnixAddress::abstract(text));
    const std::string path = outcome_of_call([&] { UnixAddress::path("/tmp/" + text); });
    co_return in_order(abstract, path);
}

// sun_path has 108 bytes, with the zero at the end.
RONDO_BEHAVIOUR(unix_stream, "a path has 107 bytes at most", "done, invalid") {
    std::string path = "/tmp/" + fresh_name();
    path.resize(107, 'x');
    const std::string longest = outcome_of_listen(UnixAddress::path(path));
    const std::string longer = outcome_of_call([&] { UnixAddress::path(path + "x"); });
    co_return in_order(longest, longer);
}

RONDO_BEHAVIOUR(unix_stream, "the server is named by its address, the client is not",
                "true, true, true") {
    const UnixAddress address = fresh_abstract();
    UnixPair pair = co_await meet_at(address);
    const bool peer = pair.client.peer_address() == address;
    const bool own = pair.server.local_address() == address;
    const bool unnamed = pair.server.peer_address().is_unnamed();
    co_return in_order(peer, own, unnamed);
}

RONDO_BEHAVIOUR(unix_stream, "no such file is not found", "not_found") {
    co_return co_await outcome_of_connect(fresh_path());
}

RONDO_BEHAVIOUR(unix_stream, "a file where nobody listens refuses", "refused") {
    const UnixAddress path = fresh_path();
    leave_stale(path);
    const std::string seen = co_await outcome_of_connect(path);
    UnixListener::listen(path).close();
    co_return seen;
}

RONDO_BEHAVIOUR(unix_stream, "an abstract name that nobody has refuses", "refused") {
    co_return co_await outcome_of_connect(fresh_abstract());
}

RONDO_BEHAVIOUR(unix_stream, "the file goes with its listener", "not_found") {
    const UnixAddress path = fresh_path();
    UnixListener::listen(path).close();
    co_return co_await outcome_of_connect(path);
}

RONDO_BEHAVIOUR(unix_stream, "a stale file is replaced", "done") {
    const UnixAddress path = fresh_path();
    leave_stale(path);
    co_return outcome_of_listen(path);
}

RONDO_BEHAVIOUR(unix_stream, "a stale file stays if it is not to be replaced", "in_use") {
    const UnixAddress path = fresh_path();
    leave_stale(path);
    UnixListenOptions options;
    options.replace_stale = false;
    const std::string seen = outcome_of_listen(path, options);
    UnixListener::listen(path).close();
    co_return seen;
}

RONDO_BEHAVIOUR(unix_stream, "a name that somebody listens at is in use", "in_use, in_use") {
    const UnixAddress path = fresh_path();
    const UnixAddress name = fresh_abstract();
    UnixListener one = UnixListener::listen(path);
    UnixListener two = UnixListener::listen(name);
    const std::string first = outcome_of_listen(path);
    const std::string second = outcome_of_listen(name);
    co_return in_order(first, second);
}

RONDO_BEHAVIOUR_REAL(unix_stream, "a path below a missing directory is not found", "not_found",
                     no_files) {
    co_return outcome_of_listen(UnixAddress::path("/tmp/" + fresh_name() + "/socket"));
}

RONDO_BEHAVIOUR_REAL(unix_stream, "a file that is no socket is left alone", "in_use, true",
                     no_files) {
    const UnixAddress path = fresh_path();
    const int file = ::creat(path.file(), 0600);
    ::close(file);
    const std::string seen = outcome_of_listen(path);
    const bool there = ::unlink(path.file()) == 0;
    co_return in_order(seen, there);
}

// unix(7): connecting requires write permission on the socket. Root is somebody else meanwhile.
RONDO_BEHAVIOUR_REAL(unix_stream, "who may not write to the file may not connect",
                     "no_permission, done", no_files) {
    const UnixAddress path = fresh_path();
    UnixListener listener = UnixListener::listen(path);
    ::chmod(path.file(), 0444);
    constexpr uid_t nobody = 65534;
    const auto before = static_cast<uid_t>(setfsuid(nobody));
    const std::string forbidden = co_await outcome_of_connect(path);
    setfsuid(before);
    ::chmod(path.file(), 0666);
    const std::string allowed = co_await outcome_of_connect(path);
    co_return in_order(forbidden, allowed);
}

// ---------------------------------------------------------------------------- connections

RONDO_BEHAVIOUR(unix_stream, "connecting does not need an accept", "done") {
    const UnixAddress address = fresh_abstract();
    UnixListener listener = UnixListener::listen(address);
    co_return co_await outcome_of_connect(address);
}

RONDO_BEHAVIOUR(unix_stream, "a connect to a full queue waits for an accept", "true, done") {
    const UnixAddress address = fresh_abstract();
    UnixListenOptions options;
    options.backlog = 0;
    UnixListener listener = UnixListener::listen(address, options);
    UnixStream first = co_await UnixStream::connect(address);
    TaskHandle<std::string> second = create_task(outcome_of_connect(address));
    co_await sleep(3ms);
    const bool waited = !second.done();
    UnixStream accepted = co_await listener.accept();
    const std::string seen = co_await second;
    co_return in_order(waited, seen);
}

RONDO_BEHAVIOUR(unix_stream, "what nobody accepted is reset when the listener closes", "reset") {
    const UnixAddress address = fresh_abstract();
    UnixListener listener = UnixListener::listen(address);
    UnixStream client = co_await UnixStream::connect(address);
    listener.close();
    co_return co_await outcome_of_read(client);
}

RONDO_BEHAVIOUR(unix_stream, "a pair knows who is at its other end", "true, true, true") {
    auto [near, far] = UnixStream::pair();
    const net::PeerCredentials peer = near.peer_credentials();
    const bool process = peer.process == getpid();
    co_return in_order(process, peer.user == getuid(), peer.group == getgid());
}

RONDO_BEHAVIOUR(unix_stream, "a server knows its client's user", "true") {
    UnixPair pair = co_await meet_at(fresh_abstract());
    const net::PeerCredentials peer = pair.server.peer_credentials();
    co_return observed(peer.process == getpid() && peer.user == getuid());
}

RONDO_BEHAVIOUR(unix_stream, "after shutdown_write the other direction goes on", "out, back") {
    auto [near, far] = UnixStream::pair();
    co_await near.write_all("out");
    near.shutdown_write();
    const std::string out = co_await read_text(far);
    co_await far.write_all("back");
    far.shutdown_write();
    const std::string back = co_await read_text(near);
    co_return in_order(out, back);
}

RONDO_BEHAVIOUR(unix_stream, "a write after shutdown_write fails", "closed") {
    auto [near, far] = UnixStream::pair();
    near.shutdown_write();
    co_return co_await outcome_of_write(near);
}

// No network is in between: the first write knows.
RONDO_BEHAVIOUR(unix_stream, "the first write to a peer that closed fails", "closed") {
    auto [near, far] = UnixStream::pair();
    far.close();
    co_return co_await outcome_of_write(near);
}

RONDO_BEHAVIOUR(unix_stream, "a close with unread bytes resets the peer, once", "reset, 0") {
    auto [near, far] = UnixStream::pair();
    co_await near.write_all("unread");
    far.close();
    const std::string first = co_await outcome_of_read(near);
    const std::string second = co_await outcome_of_read(near);
    co_return in_order(first, second);
}

RONDO_BEHAVIOUR(unix_stream, "a megabyte goes each way at once", "true, true") {
    auto [near, far] = UnixStream::pair();
    const std::string text = numbered_text(1 << 20);
    auto [there, back, a, b] =
        co_await gather(read_text(far, text.size()), read_text(near, text.size()),
                        write(near, text), write(far, text));
    co_return in_order(there == text, back == text);
}

}  // namespace
}  // namespace rondo::test
