// SPDX-License-Identifier: Apache-2.0
// A large file, on a disk, through every way a program may take.
#include <sys/statvfs.h>

#include <cstdio>
#include <cstring>
#include <vector>

#include "os/file_test.hpp"

namespace rondo::test {
namespace {

/// Of whole words, whose order counts.
class Digest {
public:
    void add(const char* data, std::size_t size) {
        for (std::size_t at = 0; at + sizeof(std::uint64_t) <= size; at += sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, data + at, sizeof word);
            hash_ = (hash_ ^ word) * 0x9e3779b97f4a7c15;
            hash_ ^= hash_ >> 29;
        }
    }
    std::uint64_t value() const { return hash_; }

private:
    std::uint64_t hash_ = 0x243f6a8885a308d3;
};

std::uint64_t digest_of(const std::string& path) {
    Digest digest;
    std::vector<char> buffer(1 << 20);
    std::FILE* const file = std::fopen(path.c_str(), "rb");
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file)) {
        digest.add(buffer.data(), got);
    }
    std::fclose(file);
    return digest.value();
}

class CopySlowTest : public FileTest {};

INSTANTIATE_TEST_SUITE_P(os, CopySlowTest, testing::ValuesIn(real_file_drivers()),
                         file_driver_name);

TEST_P(CopySlowTest, a_gibibyte_is_copied_by_the_system_and_by_hand) {
    constexpr std::uint64_t size = std::uint64_t{1} << 30;
    constexpr std::size_t part = std::size_t{1} << 20;
    const TemporaryFolder disk(true);
    struct statvfs space{};
    ASSERT_EQ(statvfs(disk.path().c_str(), &space), 0);
    if (space.f_bavail * space.f_frsize < 3 * size) {
        GTEST_SKIP() << "no room";
    }
    on_driver([&]() -> Task<> {
        Digest written;
        {
            File file = co_await File::open(disk / "from", OpenOptions::for_writing());
            std::string bytes = text_of(part);
            for (std::uint64_t at = 0; at < size; at += part) {
                bytes.replace(at / part % 1000, 8, std::to_string(10'000'000 + at / part));
                written.add(bytes.data(), bytes.size());
                co_await file.write_all(bytes);
            }
        }
        co_await os::copy_file(disk / "from", disk / "to");
        EXPECT_EQ(digest_of(disk / "to"), written.value());
        co_await os::remove(disk / "to");
        File from = co_await File::open(disk / "from");
        File to = co_await File::open(disk / "to", OpenOptions::for_writing());
        std::vector<std::byte> buffer(part + 1);
        for (;;) {
            const std::size_t got = co_await from.read_some(buffer);
            if (got == 0) {
                break;
            }
            co_await to.write_all(Bytes(buffer.data(), got));
        }
        EXPECT_EQ(to.position(), size);
        EXPECT_EQ(digest_of(disk / "to"), written.value());
    });
}

// One call moves at most 2 GiB less a page; more is split.
TEST_P(CopySlowTest, more_than_two_GiB_in_one_call) {
    on_driver([&]() -> Task<> {
        constexpr std::size_t size = (std::size_t{2} << 30) + 4096;
        // Never touched, so it needs no memory.
        const std::unique_ptr<char[]> zeros(new char[size]);
        File null = co_await File::open("/dev/null", OpenOptions::for_writing());
        co_await null.write_all(Bytes(std::string_view(zeros.get(), size)));
        EXPECT_EQ(null.position(), size);
    });
}

}  // namespace
}  // namespace rondo::test
