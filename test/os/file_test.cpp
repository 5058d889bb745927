// SPDX-License-Identifier: Apache-2.0
// Files that are opened, read, written and measured.
#include "os/file_test.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "rondo/io/stream.hpp"

namespace rondo::test {
namespace {

static_assert(io::ByteStream<File>);

INSTANTIATE_TEST_SUITE_P(os, FileTest, testing::ValuesIn(file_drivers()), file_driver_name);
INSTANTIATE_TEST_SUITE_P(os, KernelFileTest, testing::ValuesIn(kernel_file_drivers()),
                         file_driver_name);

TEST_P(FileTest, what_was_written_is_read) {
    on_driver([&]() -> Task<> {
        const std::string text = text_of(300'000);
        File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
        EXPECT_TRUE(file.is_open());
        EXPECT_EQ(file.name(), folder / "file");
        co_await file.write_all(text);
        EXPECT_EQ(file.position(), text.size());
        file.seek(0);
        const std::string found = co_await file.read_all();
        EXPECT_TRUE(found == text);
        const std::uint64_t size = co_await file.size();
        EXPECT_EQ(size, text.size());
        EXPECT_TRUE(content_of(folder / "file") == text);
        file.close();
        file.close();
        EXPECT_FALSE(file.is_open());
    });
}

TEST_P(FileTest, on_a_disk_it_is_the_same) {
    const TemporaryFolder disk(true);
    on_driver([&]() -> Task<> {
        const std::string text = text_of(300'000);
        File file = co_await File::open(disk / "file", OpenOptions::for_a_new_file());
        co_await file.write_all(text);
        file.seek(0);
        const std::string found = co_await file.read_all();
        EXPECT_TRUE(found == text);
        std::string part(10'000, '\0');
        const std::size_t got = co_await file.read_at(part, 295'000);
        EXPECT_TRUE(part.substr(0, got) == text.substr(295'000));
        co_await os::replace_file(disk / "file", "short");
        co_await os::copy_file(disk / "file", disk / "copy");
        EXPECT_EQ(content_of(disk / "copy"), "short");
    });
}

TEST_P(FileTest, the_position_is_the_files_own) {
    make_file(folder / "file", "0123456789");
    on_driver([&]() -> Task<> {
        File file = co_await File::open(folder / "file", OpenOptions::for_update());
        std::array<char, 4> four{};
        std::size_t got = co_await file.read_some(four);
        EXPECT_EQ(std::string_view(four.data(), got), "0123");
        got = co_await file.read_at(four, 8);
        EXPECT_EQ(std::string_view(four.data(), got), "89");
        EXPECT_EQ(file.position(), 4u);
        co_await file.write_all("xy");
        co_await file.write_all_at("z", 9);
        got = co_await file.read_some(four);
        EXPECT_EQ(std::string_view(four.data(), got), "678z");
        got = co_await file.read_some(four);
        EXPECT_EQ(got, 0u);
        file.seek(100);
        got = co_await file.read_some(four);
        EXPECT_EQ(got, 0u);
        EXPECT_EQ(content_of(folder / "file"), "0123xy678z");
        co_await file.write_all("!");
        const std::uint64_t size = co_await file.size();
        EXPECT_EQ(size, 101u);
    });
}

TEST_P(FileTest, a_position_is_taken_when_the_read_is_awaited) {
    make_file(folder / "file", "0123456789");
    on_driver([&]() -> Task<> {
        File file = co_await File::open(folder / "file");
        std::array<char, 2> two{};
        auto read = file.read_some(two);
        file.seek(6);
        const std::size_t got = co_await read;
        EXPECT_EQ(std::string_view(two.data(), got), "67");
        EXPECT_EQ(file.position(), 8u);
    });
}

TEST_P(FileTest, appending_goes_to_the_end_and_leaves_the_position) {
    make_file(folder / "file", "one ");
    on_driver([&]() -> Task<> {
        OpenOptions options = OpenOptions::for_appending();
        options.read = true;
        File file = co_await File::open(folder / "file", options);
        File other = co_await File::open(folder / "file", OpenOptions::for_appending());
        co_await file.write_all("two ");
        co_await other.write_all("three ");
        co_await file.write_all("four");
        EXPECT_EQ(file.position(), 0u);
        const std::string all = co_await file.read_all();
        EXPECT_EQ(all, "one two three four");
        const std::string error = co_await error_of([&] { return file.write_all_at("x", 0); });
        EXPECT_EQ(error.substr(0, 14), "invalid: write");
    });
}

TEST_P(FileTest, a_second_use_of_the_position_is_busy_and_positioned_ones_are_not) {
    make_file(folder / "file", text_of(1 << 20));
    on_driver([&]() -> Task<> {
        File file = co_await File::open(folder / "file", OpenOptions::for_update());
        std::string whole(1 << 20, '\0');
        int busy = 0;
        auto read = [&]() -> Task<> {
            std::string own(1 << 19, '\0');
            try {
                co_await file.read_some(own);
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), Errc::busy) << error.what();
                ++busy;
            }
        };
        auto read_at = [&](std::size_t place) -> Task<> {
            const MutableBytes part(reinterpret_cast<std::byte*>(whole.data()) + place, 1 << 18);
            const std::size_t got = co_await file.read_at(part, place);
            EXPECT_EQ(got, 1u << 18);
        };
        co_await gather(read, read, read_at(0), read_at(1 << 18), read_at(2 << 18),
                        read_at(3 << 18));
        EXPECT_LE(busy, 1);
        if (GetParam().options.driver != DriverKind::sim) {
            EXPECT_EQ(busy, 1);
        }
        EXPECT_TRUE(whole == text_of(1 << 20));
        file.seek(0);
        const std::size_t got = co_await file.read_some(whole);
        EXPECT_GT(got, 0u) << "nobody holds the position any more";
    });
}

TEST_P(FileTest, modes_and_flags_are_what_was_asked_for) {
    on_driver([&]() -> Task<> {
        OpenOptions options = OpenOptions::for_writing();
        options.mode = 0600;
        File file = co_await File::open(folder / "file", options);
        EXPECT_EQ(fcntl(file.descriptor(), F_GETFD), FD_CLOEXEC);
        EXPECT_EQ(fcntl(file.descriptor(), F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY);
        co_await file.write_all("long text");
        os::FileStatus status = co_await file.stat();
        EXPECT_EQ(status.mode, 0600u);
        co_await file.set_mode(0640);
        status = co_await file.stat();
        EXPECT_EQ(status.mode, 0640u);
        EXPECT_EQ(status.size, 9u);
        EXPECT_TRUE(status.is_file());
        EXPECT_GT(status.modified.time_since_epoch().count(), 0);
        file = co_await File::open(folder / "file", options);
        const std::uint64_t size = co_await file.size();
        EXPECT_EQ(size, 0u) << "for_writing empties it";
    });
}

TEST_P(FileTest, a_file_is_cut_grown_and_synced) {
    on_driver([&]() -> Task<> {
        File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
        co_await file.write_all("0123456789");
        co_await file.truncate(4);
        EXPECT_EQ(content_of(folder / "file"), "0123");
        co_await file.allocate(6);
        EXPECT_EQ(content_of(folder / "file"), std::string("0123\0\0", 6));
        co_await file.sync_data();
        co_await file.sync();
    });
}

TEST_P(FileTest, offsets_beyond_4_GiB) {
    on_driver([&]() -> Task<> {
        constexpr std::uint64_t far = 6'000'000'000;
        File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
        co_await file.write_all_at("there", far);
        file.seek(far);
        std::array<char, 8> buffer{};
        std::size_t got = co_await file.read_some(buffer);
        EXPECT_EQ(std::string_view(buffer.data(), got), "there");
        EXPECT_EQ(file.position(), far + 5);
        got = co_await file.read_at(buffer, far - 8);
        EXPECT_EQ(got, 8u);
        const std::uint64_t size = co_await file.size();
        EXPECT_EQ(size, far + 5);
        co_await file.truncate(0);
    });
}

TEST_P(FileTest, a_temporary_file_has_no_name) {
    on_driver([&]() -> Task<> {
        File file = co_await File::temporary(folder.path());
        co_await file.write_all("gone soon");
        file.seek(5);
        const std::string rest = co_await file.read_all();
        EXPECT_EQ(rest, "soon");
        EXPECT_TRUE(folder.names().empty());
    });
}

TEST_P(FileTest, a_file_is_a_stream_of_bytes) {
    make_file(folder / "file", text_of(100'000));
    on_driver([&]() -> Task<> {
        io::Stream from = co_await File::open(folder / "file");
        io::Stream to = co_await File::open(folder / "copy", OpenOptions::for_writing());
        for (;;) {
            const io::Lease part = co_await from.read_leased();
            if (part.empty()) {
                break;
            }
            co_await to.write_all(part.bytes());
        }
        co_await to.shutdown_write();
        EXPECT_EQ(to.name(), folder / "copy");
        EXPECT_TRUE(content_of(folder / "copy") == text_of(100'000));
    });
}

TEST_P(KernelFileTest, a_fifo_is_a_stream_and_waits_for_its_bytes) {
    ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
    on_driver([&]() -> Task<> {
        const std::string nobody = co_await error_of(
            [&] { return File::open(folder / "fifo", OpenOptions::for_writing()); });
        EXPECT_EQ(nobody.substr(0, 10), "not_found:");
        File reader = co_await File::open(folder / "fifo");
        EXPECT_FALSE(reader.has_position());
        std::array<char, 16> buffer{};
        std::size_t got = 0;
        const auto early = co_await move_on_after(1ms, reader.read_some(buffer));
        EXPECT_FALSE(early.has_value()) << "nobody has opened it for writing yet";
        File writer = co_await File::open(folder / "fifo", OpenOptions::for_writing());
        auto read = [&]() -> Task<> { got = co_await reader.read_some(buffer); };
        auto write = [&]() -> Task<> {
            co_await turns(10);
            EXPECT_EQ(got, 0u);
            co_await writer.write_all("bytes");
        };
        co_await gather(read, write);
        EXPECT_EQ(got, 5u);
        const auto nothing = co_await move_on_after(1ms, read);
        EXPECT_FALSE(nothing.has_value());
        const std::string large = text_of(1 << 20);
        std::string all;
        auto read_all = [&]() -> Task<> { all = co_await reader.read_all(); };
        auto write_large = [&]() -> Task<> {
            co_await writer.write_all(large);
            writer.close();
        };
        co_await gather(read_all, write_large);
        EXPECT_TRUE(all == large);
        got = co_await reader.read_some(buffer);
        EXPECT_EQ(got, 0u) << "the last writer is gone";
    });
}

TEST_P(KernelFileTest, a_stream_has_no_position) {
    ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
    on_driver([&]() -> Task<> {
        File reader = co_await File::open(folder / "fifo");
        File writer = co_await File::open(folder / "fifo", OpenOptions::for_writing());
        EXPECT_THROW(reader.seek(0), Error);
        std::array<char, 4> buffer{};
        const std::string read = co_await error_of([&] { return reader.read_at(buffer, 0); });
        EXPECT_EQ(read.substr(0, 13), "invalid: read");
        const std::string write = co_await error_of([&] { return writer.write_all_at("x", 0); });
        EXPECT_EQ(write.substr(0, 14), "invalid: write");
        const std::string large(1 << 20, 'x');
        const auto done = co_await move_on_after(1ms, writer.write_all(large));
        EXPECT_FALSE(done.has_value());
        const std::string broken = co_await error_of([&] { return writer.write_all("more"); });
        EXPECT_NE(broken.find("ended halfway"), std::string::npos) << broken;
    });
}

TEST_P(FileTest, devices_and_files_that_the_system_makes_up) {
    on_driver([&]() -> Task<> {
        File zero = co_await File::open("/dev/zero");
        std::string bytes(10'000, 'x');
        const std::size_t got = co_await zero.read_some(bytes);
        EXPECT_GT(got, 0u);
        EXPECT_EQ(bytes.substr(0, got), std::string(got, '\0'));
        File null = co_await File::open("/dev/null", OpenOptions::for_writing());
        co_await null.write_all("nothing");
        const std::string version = co_await os::read_file("/proc/version");
        EXPECT_EQ(version.substr(0, 5), "Linux");
        co_await os::copy_file("/proc/version", folder / "version");
        EXPECT_EQ(content_of(folder / "version"), version);
    });
}

TEST_P(FileTest, many_small_files) {
    const int count = GetParam().options.driver == DriverKind::sim ? 500 : 10'000;
    on_driver([&]() -> Task<> {
        auto write = [&](int number) -> Task<> {
            const std::string text = std::to_string(number);
            co_await os::write_file(folder / text, text);
        };
        std::vector<Task<>> writes;
        for (int i = 0; i < count; ++i) {
            writes.push_back(write(i));
        }
        co_await gather(limit(16), std::move(writes));
        const auto entries = co_await os::list_directory(folder.path());
        EXPECT_EQ(entries.size(), static_cast<std::size_t>(count));
        for (const os::DirectoryEntry& entry : entries) {
            EXPECT_EQ(entry.type, os::FileType::regular);
        }
        for (int i = 0; i < count; i += 7) {
            const std::string text = co_await os::read_file(folder / std::to_string(i));
            EXPECT_EQ(text, std::to_string(i));
        }
        const std::uint64_t removed = co_await os::remove_all(folder.path());
        EXPECT_EQ(removed, static_cast<std::uint64_t>(count) + 1);
        co_await os::make_directory(folder.path());
    });
}

TEST_P(FileTest, moved_from_and_closed_files_say_so) {
    on_driver([&]() -> Task<> {
        File file = co_await File::open(folder / "file", OpenOptions::for_a_new_file());
        File other = std::move(file);
        EXPECT_FALSE(file.is_open());
        co_await other.write_all("x");
        other.close();
        std::array<char, 4> buffer{};
        const std::string read = co_await error_of([&] { return other.read_some(buffer); });
        EXPECT_EQ(read, "closed: read a closed file: Bad file descriptor");
        const std::string write = co_await error_of([&] { return other.write_all("x"); });
        EXPECT_EQ(write, "closed: write a closed file: Bad file descriptor");
        const std::string sync = co_await error_of([&] { return other.sync(); });
        EXPECT_EQ(sync, "closed: sync a closed file: Bad file descriptor");
    });
}

}  // namespace
}  // namespace rondo::test
