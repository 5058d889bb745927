// SPDX-License-Identifier: Apache-2.0
// Open files: positions, ends, holes, sizes. What is expected stands in open(2), pread(2),
// lseek(2), ftruncate(2).
#include "conformance/over_files.hpp"

namespace rondo::test {
namespace {

RONDO_BEHAVIOUR(file, "a read at the end gives 0, again and again", "0, 0") {
    const TemporaryFolder folder;
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    const std::string first = co_await read_part(file);
    const std::string second = co_await read_part(file);
    co_return in_order(first.size(), second.size());
}

RONDO_BEHAVIOUR(file, "a read near the end gives what there is", "789") {
    const TemporaryFolder folder;
    make_file(folder / "file", "0123456789");
    File file = co_await File::open(folder / "file");
    file.seek(7);
    co_return co_await read_part(file);
}

RONDO_BEHAVIOUR(file, "a read beyond the end gives 0", "0") {
    const TemporaryFolder folder;
    make_file(folder / "file", "0123456789");
    File file = co_await File::open(folder / "file");
    const std::string text = co_await read_part_at(file, 1'000'000);
    co_return observed(text.size());
}

RONDO_BEHAVIOUR(file, "what is written after an end was read is read next", "more") {
    const TemporaryFolder folder;
    make_file(folder / "file", "some");
    File reader = co_await File::open(folder / "file");
    File writer = co_await File::open(folder / "file", OpenOptions::for_appending());
    co_await reader.read_all();
    co_await writer.write_all("more");
    co_return co_await read_part(reader);
}

RONDO_BEHAVIOUR(file, "read_at and write_all_at leave the position", "012, 89, 345") {
    const TemporaryFolder folder;
    make_file(folder / "file", "0123456789");
    File file = co_await File::open(folder / "file", OpenOptions::for_update());
    const std::string first = co_await read_part(file, 3);
    const std::string far = co_await read_part_at(file, 8);
    co_await file.write_all_at("x", 9);
    const std::string next = co_await read_part(file, 3);
    co_return in_order(first, far, next);
}

RONDO_BEHAVIOUR(file, "reads and writes share one position", "01, 01xy4") {
    const TemporaryFolder folder;
    make_file(folder / "file", "01234");
    File file = co_await File::open(folder / "file", OpenOptions::for_update());
    const std::string read = co_await read_part(file, 2);
    co_await file.write_all("xy");
    co_return in_order(read, content_of(folder / "file"));
}

RONDO_BEHAVIOUR(file, "two opens of a file have a position each", "ab, ab") {
    const TemporaryFolder folder;
    make_file(folder / "file", "abcd");
    File one = co_await File::open(folder / "file");
    File two = co_await File::open(folder / "file");
    const std::string first = co_await read_part(one, 2);
    const std::string second = co_await read_part(two, 2);
    co_return in_order(first, second);
}

RONDO_BEHAVIOUR(file, "a write beyond the end leaves a hole of zeros", "ab..cd") {
    const TemporaryFolder folder;
    make_file(folder / "file", "ab");
    File file = co_await File::open(folder / "file", OpenOptions::for_update());
    file.seek(4);
    co_await file.write_all("cd");
    co_return visible(content_of(folder / "file"));
}

RONDO_BEHAVIOUR(file, "a hole takes no room", "1000001, true") {
    const TemporaryFolder folder;
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    co_await file.write_all_at("x", 1'000'000);
    const FileStatus status = co_await file.stat();
    co_return in_order(status.size, status.allocated < 100'000);
}

RONDO_BEHAVIOUR(file, "what is appended goes to the end, wherever the position", "one two, 0") {
    const TemporaryFolder folder;
    make_file(folder / "file", "one ");
    File file = co_await File::open(folder / "file", OpenOptions::for_appending());
    co_await file.write_all("two");
    co_return in_order(content_of(folder / "file"), file.position());
}

RONDO_BEHAVIOUR(file, "two who append overwrite nothing", "abab") {
    const TemporaryFolder folder;
    File one = co_await File::open(folder / "file", OpenOptions::for_appending());
    File two = co_await File::open(folder / "file", OpenOptions::for_appending());
    for (int i = 0; i < 2; ++i) {
        co_await one.write_all("a");
        co_await two.write_all("b");
    }
    co_return content_of(folder / "file");
}

RONDO_BEHAVIOUR(file, "a file opened to append takes nothing at an offset", "invalid") {
    const TemporaryFolder folder;
    File file = co_await File::open(folder / "file", OpenOptions::for_appending());
    co_return co_await outcome_of(file.write_all_at("x", 0));
}

RONDO_BEHAVIOUR(file, "truncate cuts, and grows with zeros", "012, 012..") {
    const TemporaryFolder folder;
    make_file(folder / "file", "0123456789");
    File file = co_await File::open(folder / "file", OpenOptions::for_update());
    co_await file.truncate(3);
    const std::string cut = content_of(folder / "file");
    co_await file.truncate(5);
    co_return in_order(cut, visible(content_of(folder / "file")));
}

RONDO_BEHAVIOUR(file, "truncate leaves the position beyond the end", "4, 0, 0...x") {
    const TemporaryFolder folder;
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    co_await file.write_all("0123");
    co_await file.truncate(1);
    const std::uint64_t position = file.position();
    const std::string none = co_await read_part(file);
    co_await file.write_all("x");
    co_return in_order(position, none.size(), visible(content_of(folder / "file")));
}

RONDO_BEHAVIOUR(file, "a size below zero is invalid", "invalid") {
    const TemporaryFolder folder;
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    co_return co_await outcome_of(file.truncate(std::uint64_t{1} << 63));
}

RONDO_BEHAVIOUR(file, "an offset below zero is invalid", "invalid, invalid") {
    const TemporaryFolder folder;
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    constexpr std::uint64_t far = std::uint64_t{1} << 63;
    const std::string read = co_await outcome_of(read_part_at(file, far));
    const std::string write = co_await outcome_of(file.write_all_at("x", far));
    co_return in_order(read, write);
}

RONDO_BEHAVIOUR(file, "allocate makes room and grows the file", "1000000, true") {
    const TemporaryFolder folder;
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    co_await file.allocate(1'000'000);
    const FileStatus status = co_await file.stat();
    co_return in_order(status.size, status.allocated >= 1'000'000);
}

RONDO_BEHAVIOUR(file, "offsets beyond 4 GiB are what they say", "there, 6000000005") {
    const TemporaryFolder folder;
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    co_await file.write_all_at("there", 6'000'000'000);
    const std::string text = co_await read_part_at(file, 6'000'000'000);
    const std::uint64_t size = co_await file.size();
    co_return in_order(text, size);
}

RONDO_BEHAVIOUR(file, "a megabyte is read as it was written", "true") {
    const TemporaryFolder folder;
    const std::string text = numbered_text(1 << 20);
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    co_await file.write_all(text);
    file.seek(0);
    const std::string found = co_await file.read_all();
    co_return observed(found == text);
}

RONDO_BEHAVIOUR(file, "many reads at offsets run side by side", "true") {
    const TemporaryFolder folder;
    const std::string text = numbered_text(64 * 1000);
    make_file(folder / "file", text);
    File file = co_await File::open(folder / "file");
    std::vector<Task<std::string>> reads;
    for (std::size_t i = 0; i < 64; ++i) {
        reads.push_back(read_part_at(file, i * 1000, 1000));
    }
    const std::vector<std::string> parts = co_await gather(std::move(reads));
    std::string all;
    for (const std::string& part : parts) {
        all += part;
    }
    co_return observed(all == text);
}

RONDO_BEHAVIOUR(file, "writes at offsets, side by side, all arrive", "true") {
    const TemporaryFolder folder;
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    std::string expected;
    std::vector<Task<>> writes;
    auto write_letter = [&file](std::size_t i) -> Task<> {
        const std::string letters(1000, static_cast<char>('a' + i));
        co_await file.write_all_at(letters, i * 1000);
    };
    for (std::size_t i = 0; i < 26; ++i) {
        expected.append(1000, static_cast<char>('a' + i));
        writes.push_back(write_letter(25 - i));
    }
    co_await gather(std::move(writes));
    co_return observed(content_of(folder / "file") == expected);
}

// Whether the read ended before its deadline is the driver's affair.
RONDO_BEHAVIOUR(file, "a read that was given up moved the position by what it gave", "true") {
    const TemporaryFolder folder;
    make_file(folder / "file", numbered_text(1 << 16));
    File file = co_await File::open(folder / "file");
    std::uint64_t given = 0;
    for (int i = 0; i < 20; ++i) {
        const auto text = co_await move_on_after(0s, read_part(file, 100));
        given += text ? text->size() : 0;
    }
    co_return observed(file.position() == given);
}

RONDO_BEHAVIOUR(file, "only to read, only to write: the other is refused", "closed, closed") {
    const TemporaryFolder folder;
    make_file(folder / "file", "x");
    File reader = co_await File::open(folder / "file");
    File writer = co_await File::open(folder / "file", OpenOptions::for_writing());
    const std::string write = co_await outcome_of(reader.write_all("x"));
    const std::string read = co_await outcome_of(read_part(writer));
    co_return in_order(write, read);
}

RONDO_BEHAVIOUR(file, "a file open only to read is not truncated", "invalid") {
    const TemporaryFolder folder;
    make_file(folder / "file", "x");
    File file = co_await File::open(folder / "file");
    co_return co_await outcome_of(file.truncate(0));
}

RONDO_BEHAVIOUR(file, "sync and sync_data of what was written", "done, done") {
    const TemporaryFolder folder(true);
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    co_await file.write_all("x");
    const std::string data = co_await outcome_of(file.sync_data());
    const std::string all = co_await outcome_of(file.sync());
    co_return in_order(data, all);
}

RONDO_BEHAVIOUR(file, "a closed file refuses all calls", "closed, closed, closed, closed") {
    const TemporaryFolder folder;
    File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
    file.close();
    file.close();
    const std::string read = co_await outcome_of(read_part(file));
    const std::string write = co_await outcome_of(file.write_all("x"));
    const std::string sync = co_await outcome_of(file.sync());
    const std::string stat = co_await outcome_of(file.stat());
    co_return in_order(read, write, sync, stat);
}

RONDO_BEHAVIOUR(file, "a removed file lives until it is closed", "text, 0") {
    const TemporaryFolder folder;
    make_file(folder / "file", "text");
    File file = co_await File::open(folder / "file");
    co_await os::remove(folder / "file");
    const std::string text = co_await file.read_all();
    const FileStatus status = co_await file.stat();
    co_return in_order(text, status.links);
}

RONDO_BEHAVIOUR(file, "a temporary file has no name", "gone soon, 0") {
    const TemporaryFolder folder;
    File file = co_await File::temporary(folder.path());
    co_await file.write_all("gone soon");
    const std::string text = co_await read_part_at(file, 0);
    co_return in_order(text, folder.names().size());
}

}  // namespace
}  // namespace rondo::test
