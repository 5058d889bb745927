// SPDX-License-Identifier: Apache-2.0
// Files as a whole; and that a replacement happens entirely or not at all.
#include <sys/stat.h>
#include <unistd.h>

#include "os/file_test.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

class WholeFilesTest : public FileTest {
protected:
    void expect_old_or_new(const std::string& old_text, const std::string& new_text) const {
        const std::string found = content_of(folder / "file");
        EXPECT_TRUE(found == old_text || found == new_text) << found.size() << " bytes";
        EXPECT_EQ(folder.names(), std::vector<std::string>{"file"}) << "something is left";
    }

    /// Runs `scenario` on a driver whose operations fail as `judge` says.
    template <class Judge, class F>
    void run_failing(Judge& judge, F& scenario) const {
        RunOptions options = GetParam().options;
        auto driver = std::make_unique<PointDriver>(
            make_driver(DriverOptions{options.driver, options.schedule, options.seed}),
            options.seed, [] {});
        driver->fail_by(std::ref(judge));
        run_on(std::move(driver), options, scenario);
    }
};

INSTANTIATE_TEST_SUITE_P(os, WholeFilesTest, testing::ValuesIn(file_drivers()), file_driver_name);

TEST_P(WholeFilesTest, files_are_written_and_read_whole) {
    on_driver([&]() -> Task<> {
        for (const std::size_t size : {0u, 1u, 16'384u, 16'385u, 1'000'000u}) {
            const std::string text = text_of(size);
            co_await os::write_file(folder / "file", text);
            const std::string found = co_await os::read_file(folder / "file");
            EXPECT_TRUE(found == text) << size;
        }
    });
}

TEST_P(WholeFilesTest, a_replacement_keeps_the_permissions) {
    on_driver([&]() -> Task<> {
        co_await os::replace_file(folder / "file", "first");
        os::FileStatus status = co_await os::stat(folder / "file");
        const mode_t mask = umask(0);
        umask(mask);
        EXPECT_EQ(status.mode, 0666u & ~mask);
        EXPECT_EQ(chmod((folder / "file").c_str(), 0604), 0);
        co_await os::replace_file(folder / "file", "second");
        const os::FileStatus after = co_await os::stat(folder / "file");
        EXPECT_EQ(after.mode, 0604u);
        EXPECT_FALSE(after.is_same_file(status));
        EXPECT_EQ(content_of(folder / "file"), "second");
        EXPECT_EQ(folder.names(), std::vector<std::string>{"file"});
    });
}

// Else who replaces a file of another's would make its own content run as itself.
TEST_P(WholeFilesTest, a_replacement_does_not_run_as_its_owner) {
    on_driver([&]() -> Task<> {
        for (const mode_t bits : {04000U, 02000U, 01000U, 07000U}) {
            make_file(folder / "file", "old");
            EXPECT_EQ(chmod((folder / "file").c_str(), bits | 0755), 0);
            const os::FileStatus before = co_await os::stat(folder / "file");
            EXPECT_EQ(before.mode, bits | 0755);
            co_await os::replace_file(folder / "file", "new");
            const os::FileStatus after = co_await os::stat(folder / "file");
            EXPECT_EQ(after.mode, 0755U);
        }
    });
}

TEST_P(WholeFilesTest, a_replacement_of_a_name_without_directory) {
    char before[4096];
    ASSERT_NE(getcwd(before, sizeof before), nullptr);
    ASSERT_EQ(chdir(folder.path().c_str()), 0);
    on_driver([&]() -> Task<> { co_await os::replace_file("file", "here"); });
    ASSERT_EQ(chdir(before), 0);
    EXPECT_EQ(content_of(folder / "file"), "here");
}

