// SPDX-License-Identifier: Apache-2.0
// send_vector and send_file: several runs of memory, or a file's bytes, with one operation.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "driver/conformance.hpp"
#include "rondo/base/bytes.hpp"

namespace rondo::test {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File file_of(const std::string& content) {
    File file(std::tmpfile(), &std::fclose);
    EXPECT_EQ(pwrite(fileno(file.get()), content.data(), content.size(), 0),
              static_cast<ssize_t>(content.size()));
    return file;
}

/// `text` in parts of all sizes from 0 on.
std::vector<Bytes> parts_of(const std::string& text, std::size_t largest) {
    std::vector<Bytes> parts;
    std::size_t at = 0;
    for (std::size_t size = 0; at < text.size(); size = size == largest ? 0 : size + 1) {
        const std::string_view part = std::string_view(text).substr(at, size);
        parts.emplace_back(part);
        at += part.size();
    }
    return parts;
}

struct SendVector : TestOperation {
    SendVector(int to, std::vector<Bytes>& parts)
        : TestOperation(OperationKind::send_vector, to, parts.data(), parts.size()) {}
};

struct SendFile : TestOperation {
    SendFile(int to, int from, std::uint64_t at, std::size_t bytes)
        : TestOperation(OperationKind::send_file, to, &file, bytes), file(from) {
        offset = at;
    }

    int file;
};

}  // namespace

class SendConformance : public Conformance {
protected:
    /// More than the buffers of a connection hold.
    std::size_t beyond() const { return is_real() ? 9 << 20 : 1 << 18; }

