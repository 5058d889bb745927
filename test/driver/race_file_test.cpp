// SPDX-License-Identifier: Apache-2.0
// A cancel against the completion of reads, writes and opens of files: what a result says is what
// the file holds, and no descriptor is left.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "driver/file_operation.hpp"
#include "driver/racer.hpp"
#include "support/temporary_folder.hpp"

namespace rondo::test {
namespace {

constexpr std::size_t block = 2048;  // at most what a guarded buffer holds
constexpr std::size_t blocks = 512;

/// A file whose every byte tells where it is.
class NumberedFile {
public:
    explicit NumberedFile(const std::string& path)
        : fd(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {
        std::string text(block * blocks, '\0');
        for (std::size_t i = 0; i < text.size(); ++i) {
            text[i] = byte_at(i);
        }
        EXPECT_EQ(::pwrite(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    }
    NumberedFile(const NumberedFile&) = delete;
    NumberedFile& operator=(const NumberedFile&) = delete;
    ~NumberedFile() { ::close(fd); }

    const int fd;
};

/// What the next race writes or reads, and where; guarded one time in four.
struct Race {
    std::size_t count;
    std::size_t at;
    bool guarded;

    Race(detail::SimRandom& dice, long number)
        : count(1 + dice.below(block)), at(block * dice.below(blocks)), guarded(number % 4 == 0) {}
};

}  // namespace

TEST_P(RaceSlow, cancelled_reads_of_a_file_fill_the_buffer_or_leave_it) {
    const TemporaryFolder folder;
    const NumberedFile file(folder / "numbers");
    Racer racer(*bench_);
    GuardedPages guard;
    const long races = race_count();
    long with_bytes = 0;
    for (long i = 0; i < races; ++i) {
        const Race race(racer.dice, i);
        char stack[block];
        char* pages = race.guarded ? guard.open() : nullptr;
        char* buffer = race.guarded ? guard.buffer_of(pages) : stack;
        std::memset(buffer, 0x5a, block);
        alignas(TestOperation) char place[sizeof(TestOperation)];
        auto* operation = new (race.guarded ? pages : place)
            TestOperation(OperationKind::read, file.fd, buffer, race.count);
        operation->offset = race.at;
        racer.run(*operation);
        const bool stopped = operation->result == -ECANCELED;
        with_bytes += stopped ? 0 : 1;
        const std::size_t got = stopped ? 0 : static_cast<std::size_t>(operation->result);
        ASSERT_TRUE(stopped || got == race.count) << operation->result;
        for (std::size_t k = 0; k < block; ++k) {
            ASSERT_EQ(buffer[k], k < got ? byte_at(race.at + k) : 0x5a);
        }
        if (race.guarded) {
            guard.shut(pages);
        }
    }
    EXPECT_EQ(with_bytes + racer.cancelled, races);
    racer.expect_races(races);
    std::printf("read on %s: %ld races, %ld with bytes, %ld cancelled\n", driver().name(), races,
                with_bytes, racer.cancelled);
}

TEST_P(RaceSlow, cancelled_writes_of_a_file_wrote_what_they_say) {
    const TemporaryFolder folder;
    const NumberedFile file(folder / "numbers");
    Racer racer(*bench_);
    GuardedPages guard;
    std::string mirror(block * blocks, '\0');
    ASSERT_EQ(::pread(file.fd, mirror.data(), mirror.size(), 0),
              static_cast<ssize_t>(mirror.size()));
    const long races = race_count();
    long written = 0;
    for (long i = 0; i < races; ++i) {
        const Race race(racer.dice, i);
        char stack[block];
        char* pages = race.guarded ? guard.open() : nullptr;
        char* buffer = race.guarded ? guard.buffer_of(pages) : stack;
        std::memset(buffer, static_cast<int>(i & 0xff), race.count);
        alignas(TestOperation) char place[sizeof(TestOperation)];
        auto* operation = new (race.guarded ? pages : place)
            TestOperation(OperationKind::write, file.fd, buffer, race.count);
        operation->offset = race.at;
        racer.run(*operation);
        const bool stopped = operation->result == -ECANCELED;
        ASSERT_TRUE(stopped || operation->result > 0) << operation->result;
        const std::size_t got = stopped ? 0 : static_cast<std::size_t>(operation->result);
        written += stopped ? 0 : 1;
        std::copy_n(buffer, got, mirror.begin() + static_cast<std::ptrdiff_t>(race.at));
        char found[block];
        ASSERT_EQ(::pread(file.fd, found, block, static_cast<off_t>(race.at)),
                  static_cast<ssize_t>(block));
        ASSERT_EQ(mirror.compare(race.at, block, found, block), 0) << "race " << i;
        if (race.guarded) {
            guard.shut(pages);
        }
    }
    std::string all(mirror.size(), '\0');
    ASSERT_EQ(::pread(file.fd, all.data(), all.size(), 0), static_cast<ssize_t>(all.size()));
    EXPECT_TRUE(all == mirror);
    EXPECT_EQ(written + racer.cancelled, races);
    racer.expect_races(races);
    std::printf("write on %s: %ld races, %ld written, %ld cancelled\n", driver().name(), races,
                written, racer.cancelled);
}

TEST_P(RaceSlow, cancelled_opens_leave_no_descriptor_and_no_file) {
    const TemporaryFolder folder;
    Racer racer(*bench_);
    const long races = race_count();
    long opened = 0;
    const std::ptrdiff_t before = open_descriptors();
    for (long i = 0; i < races; ++i) {
        OpenOperation open(folder / "file", O_CREAT | O_EXCL | O_RDWR);
        racer.run(open);
        const bool stopped = open.result == -ECANCELED;
        ASSERT_TRUE(stopped || open.result >= 0) << open.result;
        ASSERT_EQ(is_there(folder / "file"), !stopped);
        if (!stopped) {
            ++opened;
            bench_->close(open.result);
            ASSERT_EQ(::unlink((folder / "file").c_str()), 0);
        }
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_EQ(opened + racer.cancelled, races);
    racer.expect_races(races);
    std::printf("open on %s: %ld races, %ld opened, %ld cancelled\n", driver().name(), races,
                opened, racer.cancelled);
}

}  // namespace rondo::test
