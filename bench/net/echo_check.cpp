// SPDX-License-Identifier: Apache-2.0
// echo_check NAME PID PORT: whether a server echoes rightly. Every byte from 64 B to 1 MiB
// messages, what it does when a client ends its sending side, or resets while bytes are under way,
// and whether it has its descriptors back afterwards.
#include <dirent.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "load.hpp"
#include "sockets.hpp"

namespace {

constexpr std::size_t longest = std::size_t{1} << 20;

int open_descriptors(const std::string& pid) {
    const std::string path = "/proc/" + pid + "/fd";
    DIR* const folder = opendir(path.c_str());
    if (folder == nullptr) {
        bench::fail(path.c_str());
    }
    int count = 0;
    while (readdir(folder) != nullptr) {
        ++count;
    }
    closedir(folder);
    return count;
}

class Check {
public:
    Check(std::string name, std::string pid, std::uint16_t port)
        : name_(std::move(name)), pid_(std::move(pid)), port_(port) {}

    void run() {
        echo_sizes();  // also lets the server make what it keeps
        const int before = open_descriptors(pid_);
        for (int i = 0; i < 20; ++i) {
            half_close(std::size_t{1} << (3 + i % 16));
        }
        resets();
        echo_sizes();
        wait_for_descriptors(before);
    }

private:
    void echo_sizes() {
        const struct {
            std::size_t size;
            std::size_t connections;
            std::uint64_t messages;
        } cases[] = {{1, 3, 200},      {64, 50, 200},    {1024, 50, 100}, {16384, 50, 50},
                     {102400, 20, 20}, {longest, 1, 20}, {longest, 8, 8}};
        for (const auto& each : cases) {
            bench::Load load(name_, port_, each.connections, pattern_);
            load.run_count(each.messages, each.size);
        }
    }

    // The peer's end of stream comes after all its bytes, and so must ours.
    void half_close(std::size_t size) {
        const int fd = bench::connect_to(port_);
        std::thread sender([&] {
            std::size_t sent = 0;
            while (sent < size) {
                const ssize_t result = send(fd, pattern_.at(sent), size - sent, MSG_NOSIGNAL);
                if (result < 0) {
                    bench::fail("send");
                }
                sent += static_cast<std::size_t>(result);
            }
            shutdown(fd, SHUT_WR);
        });
        std::vector<char> buffer(longest);
        std::size_t received = 0;
        for (;;) {
            const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
            if (got < 0) {
                bench::fail((name_ + " after an end of stream").c_str());
            }
            if (got == 0) {
                break;
            }
            if (!pattern_.matches(buffer.data(), static_cast<std::size_t>(got), received)) {
                complain("sends wrong bytes after an end of stream");
            }
            received += static_cast<std::size_t>(got);
        }
        sender.join();
        close(fd);
        if (received != size) {
            complain("loses bytes at an end of stream");
        }
    }

    // Clients that vanish: at once, with bytes sent, with echoes unread, in the middle of a write.
    void resets() const {
        for (int i = 0; i < 300; ++i) {
            const int fd = bench::connect_to(port_);
            const std::size_t size = std::size_t{1} << (i % 20);
            if (i % 7 != 0) {
                send(fd, pattern_.at(0), size, MSG_NOSIGNAL | MSG_DONTWAIT);
            }
            if (i % 3 == 0) {
                const timespec pause{0, 1'000'000};
                nanosleep(&pause, nullptr);
            }
            bench::reset(fd);
        }
    }

    void wait_for_descriptors(int wanted) const {
        int now = 0;
        for (int i = 0; i < 1000; ++i) {
            now = open_descriptors(pid_);
            if (now <= wanted) {
                return;
            }
            const timespec pause{0, 10'000'000};
            nanosleep(&pause, nullptr);
        }
        std::fprintf(stderr, "%s keeps descriptors: %d, before %d\n", name_.c_str(), now, wanted);
        std::exit(1);
    }

    [[noreturn]] void complain(const char* what) const {
        std::fprintf(stderr, "%s %s\n", name_.c_str(), what);
        std::exit(1);
    }

    std::string name_;
    std::string pid_;
    std::uint16_t port_;
    bench::Pattern pattern_{longest};
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: %s NAME PID PORT\n", argv[0]);
        return 1;
    }
    Check(argv[1], argv[2], static_cast<std::uint16_t>(std::atoi(argv[3]))).run();
}
