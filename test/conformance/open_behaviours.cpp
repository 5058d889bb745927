// SPDX-License-Identifier: Apache-2.0
// How files are opened: flags, permissions, and what stands in the way. What is expected stands in
// open(2) and path_resolution(7).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/over_files.hpp"

namespace rondo::test {
namespace {

RONDO_BEHAVIOUR(open, "a missing file is not found", "not_found") {
    const TemporaryFolder folder;
    co_return co_await outcome_of_open(folder / "missing");
}

RONDO_BEHAVIOUR(open, "for_writing makes a file", "open, new") {
    const TemporaryFolder folder;
    const std::string seen = co_await outcome_of_open(folder / "new", OpenOptions::for_writing());
    const std::vector<std::string> names = folder.names();
    co_return in_order(seen, names.at(0));
}

RONDO_BEHAVIOUR(open, "for_writing empties a file, for_update does not", "0, 3") {
    const TemporaryFolder folder;
    make_file(folder / "emptied", "abc");
    make_file(folder / "kept", "abc");
    File emptied = co_await File::open(folder / "emptied", OpenOptions::for_writing());
    File kept = co_await File::open(folder / "kept", OpenOptions::for_update());
    const std::uint64_t one = co_await emptied.size();
    const std::uint64_t two = co_await kept.size();
    co_return in_order(one, two);
}

RONDO_BEHAVIOUR(open, "for_update makes none", "not_found") {
    const TemporaryFolder folder;
    co_return co_await outcome_of_open(folder / "missing", OpenOptions::for_update());
}

RONDO_BEHAVIOUR(open, "a new file must not be there", "exists, abc") {
    const TemporaryFolder folder;
    make_file(folder / "file", "abc");
    const std::string seen =
        co_await outcome_of_open(folder / "file", OpenOptions::for_a_new_file());
    co_return in_order(seen, content_of(folder / "file"));
}

// open(2), O_EXCL: fails regardless of where the symbolic link points.
RONDO_BEHAVIOUR(open, "a new file follows no link, other creation does", "exists, open, true") {
    const TemporaryFolder folder;
    co_await os::make_link("target", folder / "link");
    const std::string exclusive =
        co_await outcome_of_open(folder / "link", OpenOptions::for_a_new_file());
    const std::string other = co_await outcome_of_open(folder / "link", OpenOptions::for_writing());
    co_return in_order(exclusive, other, is_there(folder / "target"));
}

RONDO_BEHAVIOUR(open, "of many who make a new file one does", "1") {
    const TemporaryFolder folder;
    std::vector<Task<std::string>> opens;
    for (int i = 0; i < 20; ++i) {
        opens.push_back(outcome_of_open(folder / "file", OpenOptions::for_a_new_file()));
    }
    const std::vector<std::string> seen = co_await gather(std::move(opens));
    co_return observed(std::count(seen.begin(), seen.end(), "open"));
}

RONDO_BEHAVIOUR(open, "in a missing directory nothing is made", "not_found") {
    const TemporaryFolder folder;
    co_return co_await outcome_of_open(folder / "missing/file", OpenOptions::for_writing());
}

// EISDIR: of the open for writing, of the read for reading.
RONDO_BEHAVIOUR(open, "a directory is neither written nor read", "invalid, open, invalid") {
    const TemporaryFolder folder;
    const std::string write = co_await outcome_of_open(folder.path(), OpenOptions::for_writing());
    const std::string open = co_await outcome_of_open(folder.path());
    File directory = co_await File::open(folder.path());
    const std::string read = co_await outcome_of(read_part(directory));
    co_return in_order(write, open, read);
}

// ENOTDIR, ELOOP, ENAMETOOLONG.
RONDO_BEHAVIOUR(open, "paths through files, in circles, too long: invalid",
                "invalid, invalid, invalid") {
    const TemporaryFolder folder;
    make_file(folder / "file", "x");
    co_await os::make_link("loop", folder / "loop");
    const std::string through = co_await outcome_of_open(folder / "file/below");
    const std::string circle = co_await outcome_of_open(folder / "loop");
    const std::string component = co_await outcome_of_open(folder / std::string(256, 'n'));
    co_return in_order(through, circle, component);
}

RONDO_BEHAVIOUR(open, "a name has 255 bytes at most, a path 4095", "open, not_found, invalid") {
    const TemporaryFolder folder;
    const std::string name =
        co_await outcome_of_open(folder / std::string(255, 'n'), OpenOptions::for_writing());
    std::string path = folder.path();
    while (path.size() < 4095) {
        path += "/x";
    }
    path.resize(4095, 'x');
    const std::string longest = co_await outcome_of_open(path);
    const std::string longer = co_await outcome_of_open(path + "x");
    co_return in_order(name, longest, longer);
}

RONDO_BEHAVIOUR(open, "an empty path is not found, one with a zero is invalid",
                "not_found, invalid") {
    const std::string empty = co_await outcome_of_open("");
    const std::string zero = co_await outcome_of_open(std::string("/dev/null\0x", 11));
    co_return in_order(empty, zero);
}

RONDO_BEHAVIOUR(open, "permissions are those asked for, less the umask", "600, 640") {
    const TemporaryFolder folder;
    const mode_t before = umask(0137);
    OpenOptions options = OpenOptions::for_writing();
    options.mode = 0600;
    File strict = co_await File::open(folder / "strict", options);
    options.mode = 0777;
    File masked = co_await File::open(folder / "masked", options);
    umask(before);
    const FileStatus one = co_await strict.stat();
    const FileStatus two = co_await masked.stat();
    char text[32];
    std::snprintf(text, sizeof text, "%o, %o", one.mode, two.mode);
    co_return observed(text);
}

RONDO_BEHAVIOUR(open, "set_mode heeds no umask", "true") {
    const TemporaryFolder folder;
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    co_await file.set_mode(0777);
    const FileStatus status = co_await file.stat();
    co_return observed(status.mode == 0777);
}

RONDO_BEHAVIOUR(open, "descriptors are close-on-exec", "true") {
    File file = co_await File::open("/dev/null");
    co_return observed((fcntl(file.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
}

// ETXTBSY.
RONDO_BEHAVIOUR(open, "a program that runs is busy for writers", "busy") {
    co_return co_await outcome_of_open("/proc/self/exe", OpenOptions::for_update());
}

RONDO_BEHAVIOUR(open, "neither to read nor to write is invalid", "invalid") {
    OpenOptions neither;
    neither.read = false;
    co_return co_await outcome_of_open("/dev/null", neither);
}

RONDO_BEHAVIOUR(open, "opens that are given up leave no descriptor", "true") {
    const TemporaryFolder folder;
    make_file(folder / "file", "x");
    const auto before = descriptors_open();
    for (int i = 0; i < 20; ++i) {
        TaskHandle<std::string> open = create_task(outcome_of_open(folder / "file"));
        co_await yield();
        open.cancel();
        co_await ended(open);
    }
    auto left = descriptors_open();
    for (int tries = 0; left != before && tries < 100; ++tries) {
        co_await sleep(1ms);
        left = descriptors_open();
    }
    co_return observed(left == before);
}

}  // namespace
}  // namespace rondo::test
