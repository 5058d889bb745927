// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/copy.hpp"

#include <unistd.h>

#include <cstdio>
#include <memory>

#include "io/io_test.hpp"

namespace rondo::test {
namespace {

class CopyTest : public IoTest {};

TEST_P(CopyTest, gives_how_many_bytes_it_copied) {
    on_driver([&]() -> Task<> {
        Ends left = co_await connected();
        Ends right = co_await connected();
        const std::string text = numbered_text(200'000);
        auto source = [&]() -> Task<> {
            co_await left.client.write_all(text);
            left.client.close();
        };
        auto copying = [&]() -> Task<std::uint64_t> {
            const std::uint64_t copied = co_await io::copy(left.server, right.client);
            co_await right.client.shutdown_write();
            co_return copied;
        };
        auto [done, copied, read] = co_await gather(source, copying, read_to_end(right.server));
        EXPECT_EQ(copied, text.size());
        EXPECT_TRUE(read == text);
    });
}

TEST_P(CopyTest, takes_what_a_buffered_stream_has_read_ahead) {
    on_driver([&]() -> Task<> {
        Ends left = co_await connected();
        auto [reader, writer] = io::make_pipe();
        co_await left.client.write_all("header\nbody");
        left.client.close();
        io::BufferedStream from(std::move(left.server));
        const auto line = co_await from.read_line();
        EXPECT_EQ(line.value_or(""), "header");
        const std::uint64_t copied = co_await io::copy(from, writer);
        EXPECT_EQ(copied, 4U);
        writer.close();
        io::Stream rest(std::move(reader));
        const std::string text = co_await read_to_end(rest);
        EXPECT_EQ(text, "body");
    });
}

TEST_P(CopyTest, both_ways_with_each_end_passed_on) {
    on_driver([&]() -> Task<> {
        Ends left = co_await connected();
        Ends right = co_await connected();
        auto relay = [&]() -> Task<io::CopiedBoth> {
            const io::CopiedBoth copied = co_await io::copy_both(left.server, right.client);
            co_return copied;
        };
        auto client = [&]() -> Task<std::string> {
            co_await left.client.write_all("a question");
            co_await left.client.shutdown_write();
            co_return co_await read_to_end(left.client);
        };
        auto server = [&]() -> Task<> {
            const std::string question = co_await read_to_end(right.server);
            EXPECT_EQ(question, "a question") << "the end has come through";
            co_await right.server.write_all("answer after the end");
            right.server.close();
        };
        auto [copied, answer, served] = co_await gather(relay, client, server);
        EXPECT_EQ(copied.there, 10U);
        EXPECT_EQ(copied.back, 20U);
        EXPECT_EQ(answer, "answer after the end");
    });
}

TEST_P(CopyTest, a_failure_of_one_direction_ends_both) {
    on_driver([&]() -> Task<> {
        Ends left = co_await connected();
        Ends right = co_await connected();
        auto relay = create_task(code_of([](Ends& one, Ends& other) -> Task<> {
            co_await io::copy_both(one.server, other.client);
        }(left, right)));
        co_await left.server.write_all("x");
        co_await turns(3);
        left.client.close();  // with a byte unread
        const std::string code = co_await relay;
        EXPECT_EQ(code, "reset");
    });
}

class SendFileTest : public IoTest {
protected:
    using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

    static File file_of(const std::string& content) {
        File file(std::tmpfile(), &std::fclose);
        EXPECT_EQ(::pwrite(fileno(file.get()), content.data(), content.size(), 0),
                  static_cast<ssize_t>(content.size()));
        return file;
    }
};

TEST_P(SendFileTest, sends_all_of_a_file_or_a_part) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        const std::string text = numbered_text(300'000);
        const File file = file_of(text);
        const int number = fileno(file.get());
        auto sender = [&]() -> Task<> {
            std::uint64_t sent = co_await ends.client.send_file(number);
            EXPECT_EQ(sent, text.size());
            sent = co_await ends.client.send_file(number, 1000, 2000);
            EXPECT_EQ(sent, 2000U);
            sent = co_await ends.client.send_file(number, text.size() - 5, 100);
            EXPECT_EQ(sent, 5U) << "the file ends";
            sent = co_await ends.client.send_file(number, text.size());
            EXPECT_EQ(sent, 0U);
            ends.client.close();
        };
        auto [done, read] = co_await gather(sender, read_to_end(ends.server));
        EXPECT_TRUE(read == text + text.substr(1000, 2000) + text.substr(text.size() - 5));
    });
}

TEST_P(SendFileTest, fails_with_what_is_wrong) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        const File file = file_of("text");
        std::string code = co_await code_of(ends.client.send_file(-1));
        EXPECT_EQ(code, "closed");
        ends.client.close();
        code = co_await code_of(ends.client.send_file(fileno(file.get())));
        EXPECT_EQ(code, "closed");
        const std::string read = co_await read_to_end(ends.server);
        EXPECT_EQ(read, "");
    });
}

TEST_P(SendFileTest, what_is_no_file_for_the_system_is_read_and_written) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        const File file(std::fopen("/proc/self/stat", "r"), &std::fclose);
        EXPECT_NE(file, nullptr);
        auto sender = [&]() -> Task<std::uint64_t> {
            const std::uint64_t sent = co_await ends.client.send_file(fileno(file.get()));
            ends.client.close();
            co_return sent;
        };
        auto [sent, read] = co_await gather(sender, read_to_end(ends.server));
        EXPECT_GT(sent, 0U);
        EXPECT_EQ(read.size(), sent);
    });
}

// Others write piece by piece.
class TcpSendFileTest : public SendFileTest {};

TEST_P(TcpSendFileTest, one_that_is_stopped_halfway_breaks_it_for_writing) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        const std::string text = numbered_text(beyond());
        const File file = file_of(text);
        auto sender = create_task(ends.client.send_file(fileno(file.get())));
        co_await turns(20);
        EXPECT_FALSE(sender.done());
        sender.cancel();
        co_await ended(sender);
        const std::string code = co_await code_of(ends.client.write_all("more"));
        EXPECT_EQ(code, "closed");
        const std::string again = co_await code_of(ends.client.send_file(fileno(file.get())));
        EXPECT_EQ(again, "closed");
        ends.client.close();
        const std::string read = co_await read_to_end(ends.server);
        EXPECT_GT(read.size(), 0U);
        EXPECT_TRUE(read == text.substr(0, read.size()));
    });
}

INSTANTIATE_TEST_SUITE_P(io, CopyTest, testing::ValuesIn(places(some_drivers())), place_name);
INSTANTIATE_TEST_SUITE_P(io, TcpSendFileTest,
                         testing::ValuesIn(places(some_drivers(), {Over::tcp})), place_name);
INSTANTIATE_TEST_SUITE_P(io, SendFileTest, testing::ValuesIn(places(some_drivers())), place_name);

}  // namespace
}  // namespace rondo::test
