// SPDX-License-Identifier: Apache-2.0
/// Tests of files that run on each driver: the real ones, io_uring also with fewer features, and
/// the simulation in several orders.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "net/net_test.hpp"
#include "rondo/os/file.hpp"
#include "rondo/os/paths.hpp"
#include "rondo/os/whole_files.hpp"
#include "support/temporary_folder.hpp"

namespace rondo::test {

using os::File;
using os::OpenOptions;

/// A driver, and what io_uring must do without.
struct FileDriver {
    RunOptions options;
    std::string mask;

    FileDriver(RunOptions with, std::string without)
        : options(std::move(with)), mask(std::move(without)) {}
};

inline std::vector<FileDriver> file_drivers() {
    std::vector<FileDriver> drivers;
    for (const RunOptions& options : all_drivers()) {
        drivers.emplace_back(options, "");
        if (options.driver == DriverKind::uring) {
            drivers.emplace_back(options, "6.1");
            drivers.emplace_back(options, "6.1,files");
        }
    }
    return drivers;
}

inline std::vector<FileDriver> kernel_file_drivers() {
    std::vector<FileDriver> drivers = file_drivers();
    std::erase_if(
        drivers, [](const FileDriver& driver) { return driver.options.driver == DriverKind::sim; });
    return drivers;
}

/// As a program has them.
inline std::vector<FileDriver> real_file_drivers() {
    std::vector<FileDriver> drivers = kernel_file_drivers();
    std::erase_if(drivers, [](const FileDriver& driver) { return !driver.mask.empty(); });
    return drivers;
}

inline std::string file_driver_name(const testing::TestParamInfo<FileDriver>& info) {
    std::string name = driver_name(info.param.options);
    name += info.param.mask.empty() ? "" : "_" + info.param.mask;
    const auto is_sign = [](char letter) { return std::ispunct(letter) != 0; };
    std::replace_if(name.begin(), name.end(), is_sign, '_');
    return name;
}

inline void PrintTo(const FileDriver& driver, std::ostream* out) {
    *out << file_driver_name({driver, 0});
}

class FileTest : public LedgerTest, public testing::WithParamInterface<FileDriver> {
protected:
    void SetUp() override {
        if (!GetParam().mask.empty()) {
            setenv("RONDO_URING_MASK", GetParam().mask.c_str(), 1);
        }
    }
    void TearDown() override {
        unsetenv("RONDO_URING_MASK");
        LedgerTest::TearDown();
    }

    /// Runs `main` on the driver of this test.
    template <class F>
    auto on_driver(F&& main) {
        return run(std::forward<F>(main), GetParam().options);
    }

    /// Runs `main` to its end on a driver of the test's making.
    template <class F>
    static void run_on(std::unique_ptr<Driver> driver, const RunOptions& options, F& main) {
        EventLoop loop(std::move(driver), options);
        detail::MainScope<void, detail::StarterOf<F&>> scope(std::in_place, main);
        scope.start(loop);
        loop.run_main(scope);
        loop.shut_down();
        EXPECT_EQ(scope.state, detail::ScopeState::value);
    }

    static Task<> turns(int count) {
        for (int i = 0; i < count; ++i) {
            co_await yield();
        }
    }

    /// What awaiting it fails with: "exists: open /tmp/x: File exists"; "" when it does not.
    template <class F>
    static Task<std::string> error_of(F call) {
        try {
            co_await call();
        } catch (const Error& error) {
            co_return std::string(to_string(error.code())) + ": " + error.what();
        }
        co_return std::string();
    }

    /// Waits for a task that may have been stopped; true when it was not.
    template <class T>
    static Task<bool> ended(TaskHandle<T>& handle) {
        try {
            co_await handle;
        } catch (const Cancelled&) {
            co_return false;
        }
        co_return true;
    }

    TemporaryFolder folder;
};

/// For what the simulation would block in: pipes of the kernel.
class KernelFileTest : public FileTest {};

/// A text in which each place can be told from the others.
inline std::string text_of(std::size_t size) { return numbered_text(size); }

}  // namespace rondo::test