TEST_P(WholeFilesTest, a_copy_has_content_and_permissions) {
    on_driver([&]() -> Task<> {
        for (const std::size_t size : {0u, 1u, 100'000u, 3'000'000u}) {
            const std::string text = text_of(size);
            make_file(folder / "from", text);
            EXPECT_EQ(chmod((folder / "from").c_str(), 0640), 0);
            make_file(folder / "to", "what was there before, which is longer than the first ones");
            co_await os::copy_file(folder / "from", folder / "to");
            EXPECT_TRUE(content_of(folder / "to") == text) << size;
            co_await os::copy_file(folder / "from", folder / "new");
            const os::FileStatus status = co_await os::stat(folder / "new");
            EXPECT_EQ(status.mode, 0640u);
            EXPECT_EQ(status.size, size);
            co_await os::remove(folder / "new");
        }
    });
}

TEST_P(WholeFilesTest, a_copy_has_the_permissions_of_what_it_is_a_copy_of) {
    on_driver([&]() -> Task<> {
        for (const mode_t mode : {0600U, 0755U, 0666U, 0444U, 04755U}) {
            make_file(folder / "from", "text");
            EXPECT_EQ(chmod((folder / "from").c_str(), mode), 0);
            make_file(folder / "old", "old text");
            EXPECT_EQ(chmod((folder / "old").c_str(), 0644), 0);
            for (const char* to : {"old", "new"}) {
                co_await os::copy_file(folder / "from", folder / to);
                const os::FileStatus status = co_await os::stat(folder / to);
                EXPECT_EQ(status.mode, mode & 0777) << to;
                EXPECT_EQ(content_of(folder / to), "text");
            }
            co_await os::remove(folder / "new");
            co_await os::remove(folder / "from");
        }
    });
}

// Whichever of the two has more permissions.
TEST_P(WholeFilesTest, a_copy_to_what_has_permissions_that_it_may_not_change_leaves_the_content) {
    for (const auto& [from_mode, to_mode] : {std::pair(0666U, 0600U), std::pair(0600U, 0666U)}) {
        make_file(folder / "from", "new");
        ASSERT_EQ(chmod((folder / "from").c_str(), from_mode), 0);
        make_file(folder / "to", "old");
        ASSERT_EQ(chmod((folder / "to").c_str(), to_mode), 0);
        auto judge = [](const Operation& operation) {
            return operation.kind == OperationKind::set_mode ? -EPERM : 0;
        };
        std::string error;
        auto copy = [&]() -> Task<> { co_await os::copy_file(folder / "from", folder / "to"); };
        auto scenario = [&]() -> Task<> { error = co_await error_of(copy); };
        run_failing(judge, scenario);
        EXPECT_EQ(error.substr(0, 14), "no_permission:") << error;
        EXPECT_EQ(content_of(folder / "to"), "old") << to_mode;
    }
}

TEST_P(WholeFilesTest, a_copy_by_hand_is_the_same) {
    on_driver([&]() -> Task<> {
        const TemporaryFolder other(true);
        const std::string text = text_of(1'000'000);
        make_file(folder / "from", text);
        co_await os::copy_file(folder / "from", other / "to");
        EXPECT_TRUE(content_of(other / "to") == text);
    });
}

// Each operation in turn fails, and has no effect.
TEST_P(WholeFilesTest, a_replacement_that_fails_anywhere_leaves_the_old_or_the_new) {
    const std::string old_text = text_of(1000);
    const std::string new_text = "new" + text_of(100'000);
    int failures = 0;
    for (int nth = 0;; ++nth) {
        make_file(folder / "file", old_text);
        int count = 0;
        bool failed = false;
        auto judge = [&](const Operation& operation) {
            if (operation.kind == OperationKind::close || count++ != nth) {
                return 0;
            }
            failed = true;
            return -EIO;
        };
        std::string error;
        auto replace = [&]() -> Task<> { co_await os::replace_file(folder / "file", new_text); };
        auto scenario = [&]() -> Task<> { error = co_await error_of(replace); };
        run_failing(judge, scenario);
        expect_old_or_new(old_text, new_text);
        EXPECT_EQ(error.empty(), !failed) << error;
        if (!failed) {
            EXPECT_TRUE(content_of(folder / "file") == new_text);
            break;
        }
        EXPECT_NE(error.find("Input/output error"), std::string::npos) << error;
        ++failures;
    }
    EXPECT_GE(failures, 8);
}

TEST_P(WholeFilesTest, a_replacement_that_is_cancelled_anywhere_leaves_the_old_or_the_new) {
    const std::string old_text = text_of(1000);
    const std::string new_text = "new" + text_of(100'000);
    Everywhere where;
    where.driver = GetParam().options.driver;
    where.seed = GetParam().options.schedule == Schedule::fifo ? 0 : GetParam().options.seed;
    int kept = 0;
    int replaced = 0;
    auto check = [&] {
        expect_old_or_new(old_text, new_text);
        ++(content_of(folder / "file") == new_text ? replaced : kept);
    };
    const EverywhereReport report = cancel_everywhere(
        [&]() -> Task<> {
            if (kept + replaced > 0 || is_there(folder / "file")) {
                check();
            }
            make_file(folder / "file", old_text);
            co_await os::replace_file(folder / "file", new_text);
        },
        where);
    check();
    EXPECT_GE(kept, 1);
    EXPECT_GE(replaced, 1);
    if (where.driver != DriverKind::sim) {
        EXPECT_GT(report.stopped, 5u);
        EXPECT_GT(kept, 5);
    }
}

}  // namespace
}  // namespace rondo::test
