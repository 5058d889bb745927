// SPDX-License-Identifier: Apache-2.0
// read and write: of files, pipes and terminals.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>

#include "driver/conformance.hpp"

namespace rondo::test {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File temporary_file() { return File(std::tmpfile(), &std::fclose); }

}  // namespace

TEST_P(Conformance, a_file_is_written_and_read_at_offsets) {
    const File file = temporary_file();
    std::string text = "0123456789";
    TestOperation write(OperationKind::write, fileno(file.get()), text.data(), text.size());
    write.offset = 100;
    EXPECT_EQ(bench_->run(write), 10);
    char buffer[64];
    TestOperation read(OperationKind::read, fileno(file.get()), buffer, sizeof buffer);
    read.offset = 105;
    EXPECT_EQ(bench_->run(read), 5);
    EXPECT_EQ(std::string(buffer, 5), "56789");
    read.offset = 110;
    EXPECT_EQ(bench_->run(read), 0);
}

TEST_P(Conformance, a_file_is_read_at_its_position) {
    const File file = temporary_file();
    const int fd = fileno(file.get());
    std::string text = "abcdef";
    EXPECT_EQ(bench_->run(OperationKind::write, fd, text.data(), text.size()), 6);
    ASSERT_EQ(lseek(fd, 0, SEEK_SET), 0);
    char buffer[4];
    EXPECT_EQ(bench_->run(OperationKind::read, fd, buffer, sizeof buffer), 4);
    EXPECT_EQ(bench_->run(OperationKind::read, fd, buffer, sizeof buffer), 2);
    EXPECT_EQ(buffer[0], 'e');
    EXPECT_EQ(bench_->run(OperationKind::read, fd, buffer, sizeof buffer), 0);
}

TEST_P(Conformance, many_reads_of_one_file_run_at_once) {
    const File file = temporary_file();
    std::string text(1 << 16, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = byte_at(i);
    }
    TestOperation write(OperationKind::write, fileno(file.get()), text.data(), text.size());
    write.offset = 0;
    ASSERT_EQ(bench_->run(write), static_cast<int>(text.size()));
    constexpr std::size_t part = 1024;
    std::string copy(text.size(), '\0');
    std::deque<TestOperation> reads;
    for (std::size_t at = 0; at < text.size(); at += part) {
        reads.emplace_back(OperationKind::read, fileno(file.get()), copy.data() + at, part);
        reads.back().offset = at;
        bench_->submit(reads.back());
    }
    for (TestOperation& read : reads) {
        if (read.state != OperationState::done) {
            bench_->finish(read);
        }
        EXPECT_EQ(read.result, static_cast<int>(part));
    }
    EXPECT_TRUE(copy == text);
}

TEST_P(Conformance, cancelled_file_reads_end_with_their_value_or_without_effect) {
    const File file = temporary_file();
    std::string text(1 << 16, 'f');
    TestOperation write(OperationKind::write, fileno(file.get()), text.data(), text.size());
    write.offset = 0;
    ASSERT_EQ(bench_->run(write), static_cast<int>(text.size()));
    std::deque<TestOperation> reads;
    std::deque<std::string> buffers;
    for (int i = 0; i < 50; ++i) {
        buffers.emplace_back(4096, '\0');
        reads.emplace_back(OperationKind::read, fileno(file.get()), buffers.back().data(), 4096u);
        reads.back().offset = 0;
        bench_->submit(reads.back());
    }
    for (TestOperation& read : reads) {
        driver().cancel(read);
    }
    for (std::size_t i = 0; i < reads.size(); ++i) {
        if (reads[i].state != OperationState::done) {
            bench_->finish(reads[i]);
        }
        EXPECT_TRUE(reads[i].result == 4096 || reads[i].result == -ECANCELED) << reads[i].result;
        if (reads[i].result == 4096) {
            EXPECT_EQ(buffers[i].back(), 'f');
        }
    }
}

TEST_P(Conformance, a_write_to_a_socket_waits_on_when_the_peers_stream_ends) {
    for (const bool cancelled : {false, true}) {
        const auto [client, server] = bench_->unix_pair();
        const std::size_t unread = fill(client);
        char byte = 'w';
        TestOperation write(OperationKind::write, client, &byte, 1);
        ASSERT_FALSE(bench_->submit(write));
        bench_->turn();
        ASSERT_EQ(end_stream(server), 0);
        bench_->turn(300);  // io_uring tries again 128 times by itself
        EXPECT_EQ(write.announced, 0);
        EXPECT_FALSE(driver().pending());
        if (cancelled) {
            EXPECT_EQ(bench_->cancel(write), -ECANCELED);
            EXPECT_EQ(bench_->receive_exactly(server, unread).size(), unread);
            EXPECT_EQ(bench_->send(client, "x"), 1);
            EXPECT_EQ(bench_->receive(server), "x");
        } else {
            EXPECT_EQ(bench_->receive_exactly(server, unread).size(), unread);
            bench_->finish(write);
            EXPECT_EQ(write.result, 1);
            EXPECT_EQ(bench_->receive(server), "w");
        }
        close_both(client, server);
    }
}

TEST_P(Conformance, a_read_of_a_pipe_waits_for_bytes) {
    const auto [in, out] = bench_->pipe();
    char buffer[16];
    TestOperation read(OperationKind::read, in, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(read));
    bench_->turn();
    EXPECT_EQ(read.announced, 0);
    char byte = 'p';
    ASSERT_EQ(bench_->run(OperationKind::write, out, &byte, 1), 1);
    bench_->finish(read);
    EXPECT_EQ(read.result, 1);
    EXPECT_EQ(buffer[0], 'p');
    close_both(in, out);
}