    /// Reads until `operation` is done and the stream has `count` bytes, in uneven portions.
    std::string read_while(TestOperation& operation, int fd, std::size_t count) {
        std::string text;
        while (text.size() < count) {
            text += bench_->receive(fd, 1 + text.size() % 30'011);
        }
        if (operation.state != OperationState::done) {
            bench_->finish(operation);
        }
        return text;
    }

    /// All that comes until the end of the stream.
    std::string read_to_end(int fd) {
        std::string text;
        for (;;) {
            const std::string more = bench_->receive(fd);
            if (more.empty()) {
                return text;
            }
            text += more;
        }
    }
};

TEST_P(SendConformance, a_vector_arrives_in_order_with_its_empty_parts) {
    const auto [client, server] = bench_->tcp_pair();
    std::vector<Bytes> parts{"", "one", "", "", "two", "three", ""};
    SendVector operation(client, parts);
    EXPECT_EQ(bench_->run(operation), 11);
    EXPECT_EQ(operation.moved, 11u);
    EXPECT_EQ(bench_->receive_exactly(server, 11), "onetwothree");
    EXPECT_EQ(parts[1].size(), 3u);
    close_both(client, server);
}

TEST_P(SendConformance, a_vector_of_nothing_sends_nothing) {
    const auto [client, server] = bench_->unix_pair();
    std::vector<Bytes> parts;
    SendVector none(client, parts);
    EXPECT_EQ(bench_->run(none), 0);
    parts.assign(100, Bytes());
    SendVector empty(client, parts);
    EXPECT_EQ(bench_->run(empty), 0);
    bench_->close(client);
    EXPECT_EQ(bench_->receive(server), "");
    bench_->close(server);
}

TEST_P(SendConformance, a_vector_larger_than_the_buffers_waits_and_goes_on_where_it_was) {
    for (const bool tcp : {true, false}) {
        const auto [client, server] = tcp ? bench_->tcp_pair() : bench_->unix_pair();
        const std::string text = coded(beyond());
        std::vector<Bytes> parts = parts_of(text, 2'000);
        parts.emplace_back(text);  // one part that never fits
        SendVector operation(client, parts);
        EXPECT_FALSE(bench_->submit(operation));
        const std::string read = read_while(operation, server, 2 * text.size());
        EXPECT_EQ(operation.result, static_cast<int>(2 * text.size()));
        EXPECT_TRUE(read == text + text);
        close_both(client, server);
    }
}

TEST_P(SendConformance, a_cancelled_vector_says_exactly_what_it_sent) {
    const auto [client, server] = bench_->tcp_pair();
    const std::string text = coded(beyond());
    std::vector<Bytes> parts = parts_of(text, 5'000);
    SendVector operation(client, parts);
    EXPECT_FALSE(bench_->submit(operation));
    bench_->turn();
    EXPECT_EQ(bench_->cancel(operation), -ECANCELED);
    bench_->close(client);
    const std::string read = read_to_end(server);
    EXPECT_EQ(read.size(), operation.moved);
    EXPECT_TRUE(read == text.substr(0, read.size()));
    bench_->close(server);
}

TEST_P(SendConformance, a_vector_fails_as_a_send_does) {
    const auto [in, out] = bench_->pipe();
    std::vector<Bytes> parts{"x", "y"};
    SendVector to_pipe(out, parts);
    EXPECT_EQ(bench_->run(to_pipe), -ENOTSOCK);
    close_both(in, out);
    SendVector to_nobody(bench_->unix_pair_closed(), parts);
    EXPECT_EQ(bench_->run(to_nobody), -EBADF);
    const auto [client, server] = bench_->unix_pair();
    bench_->close(server);
    bench_->turn();
    SendVector broken(client, parts);
    EXPECT_EQ(bench_->run(broken), -EPIPE);
    EXPECT_EQ(broken.moved, 0u);
    const std::string text(16, 'x');
    std::vector<Bytes> too_much(2,
                                Bytes(reinterpret_cast<const std::byte*>(text.data()), 1U << 30));
    SendVector over(client, too_much);
    EXPECT_EQ(bench_->run(over), -EINVAL);
    bench_->close(client);
}

TEST_P(SendConformance, a_second_writer_is_busy_whatever_it_sends) {
    const auto [client, server] = bench_->unix_pair();
    const std::string text = coded(beyond());
    std::vector<Bytes> parts{Bytes(text)};
    SendVector first(client, parts);
    ASSERT_FALSE(bench_->submit(first));
    const File file = file_of("text");
    const int number = fileno(file.get());
    SendFile second(client, number, 0, 4);
    EXPECT_EQ(bench_->run(second), -EBUSY);
    SendVector third(client, parts);
    EXPECT_EQ(bench_->run(third), -EBUSY);
    EXPECT_EQ(bench_->cancel(first), -ECANCELED);
    ASSERT_FALSE(bench_->submit(first));
    EXPECT_EQ(bench_->cancel(first), -ECANCELED);
    close_both(client, server);
}

TEST_P(SendConformance, a_file_is_sent_from_its_offset) {
    const auto [client, server] = bench_->tcp_pair();
    const File file = file_of("0123456789");
    const int number = fileno(file.get());
    SendFile operation(client, number, 3, 4);
    EXPECT_EQ(bench_->run(operation), 4);
    EXPECT_EQ(operation.moved, 4u);
    EXPECT_EQ(bench_->receive_exactly(server, 4), "3456");
    EXPECT_EQ(lseek(number, 0, SEEK_CUR), 0) << "the file's own position is nobody's business";
    close_both(client, server);
}

TEST_P(SendConformance, a_file_that_ends_early_is_sent_up_to_its_end) {
    const auto [client, server] = bench_->unix_pair();
    const File file = file_of("0123456789");
    const int number = fileno(file.get());
    SendFile operation(client, number, 6, 1000);
    EXPECT_EQ(bench_->run(operation), 4);
    SendFile beyond(client, number, 10, 1000);
    EXPECT_EQ(bench_->run(beyond), 0);
    bench_->close(client);
    EXPECT_EQ(read_to_end(server), "6789");
    bench_->close(server);
}

TEST_P(SendConformance, a_large_file_waits_for_its_reader) {
    for (const bool tcp : {true, false}) {
        const auto [client, server] = tcp ? bench_->tcp_pair() : bench_->unix_pair();
        const std::string text = coded(beyond());
        const File file = file_of(text);
        const int number = fileno(file.get());
        SendFile operation(client, number, 0, text.size());
        EXPECT_FALSE(bench_->submit(operation));
        const std::string read = read_while(operation, server, text.size());
        EXPECT_EQ(operation.result, static_cast<int>(text.size()));
        EXPECT_TRUE(read == text);
        close_both(client, server);
    }
}

TEST_P(SendConformance, a_cancelled_file_says_exactly_what_it_sent) {
    const auto [client, server] = bench_->tcp_pair();
    const std::string text = coded(beyond());
    const File file = file_of(text);
    const int number = fileno(file.get());
    SendFile operation(client, number, 0, text.size());
    EXPECT_FALSE(bench_->submit(operation));
    bench_->turn();
    EXPECT_EQ(bench_->cancel(operation), -ECANCELED);
    bench_->close(client);
    const std::string read = read_to_end(server);
    EXPECT_EQ(read.size(), operation.moved);
    EXPECT_TRUE(read == text.substr(0, read.size()));
    bench_->close(server);
}

TEST_P(SendConformance, a_file_fails_without_a_signal) {
    const File file = file_of("text");
    const int number = fileno(file.get());
    const auto [client, server] = bench_->unix_pair();
    const int closed = bench_->unix_pair_closed();
    SendFile no_file(client, closed, 0, 4);
    EXPECT_EQ(bench_->run(no_file), -EBADF);
    SendFile no_socket(closed, number, 0, 4);
    EXPECT_EQ(bench_->run(no_socket), -EBADF);
    SendFile too_much(client, number, 0, 0x80000000u);
    EXPECT_EQ(bench_->run(too_much), -EINVAL);
    bench_->close(server);
    bench_->turn();
    SendFile broken(client, number, 0, 4);
    EXPECT_EQ(bench_->run(broken), -EPIPE);
    bench_->close(client);
}

INSTANTIATE_TEST_SUITE_P(drivers, SendConformance, testing::ValuesIn(all_drivers()),
                         [](const auto& param) { return name_of(param.param); });

}  // namespace rondo::test
