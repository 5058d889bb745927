// SPDX-License-Identifier: Apache-2.0
// The kinds of files: what each does, how each fails, and that a cancelled one either had its
// effect and says so, or had none.
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <functional>

#include "driver/conformance.hpp"
#include "driver/file_operation.hpp"
#include "support/no_descriptor_left.hpp"
#include "support/temporary_folder.hpp"

namespace rondo::test {
namespace {

constexpr int create = O_CREAT | O_RDWR;

class FileConformance : public Conformance {
protected:
    int opened(const std::string& path, int flags = create) {
        OpenOperation open(path, flags);
        const int fd = bench_->run(open);
        EXPECT_GE(fd, 0) << path << ": " << std::strerror(-fd);
        return fd;
    }
    int run_on(OperationKind kind, int fd, std::uint32_t number = 0, std::uint64_t at = 0) {
        DescriptorOperation operation(kind, fd, number, at);
        return bench_->run(operation);
    }
    int run_at(OperationKind kind, std::string path, std::uint32_t number = 0) {
        PathOperation operation(kind, std::move(path), number);
        return bench_->run(operation);
    }
    int run_from_to(OperationKind kind, std::string from, std::string to,
                    std::uint32_t number = 0) {
        PathOperation operation(kind, std::move(from), std::move(to), number);
        return bench_->run(operation);
    }
    int stat_of(std::string path, struct statx& status, bool link_itself = false) {
        PathOperation stat(OperationKind::stat, std::move(path), link_itself ? 1 : 0);
        stat.offset = address_of(&status);
        return bench_->run(stat);
    }

