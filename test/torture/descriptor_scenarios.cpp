// SPDX-License-Identifier: Apache-2.0
// Pipes, files and foreign sockets as the driver has them: its operations, without a class around
// them.
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>

#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

std::pair<Owned, Owned> owned_pair(int result, const int (&fds)[2], const char* what) {
    check_result(result, what, "a pair");
    return {Owned(fds[0]), Owned(fds[1])};
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
    const Owned file = nameless_file();
    co_await pass(file.fd(), file.fd(), std::string(10'000, 'f'), true);
}

// A descriptor that no single call writes to without waiting, as pipes and files have one.
Task<> through_a_terminal(int flags) {
    const auto open_terminal = [flags] {
        const Seam::Pause uncounted;
        Owned ours(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | flags));
        require(ours.fd() >= 0 && unlockpt(ours.fd()) == 0, "no terminal");
        Owned theirs(ioctl(ours.fd(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC | flags));
        termios raw{};
        cfmakeraw(&raw);
        require(tcsetattr(theirs.fd(), TCSANOW, &raw) == 0, "no raw terminal");
        return std::pair(std::move(ours), std::move(theirs));
    };
    const auto [ours, theirs] = open_terminal();
    co_await pass(ours.fd(), theirs.fd(), "through a terminal", false);
}

Task<> terminal() { return through_a_terminal(0); }

Task<> non_blocking_terminal() { return through_a_terminal(O_NONBLOCK); }

// More than a pipe holds: the writer waits for the reader.
Task<> full_pipe() {
    os::PipePair pipe = os::make_pipe();
    const std::string text(200'000, 'p');
    auto speak = [&]() -> Task<> {
        co_await pipe.writer.write_all(text);
        pipe.writer.shutdown_write();
    };
    auto [seen, done] = co_await gather(read_some_all(pipe.reader), speak());
    require(seen == text, "other bytes than were written");
}

Task<> abandoned_pipe() {
    os::PipePair pipe = os::make_pipe();
    std::array<char, 1> byte_of{};
    auto hear = [&]() -> Task<> { co_await pipe.reader.read_some(byte_of); };
    const auto none = co_await move_on_after(1ms, hear());
    require(!none, "a byte that nobody wrote");
    co_await pipe.writer.write_all("x");
    co_await hear();
    require(byte_of[0] == 'x', "another byte than was written");
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

}  // namespace

Scenarios descriptor_scenarios() {
    return {
        {"pipes", &pipes},
        {"files", &files},
        {"terminal", &terminal},
        {"non-blocking terminal", &non_blocking_terminal},
        {"full pipe", &full_pipe},
        {"abandoned pipe", &abandoned_pipe},
        {"foreign polls", &foreign_polls},
    };
}

}  // namespace rondo::test
