// SPDX-License-Identifier: Apache-2.0
// A stopped operation of a file had no effect, one that had an effect is not stopped; and nothing
// is left, wherever a program with files is cancelled.
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <utility>

#include "os/file_test.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

class FileCancelTest : public FileTest {
protected:
    void expect_clean(const Scenario& scenario,
                      std::function<int(const Operation&)> judge = nullptr) {
        Everywhere where;
        where.judge = std::move(judge);
        where.driver = GetParam().options.driver;
        where.seed = GetParam().options.schedule == Schedule::fifo ? 0 : GetParam().options.seed;
        const EverywhereReport report = cancel_everywhere(scenario, where);
        EXPECT_GT(report.stopped, 0u);
    }
};

class KernelFileCancelTest : public FileCancelTest {};

INSTANTIATE_TEST_SUITE_P(os, FileCancelTest, testing::ValuesIn(file_drivers()), file_driver_name);
INSTANTIATE_TEST_SUITE_P(os, KernelFileCancelTest, testing::ValuesIn(kernel_file_drivers()),
                         file_driver_name);

TEST_P(FileCancelTest, a_cancelled_scope_starts_nothing) {
    make_file(folder / "file", "kept");
    on_driver([&]() -> Task<> {
        File file = co_await File::open(folder / "file", OpenOptions::for_update());
        std::array<char, 4> buffer{'#', '#', '#', '#'};
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            group.spawn([&]() -> Task<> { co_await file.write_all("gone"); });
            group.spawn([&]() -> Task<> { co_await file.read_some(buffer); });
            group.spawn([&]() -> Task<> { co_await os::make_directory(folder / "no"); });
            group.spawn([&]() -> Task<> { co_await file.read_at(buffer, 0); });
            co_await File::open(folder / "new", OpenOptions::for_writing());
        });
        EXPECT_EQ(file.position(), 0u);
        EXPECT_EQ(std::string_view(buffer.data(), 4), "####");
        EXPECT_EQ(content_of(folder / "file"), "kept");
        EXPECT_EQ(folder.names(), std::vector<std::string>{"file"});
        const std::size_t got = co_await file.read_some(buffer);
        EXPECT_EQ(got, 4u) << "the position is free";
    });
}

