// SPDX-License-Identifier: Apache-2.0
// Names that are made, moved, listed and removed.
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "os/file_test.hpp"

namespace rondo::test {
namespace {

class PathsTest : public FileTest {};

INSTANTIATE_TEST_SUITE_P(os, PathsTest, testing::ValuesIn(file_drivers()), file_driver_name);

TEST_P(PathsTest, existence_and_status) {
    make_file(folder / "file", "12345");
    ASSERT_EQ(symlink("file", (folder / "link").c_str()), 0);
    ASSERT_EQ(symlink("nothing", (folder / "dangling").c_str()), 0);
    on_driver([&]() -> Task<> {
        for (const char* name : {"file", "link"}) {
            const bool there = co_await os::exists(folder / name);
            EXPECT_TRUE(there) << name;
        }
        for (const char* name : {"nothing", "dangling", "file/below"}) {
            const bool there = co_await os::exists(folder / name);
            EXPECT_FALSE(there) << name;
        }
        const os::FileStatus file = co_await os::stat(folder / "file");
        const os::FileStatus through = co_await os::stat(folder / "link");
        const os::FileStatus link = co_await os::link_stat(folder / "link");
        EXPECT_TRUE(file.is_same_file(through));
        EXPECT_FALSE(file.is_same_file(link));
        EXPECT_EQ(link.type, os::FileType::link);
        EXPECT_EQ(file.size, 5u);
        EXPECT_EQ(file.links, 1u);
        EXPECT_EQ(file.user, geteuid());
        const auto age =
            std::chrono::system_clock::now() - file.modified;  // tidy: door: a real file
        EXPECT_LT(age, 10min);
        EXPECT_GT(age, -10min);
        const os::FileStatus null = co_await os::stat("/dev/null");
        EXPECT_EQ(null.type, os::FileType::character_device);
    });
}

TEST_P(PathsTest, names_are_moved_and_removed) {
    make_file(folder / "a", "of a");
    make_file(folder / "b", "of b");
    on_driver([&]() -> Task<> {
        co_await os::rename(folder / "a", folder / "b");
        EXPECT_EQ(content_of(folder / "b"), "of a");
        co_await os::rename_to_free_name(folder / "b", folder / "c");
        EXPECT_EQ(folder.names(), std::vector<std::string>{"c"});
        co_await os::make_link("c", folder / "link");
        const std::string target = co_await os::read_link(folder / "link");
        EXPECT_EQ(target, "c");
        bool removed = co_await os::remove(folder / "link");
        EXPECT_TRUE(removed);
        removed = co_await os::remove(folder / "link");
        EXPECT_FALSE(removed);
        co_await os::make_directory(folder / "empty");
        removed = co_await os::remove(folder / "empty");
        EXPECT_TRUE(removed);
        EXPECT_EQ(folder.names(), std::vector<std::string>{"c"});
    });
}

TEST_P(PathsTest, directories_are_made_with_those_above) {
    on_driver([&]() -> Task<> {
        co_await os::make_directories(folder / "a/b//c/");
        co_await os::make_directories(folder / "a/b/c");
        co_await os::make_directories(folder / "a/b/d", 0700);
        const os::FileStatus status = co_await os::stat(folder / "a/b/d");
        EXPECT_TRUE(status.is_directory());
        EXPECT_EQ(status.mode, 0700u);
        const std::string temporary = co_await os::make_temporary_directory(folder.path());
        const std::string other = co_await os::make_temporary_directory(folder.path());
        EXPECT_NE(temporary, other);
        const os::FileStatus own = co_await os::stat(temporary);
        EXPECT_EQ(own.mode, 0700u);
    });
}

TEST_P(PathsTest, a_directory_lists_names_with_their_types) {
    make_file(folder / "file", "");
    make_file(folder / std::string(255, 'n'), "");
    ASSERT_EQ(mkdir((folder / "directory").c_str(), 0700), 0);
    ASSERT_EQ(symlink("file", (folder / "link").c_str()), 0);
    ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
    on_driver([&]() -> Task<> {
        std::map<std::string, os::FileType> found;
        const auto entries = co_await os::list_directory(folder.path());
        for (const os::DirectoryEntry& entry : entries) {
            found[entry.name] = entry.type;
        }
        const std::map<std::string, os::FileType> expected{
            {"file", os::FileType::regular}, {std::string(255, 'n'), os::FileType::regular},
            {"link", os::FileType::link},    {"directory", os::FileType::directory},
            {"fifo", os::FileType::fifo},
        };
        EXPECT_TRUE(found == expected);
        const auto none = co_await os::list_directory(folder / "directory");
        EXPECT_TRUE(none.empty());
    });
}

TEST_P(PathsTest, a_tree_is_removed_and_links_out_of_it_are_not_followed) {
    make_file(folder / "kept", "kept");
    std::filesystem::create_directories(folder / "tree/a/b/c");
    make_file(folder / "tree/a/file", "x");
    make_file(folder / "tree/a/b/file", "x");
    ASSERT_EQ(symlink(folder.path().c_str(), (folder / "tree/a/b/out").c_str()), 0);
    on_driver([&]() -> Task<> {
        std::uint64_t removed = co_await os::remove_all(folder / "tree");
        EXPECT_EQ(removed, 7u);
        removed = co_await os::remove_all(folder / "tree");
        EXPECT_EQ(removed, 0u);
        EXPECT_EQ(folder.names(), std::vector<std::string>{"kept"});
        co_await os::make_link("kept", folder / "link");
        removed = co_await os::remove_all(folder / "link");
        EXPECT_EQ(removed, 1u);
        EXPECT_EQ(content_of(folder / "kept"), "kept");
    });
}

TEST_P(PathsTest, several_may_remove_the_same_tree) {
    on_driver([&]() -> Task<> {
        for (int round = 0; round < 10; ++round) {
            for (int i = 0; i < 40; ++i) {
                std::filesystem::create_directories(folder / ("tree/" + std::to_string(i % 8)));
                make_file(folder / ("tree/" + std::to_string(i % 8) + "/" + std::to_string(i)), "");
            }
            const auto [a, b, c] =
                co_await gather(os::remove_all(folder / "tree"), os::remove_all(folder / "tree"),
                                os::remove_all(folder / "tree"));
            EXPECT_EQ(a + b + c, 49u);
        }
    });
}

TEST_P(PathsTest, a_deep_tree_is_removed) {
    std::string path = folder / "deep";
    for (int i = 0; i < 200; ++i) {
        ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
        path += "/d";
    }
    on_driver([&]() -> Task<> {
        const std::uint64_t removed = co_await os::remove_all(folder / "deep");
        EXPECT_EQ(removed, 200u);
    });
}

TEST_P(PathsTest, paths_are_copied_at_the_call) {
    on_driver([&]() -> Task<> {
        std::string path = folder / "made";
        Task<> make = os::make_directory(path);
        path.assign(path.size(), '?');
        co_await std::move(make);
        EXPECT_EQ(folder.names(), std::vector<std::string>{"made"});
    });
}

}  // namespace
}  // namespace rondo::test
