// SPDX-License-Identifier: Apache-2.0
// Names of files and directories. What is expected stands in rename(2), unlink(2), rmdir(2),
// mkdir(2), symlink(7), stat(2).
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/over_files.hpp"

namespace rondo::test {
namespace {

RONDO_BEHAVIOUR(path, "rename replaces what has the name", "of a, 1") {
    const TemporaryFolder folder;
    make_file(folder / "a", "of a");
    make_file(folder / "b", "of b");
    co_await os::rename(folder / "a", folder / "b");
    co_return in_order(content_of(folder / "b"), folder.names().size());
}

RONDO_BEHAVIOUR(path, "who has the replaced file open keeps it", "of b") {
    const TemporaryFolder folder;
    make_file(folder / "a", "of a");
    make_file(folder / "b", "of b");
    File old = co_await File::open(folder / "b");
    co_await os::rename(folder / "a", folder / "b");
    co_return co_await old.read_all();
}

RONDO_BEHAVIOUR(path, "rename to the own name does nothing", "done, x") {
    const TemporaryFolder folder;
    make_file(folder / "a", "x");
    const std::string seen = co_await outcome_of(os::rename(folder / "a", folder / "a"));
    co_return in_order(seen, content_of(folder / "a"));
}

RONDO_BEHAVIOUR(path, "rename of nothing is not found", "not_found") {
    const TemporaryFolder folder;
    co_return co_await outcome_of(os::rename(folder / "a", folder / "b"));
}

// EISDIR, ENOTDIR.
RONDO_BEHAVIOUR(path, "files do not replace directories, nor they files", "invalid, invalid") {
    const TemporaryFolder folder;
    make_file(folder / "file", "x");
    co_await os::make_directory(folder / "directory");
    const std::string one = co_await outcome_of(os::rename(folder / "file", folder / "directory"));
    const std::string two = co_await outcome_of(os::rename(folder / "directory", folder / "file"));
    co_return in_order(one, two);
}

RONDO_BEHAVIOUR(path, "a directory replaces an empty one only", "done, exists") {
    const TemporaryFolder folder;
    for (const char* name : {"a", "b", "full"}) {
        co_await os::make_directory(folder / name);
    }
    make_file(folder / "full/inside", "x");
    const std::string empty = co_await outcome_of(os::rename(folder / "a", folder / "b"));
    const std::string full = co_await outcome_of(os::rename(folder / "b", folder / "full"));
    co_return in_order(empty, full);
}

// EINVAL.
RONDO_BEHAVIOUR(path, "a directory does not move into itself", "invalid") {
    const TemporaryFolder folder;
    co_await os::make_directory(folder / "a");
    co_return co_await outcome_of(os::rename(folder / "a", folder / "a/b"));
}

RONDO_BEHAVIOUR(path, "rename_to_free_name replaces nothing", "exists, done") {
    const TemporaryFolder folder;
    make_file(folder / "a", "a");
    make_file(folder / "b", "b");
    const std::string taken =
        co_await outcome_of(os::rename_to_free_name(folder / "a", folder / "b"));
    const std::string free =
        co_await outcome_of(os::rename_to_free_name(folder / "a", folder / "c"));
    co_return in_order(taken, free);
}

RONDO_BEHAVIOUR(path, "remove tells whether there was something", "true, false") {
    const TemporaryFolder folder;
    make_file(folder / "a", "a");
    const bool first = co_await os::remove(folder / "a");
    const bool second = co_await os::remove(folder / "a");
    co_return in_order(first, second);
}

RONDO_BEHAVIOUR(path, "remove takes a link, not what it leads to", "true") {
    const TemporaryFolder folder;
    make_file(folder / "file", "x");
    co_await os::make_link("file", folder / "link");
    co_await os::remove(folder / "link");
    co_return observed(is_there(folder / "file") && !is_there(folder / "link"));
}

RONDO_BEHAVIOUR(path, "remove takes an empty directory, no full one", "true, exists") {
    const TemporaryFolder folder;
    co_await os::make_directory(folder / "empty");
    co_await os::make_directory(folder / "full");
    make_file(folder / "full/inside", "x");
    const bool empty = co_await os::remove(folder / "empty");
    const std::string full = co_await outcome_of(os::remove(folder / "full"));
    co_return in_order(empty, full);
}

RONDO_BEHAVIOUR(path, "remove_all counts the names, and follows no link", "4, kept") {
    const TemporaryFolder folder;
    make_file(folder / "kept", "kept");
    co_await os::make_directories(folder / "tree/a");
    make_file(folder / "tree/a/file", "x");
    co_await os::make_link(folder.path(), folder / "tree/out");
    const std::uint64_t removed = co_await os::remove_all(folder / "tree");
    co_return in_order(removed, content_of(folder / "kept"));
}

RONDO_BEHAVIOUR(path, "remove_all of nothing removes nothing", "0") {
    const TemporaryFolder folder;
    const std::uint64_t removed = co_await os::remove_all(folder / "missing");
    co_return observed(removed);
}

RONDO_BEHAVIOUR(path, "what the kernel makes up is not removed", "no_permission") {
    co_return co_await outcome_of(os::remove("/proc/self/status"));
}

RONDO_BEHAVIOUR(path, "a directory that is there exists, one above is needed",
                "exists, not_found") {
    const TemporaryFolder folder;
    const std::string there = co_await outcome_of(os::make_directory(folder.path()));
    const std::string below = co_await outcome_of(os::make_directory(folder / "missing/below"));
    co_return in_order(there, below);
}

RONDO_BEHAVIOUR(path, "make_directories makes those above, and may find all there",
                "done, done, true") {
    const TemporaryFolder folder;
    const std::string first = co_await outcome_of(os::make_directories(folder / "a/b//c/"));
    const std::string second = co_await outcome_of(os::make_directories(folder / "a/b/c"));
    const FileStatus status = co_await os::stat(folder / "a/b/c");
    co_return in_order(first, second, status.is_directory());
}

// ENOTDIR.
RONDO_BEHAVIOUR(path, "make_directories does not go through a file", "invalid") {
    const TemporaryFolder folder;
    make_file(folder / "file", "x");
    co_return co_await outcome_of(os::make_directories(folder / "file/below"));
}

RONDO_BEHAVIOUR(path, "a temporary directory is new and for its owner only", "true, 448") {
    const TemporaryFolder folder;
    const std::string one = co_await os::make_temporary_directory(folder.path());
    const std::string two = co_await os::make_temporary_directory(folder.path());
    const FileStatus status = co_await os::stat(one);
    co_return in_order(one != two, status.mode);
}

RONDO_BEHAVIOUR(path, "a listing has all names but . and ..", "directory, file, link") {
    const TemporaryFolder folder;
    make_file(folder / "file", "x");
    co_await os::make_directory(folder / "directory");
    co_await os::make_link("file", folder / "link");
    const auto entries = co_await os::list_directory(folder.path());
    std::vector<std::string> names;
    for (const os::DirectoryEntry& entry : entries) {
        names.push_back(entry.name);
    }
    std::sort(names.begin(), names.end());
    co_return in_order(names.at(0), names.at(1), names.at(2));
}

RONDO_BEHAVIOUR(path, "a listing of nothing, of a file, of an empty one", "not_found, invalid, 0") {
    const TemporaryFolder folder;
    make_file(folder / "file", "x");
    co_await os::make_directory(folder / "empty");
    const std::string missing = co_await outcome_of(os::list_directory(folder / "missing"));
    const std::string file = co_await outcome_of(os::list_directory(folder / "file"));
    const auto empty = co_await os::list_directory(folder / "empty");
    co_return in_order(missing, file, empty.size());
}

RONDO_BEHAVIOUR(path, "a thousand names are all listed", "1000") {
    const TemporaryFolder folder;
    for (int i = 0; i < 1000; ++i) {
        make_file(folder / std::to_string(i), "");
    }
    const auto entries = co_await os::list_directory(folder.path());
    co_return observed(entries.size());
}

RONDO_BEHAVIOUR(path, "stat follows links, link_stat does not", "true, true, 4") {
    const TemporaryFolder folder;
    make_file(folder / "file", "12345");
    co_await os::make_link("file", folder / "link");
    const FileStatus file = co_await os::stat(folder / "file");
    const FileStatus through = co_await os::stat(folder / "link");
    const FileStatus link = co_await os::link_stat(folder / "link");
    co_return in_order(file.is_same_file(through), link.type == os::FileType::link, link.size);
}

RONDO_BEHAVIOUR(path, "a link that leads nowhere is there, and leads nowhere",
                "false, not_found, nowhere") {
    const TemporaryFolder folder;
    co_await os::make_link("nowhere", folder / "link");
    const bool there = co_await os::exists(folder / "link");
    const std::string stat = co_await outcome_of(os::stat(folder / "link"));
    const std::string target = co_await os::read_link(folder / "link");
    co_return in_order(there, stat, target);
}

// EINVAL of readlink(2), EEXIST of symlink(2).
RONDO_BEHAVIOUR(path, "a file is no link, and a link takes no name that is had",
                "invalid, exists") {
    const TemporaryFolder folder;
    make_file(folder / "file", "x");
    const std::string read = co_await outcome_of(os::read_link(folder / "file"));
    const std::string make = co_await outcome_of(os::make_link("x", folder / "file"));
    co_return in_order(read, make);
}

RONDO_BEHAVIOUR(path, "a second name is the same file", "2, true") {
    const TemporaryFolder folder;
    make_file(folder / "one", "x");
    [[maybe_unused]] const int made = link((folder / "one").c_str(), (folder / "two").c_str());
    const FileStatus one = co_await os::stat(folder / "one");
    const FileStatus two = co_await os::stat(folder / "two");
    co_return in_order(one.links, one.is_same_file(two));
}

// ------------------------------------------------------------------------------ whole files

RONDO_BEHAVIOUR(path, "replace_file leaves the old to its readers, and nothing else",
                "old, new, 1") {
    const TemporaryFolder folder;
    make_file(folder / "file", "old");
    File reader = co_await File::open(folder / "file");
    co_await os::replace_file(folder / "file", "new");
    const std::string before = co_await reader.read_all();
    const std::string after = co_await os::read_file(folder / "file");
    co_return in_order(before, after, folder.names().size());
}

RONDO_BEHAVIOUR(path, "replace_file keeps the permissions", "true") {
    const TemporaryFolder folder;
    make_file(folder / "file", "old");
    ::chmod((folder / "file").c_str(), 0604);
    co_await os::replace_file(folder / "file", "new");
    const FileStatus status = co_await os::stat(folder / "file");
    co_return observed(status.mode == 0604);
}

RONDO_BEHAVIOUR(path, "a replace_file that cannot be leaves nothing", "invalid, 1") {
    const TemporaryFolder folder;
    co_await os::make_directory(folder / "directory");
    const std::string seen = co_await outcome_of(os::replace_file(folder / "directory", "x"));
    co_return in_order(seen, folder.names().size());
}

RONDO_BEHAVIOUR(path, "write_file writes through a link", "through, true") {
    const TemporaryFolder folder;
    make_file(folder / "file", "x");
    co_await os::make_link("file", folder / "link");
    co_await os::write_file(folder / "link", "through");
    const FileStatus link = co_await os::link_stat(folder / "link");
    co_return in_order(content_of(folder / "file"), link.type == os::FileType::link);
}

RONDO_BEHAVIOUR(path, "copy_file copies over, not onto itself", "text, invalid, text") {
    const TemporaryFolder folder;
    make_file(folder / "from", "text");
    make_file(folder / "to", "something longer");
    co_await os::copy_file(folder / "from", folder / "to");
    const std::string copied = content_of(folder / "to");
    const std::string same = co_await outcome_of(os::copy_file(folder / "from", folder / "from"));
    co_return in_order(copied, same, content_of(folder / "from"));
}

}  // namespace
}  // namespace rondo::test