// The bytes that reads delivered are those that the position says, wherever they are cancelled.
TEST_P(FileCancelTest, stopped_reads_do_not_move_the_position) {
    constexpr std::size_t size = 400'000;
    const std::string text = text_of(size);
    make_file(folder / "file", text);
    on_driver([&]() -> Task<> {
        File file = co_await File::open(folder / "file");
        std::string received;
        std::string buffer(100'000, '\0');
        auto read = [&]() -> Task<> {
            const std::size_t got = co_await file.read_some(buffer);
            received += buffer.substr(0, got);
        };
        int stopped = 0;
        for (int i = 0; i < 40; ++i) {
            auto reader = create_task(read());
            co_await turns(i % 4);
            reader.cancel();
            const bool was_read = co_await ended(reader);
            stopped += was_read ? 0 : 1;
            EXPECT_EQ(file.position(), received.size());
        }
        received += co_await file.read_all();
        EXPECT_TRUE(received == text);
        EXPECT_GT(stopped, 0);
    });
}

TEST_P(FileCancelTest, the_position_tells_how_far_a_stopped_write_got) {
    const std::string text = text_of(1 << 20);
    on_driver([&]() -> Task<> {
        for (int i = 0; i < 12; ++i) {
            File file = co_await File::open(folder / "file", OpenOptions::for_writing());
            auto write = [&]() -> Task<> { co_await file.write_all(text); };
            auto writer = create_task(write());
            co_await turns(i);
            writer.cancel();
            co_await ended(writer);
            const std::string found = content_of(folder / "file");
            EXPECT_EQ(found.size(), file.position());
            EXPECT_TRUE(found == text.substr(0, found.size()));
            file.seek(0);
            co_await file.write_all(text);
            EXPECT_TRUE(content_of(folder / "file") == text) << "and it can still be written";
        }
    });
}

TEST_P(FileCancelTest, a_stopped_open_makes_its_file_or_not_and_leaves_no_descriptor) {
    on_driver([&]() -> Task<> {
        int opened = 0;
        for (int i = 0; i < 30; ++i) {
            const std::string path = folder / std::to_string(i);
            auto open = [&]() -> Task<> {
                const File file = co_await File::open(path, OpenOptions::for_a_new_file());
                ++opened;
            };
            const int before = opened;
            auto opener = create_task(open());
            co_await turns(i % 6);
            opener.cancel();
            co_await ended(opener);
            EXPECT_EQ(is_there(path), opened > before);
        }
    });
}

TEST_P(FileCancelTest, names_change_or_not_and_who_asked_knows) {
    on_driver([&]() -> Task<> {
        bool known = false;
        for (int i = 0; i < 30; ++i) {
            auto make = [&]() -> Task<> {
                co_await os::make_directory(folder / "directory");
                known = true;
            };
            auto remove = [&]() -> Task<> {
                co_await os::remove(folder / "directory");
                known = false;
            };
            auto change = create_task(known ? remove() : make());
            co_await turns(i % 6);
            change.cancel();
            co_await ended(change);
            // remove() takes two calls, and can stop between them without effect.
            EXPECT_EQ(is_there(folder / "directory"), known);
        }
    });
}

TEST_P(FileCancelTest, deadlines_end_what_waits) {
    make_file(folder / "file", text_of(100'000));
    on_driver([&]() -> Task<> {
        for (int i = 0; i < 10; ++i) {
            const auto read =
                co_await move_on_after(Duration(i * 20'000), os::read_file(folder / "file"));
            EXPECT_TRUE(!read.has_value() || *read == text_of(100'000));
        }
    });
}

TEST_P(FileCancelTest, tasks_with_files_end_with_the_program) {
    make_file(folder / "file", text_of(100'000));
    on_driver([&]() -> Task<> {
        auto read_for_ever = [](std::string path) -> Task<> {
            for (;;) {
                co_await os::read_file(path);
            }
        };
        for (int i = 0; i < 5; ++i) {
            create_task(read_for_ever(folder / "file")).detach();
        }
        co_await turns(3);
    });
}

TEST_P(FileCancelTest, everywhere_in_the_life_of_a_file) {
    expect_clean([&]() -> Task<> {
        File file = co_await File::open(folder / "file", OpenOptions::for_writing());
        co_await file.write_all("0123456789");
        co_await file.sync_data();
        co_await file.truncate(5);
        file.close();
        const std::string text = co_await os::read_file(folder / "file");
        EXPECT_EQ(text, "01234");
        const File temporary = co_await File::temporary(folder.path());
    });
}

// Network file systems make no files without a name.
TEST_P(FileCancelTest, everywhere_in_a_temporary_file_that_has_a_name_at_first) {
    const auto refuse = [](const Operation& operation) {
        const bool unnamed =
            operation.kind == OperationKind::open && (operation.offset & O_TMPFILE) == O_TMPFILE;
        return unnamed ? -EOPNOTSUPP : 0;
    };
    expect_clean([&]() -> Task<> { const File file = co_await File::temporary(folder.path()); },
                 refuse);
    EXPECT_TRUE(folder.names().empty());
}

TEST_P(FileCancelTest, everywhere_in_a_copy_of_several_at_once) {
    make_file(folder / "from", text_of(200'000));
    expect_clean([&]() -> Task<> {
        co_await gather(os::copy_file(folder / "from", folder / "one"),
                        os::copy_file(folder / "from", folder / "two"),
                        os::replace_file(folder / "three", "3"));
    });
}

TEST_P(FileCancelTest, everywhere_in_a_tree) {
    expect_clean([&]() -> Task<> {
        co_await os::make_directories(folder / "tree/a/b");
        co_await os::write_file(folder / "tree/a/file", "x");
        const auto entries = co_await os::list_directory(folder / "tree/a");
        EXPECT_EQ(entries.size(), 2u);
        co_await os::remove_all(folder / "tree");
    });
}

TEST_P(KernelFileCancelTest, a_stopped_read_of_a_fifo_takes_no_byte) {
    ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
    on_driver([&]() -> Task<> {
        File reader = co_await File::open(folder / "fifo");
        File writer = co_await File::open(folder / "fifo", OpenOptions::for_writing());
        const std::string sent = text_of(300);
        std::string received;
        std::array<char, 3> buffer{};
        auto read = [&]() -> Task<> {
            for (;;) {
                const std::size_t got = co_await reader.read_some(buffer);
                if (got == 0) {
                    co_return;
                }
                received.append(buffer.data(), got);
            }
        };
        for (std::size_t i = 0; i < sent.size(); i += 2) {
            auto reading = create_task(read());
            co_await turns(static_cast<int>(i / 2 % 3));
            co_await writer.write_all(Bytes(std::string_view(sent).substr(i, 2)));
            co_await turns(static_cast<int>(i / 6 % 5));
            reading.cancel();
            co_await ended(reading);
        }
        writer.close();
        received += co_await reader.read_all();
        EXPECT_EQ(received, sent);
    });
}

TEST_P(KernelFileCancelTest, a_file_that_is_closed_with_a_read_in_flight_ends_the_program) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
    EXPECT_DEATH(on_driver([&]() -> Task<> {
                     File reader = co_await File::open(folder / "fifo");
                     std::array<char, 3> buffer{};
                     auto read = [&]() -> Task<> { co_await reader.read_some(buffer); };
                     auto reading = create_task(read());
                     co_await turns(3);
                     reader.close();
                 }),
                 "closed with an operation in flight");
}

}  // namespace
}  // namespace rondo::test
