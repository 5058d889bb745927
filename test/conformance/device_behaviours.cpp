// SPDX-License-Identifier: Apache-2.0
// What is no file and is opened as one: devices, FIFOs, files that the kernel makes up. What is
// expected stands in full(4), null(4), fifo(7), proc(5).
#include <sys/stat.h>

#include "conformance/over_files.hpp"

namespace rondo::test {
namespace {

RONDO_BEHAVIOUR(device, "full takes nothing", "exhausted") {
    co_return co_await outcome_of(os::write_file("/dev/full", "x"));
}

RONDO_BEHAVIOUR(device, "null takes all and has nothing", "done, 0") {
    const std::string write = co_await outcome_of(os::write_file("/dev/null", "x"));
    const std::string text = co_await os::read_file("/dev/null");
    co_return in_order(write, text.size());
}

RONDO_BEHAVIOUR(device, "zero has zeros, as many as are wanted", "...") {
    File zero = co_await File::open("/dev/zero");
    const std::string zeros = co_await read_part(zero, 3);
    co_return visible(zeros);
}

// Their size is 0 all the same.
RONDO_BEHAVIOUR(device, "a file that the kernel makes up is read to its end", "0, true") {
    const FileStatus status = co_await os::stat("/proc/version");
    const std::string text = co_await os::read_file("/proc/version");
    co_return in_order(status.size, text.starts_with("Linux"));
}

constexpr const char* no_fifos = "FIFOs are the kernel's";

// fifo(7), open(2): ENXIO.
RONDO_BEHAVIOUR_REAL(device, "a FIFO that nobody reads is not found for writing", "not_found",
                     no_fifos) {
    const TemporaryFolder folder;
    mkfifo((folder / "fifo").c_str(), 0600);
    co_return co_await outcome_of_open(folder / "fifo", OpenOptions::for_writing());
}

RONDO_BEHAVIOUR_REAL(device, "a FIFO ends when its last writer closes", "text, 0", no_fifos) {
    const TemporaryFolder folder;
    mkfifo((folder / "fifo").c_str(), 0600);
    File reader = co_await File::open(folder / "fifo");
    File writer = co_await File::open(folder / "fifo", OpenOptions::for_writing());
    co_await writer.write_all("text");
    writer.close();
    const std::string text = co_await read_part(reader);
    const std::string end = co_await read_part(reader);
    co_return in_order(text, end.size());
}

// ESPIPE.
RONDO_BEHAVIOUR_REAL(device, "a FIFO has no offsets", "invalid", no_fifos) {
    const TemporaryFolder folder;
    mkfifo((folder / "fifo").c_str(), 0600);
    File reader = co_await File::open(folder / "fifo");
    co_return co_await outcome_of(read_part_at(reader, 0));
}

}  // namespace
}  // namespace rondo::test
