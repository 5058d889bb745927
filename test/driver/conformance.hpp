// SPDX-License-Identifier: Apache-2.0
/// The fixture of the conformance suite, which is spread over several files.
#pragma once

#include <climits>
#include <string>

#include "driver/driver_harness.hpp"

namespace rondo::test {

class Conformance : public DriverTest {
protected:
    void close_both(int first, int second) {
        bench_->close(first);
        bench_->close(second);
    }

    /// A send_all of bytes that outlive it.
    static TestOperation sending(int fd, const std::string& bytes) {
        return TestOperation(OperationKind::send_all, fd, const_cast<char*>(bytes.data()),
                             bytes.size());
    }

    /// Sends until there is no room, and returns how much that was.
    std::size_t fill(int fd) {
        const std::string much(8 << 20, 'm');
        TestOperation send = sending(fd, much);
        EXPECT_FALSE(bench_->submit(send));
        bench_->turn();
        bench_->cancel(send);
        return send.moved;
    }

    /// The peer of `fd` will read an end of stream. Returns the result.
    int end_stream(int fd) { return bench_->run(OperationKind::shutdown, fd, nullptr, SHUT_WR); }

    /// Makes the last receive of `server` a large one that left nothing unread.
    void become_bulk(int client, int server, const std::string& unread = "") {
        std::size_t expected = unread.size();
        std::size_t last = 0;
        while (last < 4096) {
            const std::string much(16 * 1024, 'b');
            ASSERT_EQ(bench_->send(client, much), static_cast<int>(much.size()));
            for (expected += much.size(); expected > 0; expected -= last) {
                last = bench_->receive(server).size();
                ASSERT_GT(last, 0u);
            }
        }
    }

    /// Waits until ready() was called.
    void announce(const TestOperation& operation) {
        while (operation.announced == 0) {
            ASSERT_EQ(driver().wait(Driver::never), WaitResult::progress);
        }
    }
};

/// What only a real kernel can show: threads, foreign descriptors, terminals.
class KernelConformance : public Conformance {};

/// What only the simulation promises.
class SimConformance : public Conformance {};

}  // namespace rondo::test
