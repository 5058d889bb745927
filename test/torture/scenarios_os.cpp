// SPDX-License-Identifier: Apache-2.0
// Files and processes. What a failed run leaves in its folder, the folder's end removes, by calls
// that are not counted.
#include <dirent.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "rondo/rondo.hpp"
#include "torture/faults.hpp"
#include "torture/scenarios.hpp"

namespace rondo::test {
namespace {

/// A folder of its own for a run.
class Folder {
public:
    Folder() {
        std::string name = "/tmp/rondo-torture-XXXXXX";
        require(mkdtemp(name.data()) != nullptr, "no temporary folder");
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        Seam::disarm();
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string at(const char* name) const { return path_ + "/" + name; }

    std::size_t entries() const {
        DIR* const folder = opendir(path_.c_str());
        require(folder != nullptr, "the folder went away");
        std::size_t count = 0;
        while (const dirent* const entry = readdir(folder)) {
            count += entry->d_name[0] != '.' ? 1 : 0;
        }
        closedir(folder);
        return count;
    }

private:
    std::string path_;
};

}  // namespace

Task<> whole_files() {
    const Folder folder;
    const std::string text(100'000, 't');
    const std::string one = folder.at("one");
    const std::string other = folder.at("other");
    co_await os::write_file(one, text);
    co_await os::copy_file(one, other);
    const std::string seen = co_await os::read_file(other);
    require(seen == text, "the copy differs");
    os::File file = co_await os::File::open(one);
    const os::FileStatus status = co_await file.stat();
    require(status.size == text.size(), "another size than was written");
    co_await file.sync();
}

// Whatever fails: the old bytes or the new ones, and nothing beside them.
Task<> replaced_file() {
    const Folder folder;
    const std::string path = folder.at("settings");
    co_await os::write_file(path, "old");
    const auto check = [&folder, &path]() -> Task<> {
        const std::string seen = co_await os::read_file(path);
        require(seen == "old" || seen == "new", "a mixed file");
        require(folder.entries() == 1, "something was left beside the file");
    };
    std::exception_ptr failed;
    try {
        co_await os::replace_file(path, "new");
    } catch (const Error&) {
        failed = std::current_exception();
    }
    co_await check();
    if (failed != nullptr) {
        std::rethrow_exception(failed);
    }
}

Task<> directories() {
    const Folder folder;
    const std::string deep = folder.at("a/b/c");
    const std::string top = folder.at("a");
    const std::string link = folder.at("a/link");
    co_await os::make_directories(deep);
    co_await os::make_link("b", link);
    const std::string target = co_await os::read_link(link);
    require(target == "b", "another target than the link's");
    const auto entries = co_await os::list_directory(top);
    require(entries.size() == 2, "a listing that misses something");
    const std::string renamed = folder.at("z");
    co_await os::rename(top, renamed);
    const std::uint64_t removed = co_await os::remove_all(renamed);
    require(removed == 4, "another number than there were");
}

Task<> processes() {
    os::ProcessOptions echo = os::command("/bin/echo", "hello");
    echo.out = os::Stdio::pipe();
    const os::CompletedProcess done = co_await os::run(std::move(echo));
    require(done.out == "hello\n", "another output than the child's");
}

}  // namespace rondo::test
