// SPDX-License-Identifier: Apache-2.0
/// A folder for one test, with helpers that look at files past the library.
#pragma once

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::test {

class TemporaryFolder {
public:
    /// In memory, where that can be had; `on_disk`: in TMPDIR, or else /tmp.
    explicit TemporaryFolder(bool on_disk = false) {
        const char* const named = std::getenv("TMPDIR");
        const std::string disk = named != nullptr ? named : "/tmp";
        const bool has_memory = access("/dev/shm", W_OK | X_OK) == 0;
        path_ = (has_memory && !on_disk ? "/dev/shm" : disk) + "/rondo_test_XXXXXX";
        EXPECT_NE(mkdtemp(path_.data()), nullptr);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
        EXPECT_FALSE(error) << error.message();
    }

    const std::string& path() const noexcept { return path_; }
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

    /// The names in it, in order.
    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(path_)) {
            names.push_back(entry.path().filename());
        }
        std::sort(names.begin(), names.end());
        return names;
    }

private:
    std::string path_;
};

/// What is at `path`; "" when nothing is.
inline std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void make_file(const std::string& path, std::string_view content) {
    std::ofstream file(path, std::ios::binary);
    file << content;
    file.close();
    ASSERT_TRUE(file.good()) << path;
}

inline bool is_there(const std::string& path) {
    struct stat status;
    return lstat(path.c_str(), &status) == 0;
}

}  // namespace rondo::test
