// SPDX-License-Identifier: Apache-2.0
// Each failure of the system names the operation, the path and the reason.
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "os/file_test.hpp"

namespace rondo::test {
namespace {

class FileErrorsTest : public FileTest {
protected:
    /// Awaits `task`, which must fail with `code`, and with a message that has `begin` + the path.
    static Task<> expect(Errc code, std::string begin, Task<> task) {
        auto await_it = [&task]() -> Task<> { co_await std::move(task); };
        const std::string error = co_await error_of(await_it);
        const std::string expected = std::string(to_string(code)) + ": " + begin;
        EXPECT_EQ(error.substr(0, expected.size()), expected);
    }
    static Task<> open(std::string path, OpenOptions options = {}) {
        co_await File::open(path, options);
    }
    static Task<> ignore(Task<bool> task) { co_await std::move(task); }
    static Task<> ignore(Task<std::string> task) { co_await std::move(task); }
    static Task<> ignore(Task<std::uint64_t> task) { co_await std::move(task); }
    static Task<> ignore(Task<std::vector<os::DirectoryEntry>> task) { co_await std::move(task); }
    static Task<> ignore(Task<os::FileStatus> task) { co_await std::move(task); }
};

INSTANTIATE_TEST_SUITE_P(os, FileErrorsTest, testing::ValuesIn(file_drivers()), file_driver_name);

TEST_P(FileErrorsTest, opening_says_which_file_and_why) {
    make_file(folder / "file", "x");
    ASSERT_EQ(symlink("loop", (folder / "loop").c_str()), 0);
    on_driver([&]() -> Task<> {
        const std::string missing = folder / "missing";
        co_await expect(Errc::not_found, "open " + missing + ": No such file", open(missing));
        co_await expect(Errc::exists, "open " + (folder / "file") + ": File exists",
                        open(folder / "file", OpenOptions::for_a_new_file()));
        co_await expect(Errc::invalid, "open " + folder.path() + ": Is a directory",
                        open(folder.path(), OpenOptions::for_writing()));
        co_await expect(Errc::invalid, "open " + (folder / "file/x") + ": Not a directory",
                        open(folder / "file/x"));
        co_await expect(Errc::invalid, "open " + (folder / "loop") + ": Too many",
                        open(folder / "loop"));
        co_await expect(Errc::invalid, "open ", open(folder / std::string(300, 'n')));
        co_await expect(Errc::busy, "open /proc/self/exe: Text file busy",
                        open("/proc/self/exe", OpenOptions::for_update()));
        co_await expect(Errc::not_found, "open an empty path", open(""));
        co_await expect(Errc::invalid, "open /dev/null: the path has a NUL inside",
                        open(std::string("/dev/null\0/x", 12)));
        OpenOptions neither;
        neither.read = false;
        co_await expect(Errc::invalid, "open /dev/null: neither", open("/dev/null", neither));
    });
}

TEST_P(FileErrorsTest, what_even_root_may_not) {
    const std::string forbidden = "/sys/kernel/uevent_seqnum";
    struct stat status;
    if (::stat(forbidden.c_str(), &status) != 0) {
        GTEST_SKIP() << "no " << forbidden;
    }
    on_driver([&]() -> Task<> {
        const std::string error = co_await error_of(
            [&]() -> Task<> { co_await open(forbidden, OpenOptions::for_update()); });
        EXPECT_EQ(error.substr(0, 19), "no_permission: open") << error;
    });
}

TEST_P(FileErrorsTest, names_that_cannot_be_had) {
    make_file(folder / "file", "x");
    ASSERT_EQ(mkdir((folder / "full").c_str(), 0700), 0);
    make_file(folder / "full/inside", "x");
    on_driver([&]() -> Task<> {
        const std::string file = folder / "file";
        const std::string full = folder / "full";
        const std::string missing = folder / "missing";
        co_await expect(Errc::exists, "make directory " + full, os::make_directory(full));
        co_await expect(Errc::exists, "make directory " + file, os::make_directories(file));
        co_await expect(Errc::invalid, "make directory " + file,
                        os::make_directories(file + "/below"));
        co_await expect(Errc::not_found, "make directory " + missing,
                        os::make_directory(missing + "/below"));
        co_await expect(Errc::exists, "remove " + full, ignore(os::remove(full)));
        co_await expect(Errc::not_found, "rename " + missing + " to " + file,
                        os::rename(missing, file));
        co_await expect(Errc::exists, "rename " + file + " to " + full,
                        os::rename_to_free_name(file, full));
        co_await expect(Errc::invalid, "rename " + file, os::rename(file, full));
        co_await expect(Errc::exists, "make link " + file, os::make_link("x", file));
        co_await expect(Errc::invalid, "read link " + file, ignore(os::read_link(file)));
        co_await expect(Errc::not_found, "list " + missing, ignore(os::list_directory(missing)));
        co_await expect(Errc::invalid, "list " + file, ignore(os::list_directory(file)));
        co_await expect(Errc::not_found, "stat " + missing, ignore(os::stat(missing)));
        co_await expect(Errc::not_found, "open " + missing, ignore(os::read_file(missing)));
        co_await expect(Errc::invalid, "read " + full + ": Is a directory",
                        ignore(os::read_file(full)));
        co_await expect(Errc::invalid, "replace " + full, os::replace_file(full, "x"));
        co_await expect(Errc::invalid, "copy " + full, os::copy_file(full, file));
        co_await expect(Errc::invalid, "copy " + file, os::copy_file(file, file));
    });
    EXPECT_EQ(content_of(folder / "file"), "x");
}

TEST_P(FileErrorsTest, wrong_uses_of_an_open_file) {
    make_file(folder / "file", "x");
    on_driver([&]() -> Task<> {
        const std::string name = folder / "file";
        File reader = co_await File::open(name);
        co_await expect(Errc::closed, "write " + name, reader.write_all("x"));
        co_await expect(Errc::invalid, "truncate " + name, reader.truncate(0));
        co_await expect(Errc::closed, "allocate " + name, reader.allocate(10));
        File writer = co_await File::open(name, OpenOptions::for_writing());
        co_await expect(Errc::closed, "read " + name, ignore(writer.read_all()));
    });
}

TEST_P(FileErrorsTest, a_full_device_takes_nothing) {
    on_driver([&]() -> Task<> {
        co_await expect(Errc::exhausted, "write /dev/full: No space left",
                        os::write_file("/dev/full", "x"));
        co_await expect(Errc::exhausted, "write /dev/full: No space left",
                        os::copy_file("/proc/version", "/dev/full"));
    });
}

TEST_P(FileErrorsTest, a_full_file_system_keeps_what_fitted) {
    const std::string small = folder / "small";
    ASSERT_EQ(mkdir(small.c_str(), 0700), 0);
    if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=256k") != 0) {
        GTEST_SKIP() << "may not mount";
    }
    on_driver([&]() -> Task<> {
        const std::string text = text_of(1 << 20);
        const std::string path = small + "/file";
        File file = co_await File::open(path, OpenOptions::for_a_new_file());
        co_await expect(Errc::exhausted, "write " + path + ": No space left", file.write_all(text));
        const std::string fitted = content_of(path);
        EXPECT_EQ(file.position(), fitted.size());
        EXPECT_GT(fitted.size(), 0u);
        EXPECT_TRUE(fitted == text.substr(0, fitted.size()));
        co_await file.truncate(0);
        co_await os::replace_file(path, "old");
        co_await expect(Errc::exhausted, "write ", os::replace_file(path, text));
        EXPECT_EQ(content_of(path), "old");
        const auto left = co_await os::list_directory(small);
        EXPECT_EQ(left.size(), 1u);
    });
    EXPECT_EQ(umount(small.c_str()), 0);
}

TEST_P(FileErrorsTest, a_limit_of_the_size_of_files_is_an_error_and_no_signal) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = 100'000;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    on_driver([&]() -> Task<> {
        const std::string text = text_of(200'000);
        const std::string path = folder / "file";
        File file = co_await File::open(path, OpenOptions::for_a_new_file());
        co_await expect(Errc::exhausted, "write " + path + ": File too large",
                        file.write_all(text));
        EXPECT_EQ(file.position(), 100'000u);
        co_await expect(Errc::exhausted, "truncate " + path, file.truncate(200'000));
        co_await expect(Errc::exhausted, "allocate " + path, file.allocate(200'000));
        const std::uint64_t size = co_await file.size();
        EXPECT_EQ(size, 100'000u);
    });
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(content_of(folder / "file"), text_of(200'000).substr(0, 100'000));
}

}  // namespace
}  // namespace rondo::test