    TemporaryFolder folder;
};

INSTANTIATE_TEST_SUITE_P(drivers, FileConformance, testing::ValuesIn(all_drivers()),
                         [](const auto& one) { return name_of(one.param); });

TEST_P(FileConformance, open_creates_reads_and_tells_what_has_positions) {
    OpenOperation file(folder / "file", create, 0640);
    const int fd = bench_->run(file);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(file.moved, 1u);
    EXPECT_EQ(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_RDWR);
    struct stat status;
    ASSERT_EQ(fstat(fd, &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0640u);
    bench_->close(fd);
    ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
    OpenOperation fifo(folder / "fifo", O_RDONLY);
    const int reader = bench_->run(fifo);
    ASSERT_GE(reader, 0) << "nobody writes, and open does not wait for it";
    EXPECT_EQ(fifo.moved, 0u);
    bench_->close(reader);
}

TEST_P(FileConformance, a_relative_path_begins_at_the_directory) {
    make_file(folder / "here", "text");
    const int directory = opened(folder.path(), O_RDONLY | O_DIRECTORY);
    OpenOperation open("here", O_RDONLY);
    open.fd = directory;
    const int fd = bench_->run(open);
    ASSERT_GE(fd, 0);
    PathOperation remove(OperationKind::unlink, "here");
    remove.fd = directory;
    EXPECT_EQ(bench_->run(remove), 0);
    EXPECT_TRUE(folder.names().empty());
    close_both(fd, directory);
}

TEST_P(FileConformance, stat_describes_files_links_and_descriptors) {
    make_file(folder / "file", "12345");
    ASSERT_EQ(symlink("file", (folder / "link").c_str()), 0);
    struct statx status;
    ASSERT_EQ(stat_of(folder / "link", status), 0);
    EXPECT_EQ(status.stx_size, 5u);
    EXPECT_TRUE(S_ISREG(status.stx_mode));
    ASSERT_EQ(stat_of(folder / "link", status, true), 0);
    EXPECT_TRUE(S_ISLNK(status.stx_mode));
    const int fd = opened(folder / "file");
    PathOperation stat(OperationKind::stat, "");
    stat.fd = fd;
    stat.offset = address_of(&status);
    ASSERT_EQ(bench_->run(stat), 0);
    EXPECT_EQ(status.stx_size, 5u);
    bench_->close(fd);
}

TEST_P(FileConformance, names_are_made_moved_read_and_removed) {
    EXPECT_EQ(run_at(OperationKind::make_directory, folder / "a", 0755), 0);
    EXPECT_EQ(run_from_to(OperationKind::rename, folder / "a", folder / "b"), 0);
    EXPECT_EQ(run_from_to(OperationKind::make_link, "b", folder / "link"), 0);
    char text[16];
    PathOperation read(OperationKind::read_link, folder / "link", sizeof text);
    read.offset = address_of(text);
    ASSERT_EQ(bench_->run(read), 1);
    EXPECT_EQ(text[0], 'b');
    EXPECT_EQ(folder.names(), (std::vector<std::string>{"b", "link"}));
    EXPECT_EQ(run_at(OperationKind::unlink, folder / "link"), 0);
    EXPECT_EQ(run_at(OperationKind::unlink, folder / "b", 1), 0);
    EXPECT_TRUE(folder.names().empty());
}

TEST_P(FileConformance, a_file_is_cut_grown_synced_and_gets_its_mode) {
    make_file(folder / "file", "0123456789");
    const int fd = opened(folder / "file");
    EXPECT_EQ(run_on(OperationKind::truncate, fd, 0, 4), 0);
    EXPECT_EQ(content_of(folder / "file"), "0123");
    EXPECT_EQ(run_on(OperationKind::allocate, fd, 0, 6), 0);
    EXPECT_EQ(content_of(folder / "file"), std::string("0123\0\0", 6));
    EXPECT_EQ(run_on(OperationKind::sync, fd), 0);
    EXPECT_EQ(run_on(OperationKind::sync, fd, 1), 0);
    EXPECT_EQ(run_on(OperationKind::set_mode, fd, 0400), 0);
    struct statx status;
    ASSERT_EQ(stat_of(folder / "file", status), 0);
    EXPECT_EQ(status.stx_mode & 0777, 0400);
    bench_->close(fd);
}

TEST_P(FileConformance, files_beyond_4_GiB_have_their_offsets) {
    const int fd = opened(folder / "large");
    constexpr std::uint64_t far = 5'000'000'000;
    std::string text = "far away";
    TestOperation write(OperationKind::write, fd, text.data(), text.size());
    write.offset = far;
    ASSERT_EQ(bench_->run(write), 8);
    struct statx status;
    ASSERT_EQ(stat_of(folder / "large", status), 0);
    EXPECT_EQ(status.stx_size, far + 8);
    EXPECT_EQ(run_on(OperationKind::truncate, fd, 0, far + 3), 0);
    char buffer[16];
    TestOperation read(OperationKind::read, fd, buffer, sizeof buffer);
    read.offset = far;
    ASSERT_EQ(bench_->run(read), 3);
    EXPECT_EQ(std::string(buffer, 3), "far");
    bench_->close(fd);
}

TEST_P(FileConformance, cached_bytes_are_had_inside_submit_or_as_any_others) {
    make_file(folder / "file", "abcdef");
    const int fd = opened(folder / "file", O_RDONLY);
    char buffer[16];
    for (int i = 0; i < 20; ++i) {
        TestOperation read(OperationKind::read, fd, buffer, sizeof buffer);
        read.offset = 2;
        read.hint = 1;
        ASSERT_EQ(bench_->run(read), 4);
        EXPECT_EQ(std::string(buffer, 4), "cdef");
        read.offset = 6;
        EXPECT_EQ(bench_->run(read), 0);
    }
    TestOperation bad(OperationKind::read, fd, nullptr, 8);
    bad.offset = 0;
    bad.hint = 1;
    EXPECT_EQ(bench_->run(bad), -EFAULT);
    bench_->close(fd);
}

// A disk's files have a page cache that says what it has, which those in memory may not.
TEST_P(FileConformance, on_a_disk_reads_may_be_cached_and_writes_are_writes) {
    const TemporaryFolder disk(true);
    const int fd = opened(disk / "file");
    std::string text = "0123456789";
    TestOperation write(OperationKind::write, fd, text.data(), text.size());
    write.offset = 0;
    write.hint = 1;
    ASSERT_EQ(bench_->run(write), 10);
    EXPECT_EQ(text, "0123456789");
    EXPECT_EQ(content_of(disk / "file"), text);
    char buffer[16];
    TestOperation read(OperationKind::read, fd, buffer, sizeof buffer);
    read.offset = 4;
    read.hint = 1;
    ASSERT_EQ(bench_->run(read), 6);
    EXPECT_EQ(std::string(buffer, 6), "456789");
    bench_->close(fd);
}

TEST_P(FileConformance, a_directory_lists_its_names) {
    for (const char* name : {"one", "two", "three"}) {
        make_file(folder / name, name);
    }
    const int directory = opened(folder.path(), O_RDONLY | O_DIRECTORY);
    alignas(8) char buffer[4096];
    TestOperation list(OperationKind::list, directory, buffer, sizeof buffer);
    EXPECT_GT(bench_->run(list), 3 * 20);
    EXPECT_EQ(bench_->run(list), 0);
    list.size = 1;
    ASSERT_EQ(lseek(directory, 0, SEEK_SET), 0);
    EXPECT_EQ(bench_->run(list), -EINVAL);
    bench_->close(directory);
}

TEST_P(FileConformance, bytes_are_copied_from_file_to_file) {
    make_file(folder / "from", "0123456789");
    const int from = opened(folder / "from", O_RDONLY);
    int to = opened(folder / "to");
    TestOperation copy(OperationKind::copy, from, &to, 100);
    copy.offset = 0;
    const int copied = bench_->run(copy);
    if (copied == -EXDEV || copied == -EOPNOTSUPP) {
        close_both(from, to);
        GTEST_SKIP() << "this file system does not copy";
    }
    EXPECT_EQ(copied, 10);
    EXPECT_EQ(content_of(folder / "to"), "0123456789");
    copy.offset = 10;
    EXPECT_EQ(bench_->run(copy), 0);
    close_both(from, to);
}

TEST_P(FileConformance, each_failure_is_the_kernels) {
    make_file(folder / "file", "x");
    ASSERT_EQ(mkdir((folder / "full").c_str(), 0700), 0);
    make_file(folder / "full/inside", "x");
    ASSERT_EQ(symlink("loop", (folder / "loop").c_str()), 0);
    ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
    struct {
        const char* path;
        int flags;
        int error;
    } const opens[] = {
        {"missing", O_RDONLY, ENOENT},     {"missing/x", create, ENOENT},
        {"file", create | O_EXCL, EEXIST}, {"full", O_WRONLY, EISDIR},
        {"file/x", O_RDONLY, ENOTDIR},     {"file", O_RDONLY | O_DIRECTORY, ENOTDIR},
        {"loop", O_RDONLY, ELOOP},         {"fifo", O_WRONLY, ENXIO},
    };
    for (const auto& [path, flags, error] : opens) {
        OpenOperation open(folder / path, flags);
        EXPECT_EQ(bench_->run(open), -error) << path;
    }
    OpenOperation long_name(folder / std::string(300, 'n'), create);
    EXPECT_EQ(bench_->run(long_name), -ENAMETOOLONG);
    struct statx status;
    EXPECT_EQ(stat_of(folder / "missing", status), -ENOENT);
    EXPECT_EQ(run_at(OperationKind::make_directory, folder / "full", 0700), -EEXIST);
    EXPECT_EQ(run_at(OperationKind::unlink, folder / "missing"), -ENOENT);
    EXPECT_EQ(run_at(OperationKind::unlink, folder / "full"), -EISDIR);
    EXPECT_EQ(run_at(OperationKind::unlink, folder / "full", 1), -ENOTEMPTY);
    EXPECT_EQ(run_at(OperationKind::unlink, folder / "file", 1), -ENOTDIR);
    EXPECT_EQ(run_from_to(OperationKind::rename, folder / "missing", folder / "x"), -ENOENT);
    EXPECT_EQ(run_from_to(OperationKind::rename, folder / "loop", folder / "file", 1), -EEXIST);
    EXPECT_EQ(run_from_to(OperationKind::make_link, "x", folder / "file"), -EEXIST);
}

TEST_P(FileConformance, descriptors_of_the_wrong_kind_fail) {
    make_file(folder / "file", "x");
    const int fd = opened(folder / "file", O_RDONLY);
    EXPECT_EQ(run_on(OperationKind::truncate, fd, 0, 0), -EINVAL);
    EXPECT_EQ(run_on(OperationKind::allocate, fd, 0, 10), -EBADF);
    char byte = 'x';
    TestOperation write(OperationKind::write, fd, &byte, 1);
    write.offset = 0;
    EXPECT_EQ(bench_->run(write), -EBADF);
    TestOperation list(OperationKind::list, fd, &byte, 1);
    EXPECT_EQ(bench_->run(list), -ENOTDIR);
    const int full = opened("/dev/full", O_WRONLY);
    write.fd = full;
    EXPECT_EQ(bench_->run(write), -ENOSPC);
    close_both(fd, full);
    for (const OperationKind kind : {OperationKind::sync, OperationKind::truncate,
                                     OperationKind::allocate, OperationKind::set_mode}) {
        EXPECT_EQ(run_on(kind, fd, 0, 1), -EBADF) << static_cast<int>(kind);
    }
    if (is_real()) {
        const auto [in, out] = bench_->pipe();
        EXPECT_EQ(run_on(OperationKind::sync, out), -EINVAL);
        close_both(in, out);
    }
}

// Cancelled at once, after the kernel has it, and when it is over already.
TEST_P(FileConformance, a_cancelled_call_had_its_effect_or_none) {
    const std::ptrdiff_t before = open_descriptors();
    int effects = 0;
    for (int i = 0; i < 60; ++i) {
        const std::string name = folder / ("n" + std::to_string(i));
        OpenOperation open(name, create | O_EXCL);
        PathOperation make(OperationKind::make_directory, name, 0700);
        TestOperation& operation = i % 2 == 0 ? static_cast<TestOperation&>(open) : make;
        if (!bench_->submit(operation)) {
            if (i % 3 == 1) {
                bench_->turn();
            } else if (i % 3 == 2) {
                bench_->finish(operation);
            }
            driver().cancel(operation);
            if (operation.state != OperationState::done) {
                bench_->finish(operation);
            }
        }
        const bool had_effect = operation.result != -ECANCELED;
        ASSERT_TRUE(operation.result >= 0 || !had_effect) << std::strerror(-operation.result);
        EXPECT_EQ(is_there(name), had_effect) << operation.result;
        effects += had_effect ? 1 : 0;
        if (had_effect && i % 2 == 0) {
            bench_->close(operation.result);
        }
    }
    EXPECT_GT(effects, 0);
    EXPECT_EQ(open_descriptors(), before);
}

// A thread may open it before the driver waits.
TEST_P(KernelConformance, a_descriptor_that_was_just_closed_is_free_for_a_file) {
    const TemporaryFolder folder;
    const Waiting pairs(*bench_, 1);
    OpenOperation refused(folder / "refused", create);
    OpenOperation open(folder / "file", create);
    {
        const NoDescriptorLeft full;
        EXPECT_EQ(bench_->run(refused), -EMFILE);
        bench_->close(pairs.near[0]);
        if (!bench_->submit(open)) {
            for (int i = 0; i < 1000 && !is_there(open.path); ++i) {
                sched_yield();
            }
            bench_->finish(open);
        }
    }
    EXPECT_GE(open.result, 0) << std::strerror(-open.result);
    close_both(open.result, pairs.far[0]);
}

TEST_P(FileConformance, many_calls_are_in_flight_at_once) {
    std::deque<PathOperation> makes;
    for (int i = 0; i < 200; ++i) {
        makes.emplace_back(OperationKind::make_directory, folder / std::to_string(i), 0700u);
        bench_->submit(makes.back());
    }
    for (PathOperation& make : makes) {
        if (make.state != OperationState::done) {
            bench_->finish(make);
        }
        EXPECT_EQ(make.result, 0);
    }
    EXPECT_EQ(folder.names().size(), 200u);
}

TEST_P(FileConformance, cancels_of_many_calls_end_them_all) {
    std::deque<PathOperation> makes;
    std::size_t made = 0;
    for (int i = 0; i < 200; ++i) {
        makes.emplace_back(OperationKind::make_directory, folder / std::to_string(i), 0700u);
        bench_->submit(makes.back());
    }
    for (PathOperation& make : makes) {
        driver().cancel(make);
    }
    for (PathOperation& make : makes) {
        if (make.state != OperationState::done) {
            bench_->finish(make);
        }
        made += make.result == 0 ? 1 : 0;
        EXPECT_TRUE(make.result == 0 || make.result == -ECANCELED) << make.result;
    }
    EXPECT_EQ(folder.names().size(), made);
}

}  // namespace
}  // namespace rondo::test