TEST_P(Conformance, a_pending_pipe_read_is_cancelled_and_takes_no_byte) {
    const auto [in, out] = bench_->pipe();
    char buffer[16];
    TestOperation read(OperationKind::read, in, buffer, sizeof buffer);
    for (int i = 0; i < 3; ++i) {
        ASSERT_FALSE(bench_->submit(read));
        if (i > 0) {
            bench_->turn();
        }
        EXPECT_EQ(bench_->cancel(read), -ECANCELED);
    }
    char byte = 'p';
    ASSERT_EQ(bench_->run(OperationKind::write, out, &byte, 1), 1);
    EXPECT_EQ(bench_->run(read), 1);
    EXPECT_EQ(buffer[0], 'p');
    close_both(in, out);
}

TEST_P(Conformance, a_second_reader_of_a_pipe_is_busy) {
    const auto [in, out] = bench_->pipe();
    char buffer[16];
    TestOperation read(OperationKind::read, in, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(read));
    EXPECT_EQ(bench_->run(OperationKind::read, in, buffer, sizeof buffer), -EBUSY);
    EXPECT_EQ(bench_->cancel(read), -ECANCELED);
    close_both(in, out);
}

TEST_P(Conformance, a_pipe_ends_when_its_writer_closes) {
    const auto [in, out] = bench_->pipe();
    char buffer[16];
    TestOperation read(OperationKind::read, in, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(read));
    bench_->turn();
    bench_->close(out);
    bench_->finish(read);
    EXPECT_EQ(read.result, 0);
    EXPECT_EQ(bench_->run(read), 0);
    bench_->close(in);
}

TEST_P(Conformance, a_broken_pipe_is_an_error_and_no_signal) {
    const auto [in, out] = bench_->pipe();
    bench_->close(in);
    bench_->turn();
    char byte = 'p';
    EXPECT_EQ(bench_->run(OperationKind::write, out, &byte, 1), -EPIPE);
    EXPECT_EQ(bench_->run(OperationKind::write, out, &byte, 1), -EPIPE);
    bench_->close(out);
}

TEST_P(Conformance, a_full_pipe_makes_its_writer_wait_and_keeps_the_order) {
    const auto [in, out] = bench_->pipe();
    std::string much(1 << 20, '\0');
    for (std::size_t i = 0; i < much.size(); ++i) {
        much[i] = byte_at(i);
    }
    std::size_t written = 0;
    std::size_t read = 0;
    std::string buffer(10'000, '\0');
    TestOperation write(OperationKind::write, out);
    while (read < much.size()) {
        const bool idle =
            write.state == OperationState::idle || write.state == OperationState::done;
        if (idle && written < much.size()) {
            write.data = much.data() + written;
            write.size = static_cast<std::uint32_t>(much.size() - written);
            bench_->submit(write);
        }
        const int got = bench_->run(OperationKind::read, in, buffer.data(), buffer.size());
        ASSERT_GT(got, 0);
        ASSERT_EQ(much.compare(read, static_cast<std::size_t>(got), buffer, 0,
                               static_cast<std::size_t>(got)),
                  0);
        read += static_cast<std::size_t>(got);
        if (write.state == OperationState::done && write.result > 0) {
            written += static_cast<std::size_t>(write.result);
            write.result = 0;
        }
    }
    close_both(in, out);
}

TEST_P(Conformance, sockets_can_be_read_and_written_too) {
    const auto [client, server] = bench_->unix_pair();
    char buffer[16];
    TestOperation read(OperationKind::read, client, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(read));
    bench_->turn();
    char byte = 's';
    EXPECT_EQ(bench_->run(OperationKind::write, server, &byte, 1), 1);
    bench_->finish(read);
    EXPECT_EQ(read.result, 1);
    close_both(client, server);
}

TEST_P(Conformance, the_wrong_end_of_a_pipe_is_a_bad_descriptor) {
    const auto [in, out] = bench_->pipe();
    char byte = 'p';
    EXPECT_EQ(bench_->run(OperationKind::write, in, &byte, 1), -EBADF);
    EXPECT_EQ(bench_->run(OperationKind::read, out, &byte, 1), -EBADF);
    close_both(in, out);
}

TEST_P(KernelConformance, a_non_blocking_pipe_waits_as_a_blocking_one_does) {
    int fds[2];
    ASSERT_EQ(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    char buffer[16];
    TestOperation read(OperationKind::read, fds[0], buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(read));
    bench_->turn();
    EXPECT_EQ(read.announced, 0);
    ASSERT_EQ(::write(fds[1], "x", 1), 1);
    bench_->finish(read);
    EXPECT_EQ(read.result, 1);
    ASSERT_FALSE(bench_->submit(read));
    bench_->turn();
    EXPECT_EQ(bench_->cancel(read), -ECANCELED);
    close_both(fds[0], fds[1]);
}

TEST_P(KernelConformance, a_terminal_is_read_and_written_without_blocking_the_loop) {
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        GTEST_SKIP() << "no terminals here";
    }
    const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(terminal, 0);
    char buffer[64];
    TestOperation read(OperationKind::read, terminal, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(read));
    bench_->turn();
    EXPECT_EQ(read.announced, 0);
    ASSERT_EQ(::write(master, "line\n", 5), 5);
    bench_->finish(read);
    EXPECT_EQ(read.result, 5);
    ASSERT_FALSE(bench_->submit(read));
    bench_->turn();
    EXPECT_EQ(bench_->cancel(read), -ECANCELED);
    EXPECT_EQ(bench_->run(OperationKind::write, terminal, buffer, 5), 5);
    close_both(terminal, master);
}

}  // namespace rondo::test
