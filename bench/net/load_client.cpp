// SPDX-License-Identifier: Apache-2.0
// load_client CONNECTIONS BYTES SLICE_MS ROUNDS NAME=PID:PORT…
//
// All servers keep their connections from beginning to end. A round gives each server one slice,
// in an order that rotates; each slice is one line: NAME REQUESTS CPU_NS WALL_NS. The CPU time is
// that of the server's process, all its threads, as the scheduler counts it. Before the first
// round each server has a slice that is not reported.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "load.hpp"
#include "sockets.hpp"

namespace {

constexpr long settle_ns = 300'000;

struct Server {
    std::string name;
    clockid_t cpu;
    std::unique_ptr<bench::Load> load;
};

std::int64_t cpu_ns(clockid_t clock) {
    timespec used{};
    if (clock_gettime(clock, &used) != 0) {
        bench::fail("the server's CPU clock");
    }
    return std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

/// Lets a server come to rest after its last answer.
void settle() {
    const timespec pause{0, settle_ns};
    nanosleep(&pause, nullptr);
}

Server parse(const std::string& text, std::size_t connections, const bench::Pattern& pattern) {
    const std::size_t equals = text.find('=');
    const std::size_t colon = text.rfind(':');
    if (equals == text.npos || colon == text.npos || colon < equals) {
        std::fprintf(stderr, "not NAME=PID:PORT: %s\n", text.c_str());
        std::exit(1);
    }
    Server server;
    server.name = text.substr(0, equals);
    const auto pid = std::atoi(text.c_str() + equals + 1);
    const auto port = static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1));
    if (const int error = clock_getcpuclockid(pid, &server.cpu); error != 0) {
        bench::fail(server.name.c_str(), error);
    }
    server.load = std::make_unique<bench::Load>(server.name, port, connections, pattern);
    return server;
}

void run_slice(Server& server, std::int64_t slice_ns, std::size_t size, bool report) {
    const std::int64_t began = bench::monotonic_ns();
    const std::int64_t used = cpu_ns(server.cpu);
    const std::uint64_t requests = server.load->run_for(slice_ns, size);
    const std::int64_t ended = bench::monotonic_ns();
    settle();
    if (report) {
        std::printf("%s %llu %lld %lld\n", server.name.c_str(),
                    static_cast<unsigned long long>(requests),
                    static_cast<long long>(cpu_ns(server.cpu) - used),
                    static_cast<long long>(ended - began));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fprintf(stderr, "usage: %s CONNECTIONS BYTES SLICE_MS ROUNDS NAME=PID:PORT…\n",
                     argv[0]);
        return 1;
    }
    const auto connections = static_cast<std::size_t>(std::atol(argv[1]));
    const auto size = static_cast<std::size_t>(std::atol(argv[2]));
    const std::int64_t slice_ns = std::atol(argv[3]) * 1'000'000;
    const auto rounds = static_cast<std::size_t>(std::atol(argv[4]));
    bench::raise_descriptor_limit();
    const bench::Pattern pattern(size);
    std::vector<Server> servers;
    for (int i = 5; i < argc; ++i) {
        servers.push_back(parse(argv[i], connections, pattern));
    }
    for (std::size_t round = 0; round <= rounds; ++round) {
        for (std::size_t i = 0; i < servers.size(); ++i) {
            run_slice(servers[(i + round) % servers.size()], slice_ns, size, round > 0);
        }
        std::fflush(stdout);
    }
}
