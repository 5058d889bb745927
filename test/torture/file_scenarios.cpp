// SPDX-License-Identifier: Apache-2.0
// Every call on files and on their names.
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

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

Task<> file_calls() {
    const Folder folder;
    const std::string path = folder.at("file");
    os::File file = co_await os::File::open(path, os::OpenOptions::for_a_new_file());
    co_await file.allocate(4096);
    co_await file.truncate(0);
    co_await file.write_all("0123456789");
    co_await file.write_all_at("ab", 2);
    file.seek(0);
    const std::string all = co_await file.read_all();
    require(all == "01ab456789", "other bytes than were written");
    std::array<char, 4> room{};
    const std::size_t got = co_await file.read_at(room, 6);
    require(std::string_view("6789").starts_with(std::string_view(room.data(), got)),
            "other bytes than were written");
    co_await file.set_mode(0600);
    co_await file.sync_data();
    co_await file.sync();
    const std::uint64_t size = co_await file.size();
    require(size == 10, "another size than was written");
}

Task<> appended_file() {
    const Folder folder;
    const std::string path = folder.at("log");
    for (const char* const line : {"one\n", "two\n"}) {
        os::File file = co_await os::File::open(path, os::OpenOptions::for_appending());
        co_await file.write_all(line);
    }
    os::File reader = co_await os::File::open(path);
    io::BufferedStream lines{io::Stream(std::move(reader))};
    const std::optional<std::string> first = co_await lines.read_line();
    const std::optional<std::string> second = co_await lines.read_line();
    require(first == "one" && second == "two", "other lines than were written");
}

Task<> temporary_file() {
    const Folder folder;
    os::File file = co_await os::File::temporary(folder.path());
    co_await file.write_all("gone");
    file.seek(0);
    const std::string seen = co_await file.read_all();
    require(seen == "gone", "other bytes than were written");
    require(folder.entries() == 0, "a temporary file with a name");
}

// Reads and writes of one file beside each other.
Task<> parallel_file() {
    const Folder folder;
    os::File file = co_await os::File::open(folder.at("shared"), os::OpenOptions::for_a_new_file());
    auto write = [&file](std::uint64_t at) -> Task<> {
        const std::string part(5000, static_cast<char>('a' + at));
        co_await file.write_all_at(part, at * 5000);
    };
    co_await gather(write(0), write(1), write(2), write(3));
    auto read = [&file](std::uint64_t at) -> Task<> {
        std::array<char, 100> room{};
        const std::size_t got = co_await file.read_at(room, at * 5000);
        require(got > 0 && room[0] == static_cast<char>('a' + at), "another part");
    };
    co_await gather(read(0), read(1), read(2), read(3));
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

Task<bool> is_taken(const std::string& from, const std::string& to) {
    try {
        co_await os::rename_to_free_name(from, to);
    } catch (const Error& error) {
        if (error.code() != Errc::exists) {
            throw;
        }
        co_return true;
    }
    co_return false;
}

Task<> file_names() {
    const Folder folder;
    const std::string within = co_await os::make_temporary_directory(folder.path());
    const std::string one = within + "/one";
    const std::string other = within + "/other";
    co_await os::write_file(one, "1");
    const bool first = co_await is_taken(one, other);
    require(!first, "a free name was taken");
    co_await os::write_file(one, "2");
    const bool second = co_await is_taken(one, other);
    require(second, "a name was taken twice");
    const bool removed = co_await os::remove(one);
    const bool again = co_await os::remove(one);
    require(removed && !again, "a file was removed twice");
    co_await os::make_directory(one);
    const auto entries = co_await os::list_directory(within);
    require(entries.size() == 2, "a listing that misses something");
}

}  // namespace

Scenarios file_scenarios() {
    return {
        {"whole files", &whole_files},       {"replaced file", &replaced_file},
        {"file calls", &file_calls},         {"appended file", &appended_file},
        {"temporary file", &temporary_file}, {"parallel file", &parallel_file},
        {"directories", &directories},       {"file names", &file_names, EEXIST},
    };
}

}  // namespace rondo::test
