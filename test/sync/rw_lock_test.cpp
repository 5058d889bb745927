// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/rw_lock.hpp"

#include <memory>
#include <optional>
#include <vector>

#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

struct RwCase : CaseBase {
    RwLock lock;
    std::optional<RwLock::WriteGuard> held;

    Task<> block() { held.emplace(co_await lock.write()); }
    Task<> open() {
        held.reset();
        co_return;
    }
    bool whole() const { return lock.readers() == 0 && !lock.write_locked(); }
};
struct RwRead : RwCase {
    static constexpr const char* name = "read";
    explicit RwRead(int) {}
    auto make(Nothing) { return lock.read(); }
};
struct RwWrite : RwCase {
    static constexpr const char* name = "write";
    explicit RwWrite(int) {}
    auto make(Nothing) { return lock.write(); }
};

using RwCases = testing::Types<RwRead, RwWrite>;
INSTANTIATE_TYPED_TEST_SUITE_P(rw_lock, Laws, RwCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(rw_lock, OpenLaws, RwCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(rw_lock, AgainLaws, RwCases, CaseNames);

class RwLockTest : public LedgerTest {
protected:
    RwLock lock;

    Task<> read(std::string word, int turns_held = 0) {
        const RwLock::ReadGuard guard = co_await lock.read();
        log.say(word);
        co_await turns(turns_held);
    }
    Task<> write(std::string word, int turns_held = 0) {
        const RwLock::WriteGuard guard = co_await lock.write();
        log.say(word);
        co_await turns(turns_held);
    }
};
using RwLockDeathTest = RwLockTest;

TEST_F(RwLockTest, readers_share_it) {
    auto main = [&]() -> Task<> {
        TaskHandle<> one = create_task(read("r1", 3));
        TaskHandle<> two = create_task(read("r2", 3));
        co_await yield();
        EXPECT_EQ(lock.readers(), 2U);
        EXPECT_FALSE(lock.write_locked());
        co_await one;
        co_await two;
        EXPECT_EQ(lock.readers(), 0U);
    };
    run_sim(main);
}

TEST_F(RwLockTest, a_writer_is_alone) {
    auto main = [&]() -> Task<> {
        TaskHandle<> writer = create_task(write("w", 2));
        TaskHandle<> reader = create_task(read("r"));
        TaskHandle<> other = create_task(write("w2"));
        co_await yield();
        EXPECT_TRUE(lock.write_locked());
        EXPECT_EQ(lock.readers(), 0U);
        EXPECT_EQ(log.text(), "w");
        co_await writer;
        co_await reader;
        co_await other;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "w r w2");
}

TEST_F(RwLockTest, a_writer_waits_for_the_last_reader) {
    auto main = [&]() -> Task<> {
        TaskHandle<> shorter = create_task(read("short", 1));
        TaskHandle<> longer = create_task(read("long", 4));
        TaskHandle<> writer = create_task(write("writer"));
        co_await shorter;
        co_await yield();
        EXPECT_FALSE(writer.done());
        EXPECT_EQ(lock.readers(), 1U);
        co_await writer;
        EXPECT_TRUE(longer.done());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "short long writer");
}

TEST_F(RwLockTest, a_reader_behind_a_waiting_writer_waits_too) {
    auto main = [&]() -> Task<> {
        TaskHandle<> first = create_task(read("r1", 2));
        TaskHandle<> writer = create_task(write("w", 2));
        TaskHandle<> second = create_task(read("r2"));
        TaskHandle<> third = create_task(read("r3"));
        co_await third;
        co_await first;
        co_await writer;
        co_await second;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "r1 w r2 r3");
}

TEST_F(RwLockTest, endless_readers_do_not_starve_a_writer) {
    auto main = [&]() -> Task<> {
        auto reading = [&]() -> Task<> {
            for (;;) {
                const RwLock::ReadGuard guard = co_await lock.read();
                co_await turns(2);
            }
        };
        TaskHandle<> one = create_task(reading());
        co_await yield();
        TaskHandle<> two = create_task(reading());
        co_await yield();
        co_await write("w");
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "w");
}

TEST_F(RwLockTest, a_writer_that_gives_up_lets_the_readers_behind_it_in) {
    auto main = [&]() -> Task<> {
        TaskHandle<> first = create_task(read("r1", 100));
        TaskHandle<> writer = create_task(write("w"));
        TaskHandle<> second = create_task(read("r2", 100));
        co_await yield();
        EXPECT_EQ(lock.readers(), 1U);
        writer.cancel();
        co_await yield();
        EXPECT_EQ(lock.readers(), 2U);
        EXPECT_TRUE(writer.cancelled());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "r1 r2");
}

TEST_F(RwLockTest, a_writer_that_gives_up_leaves_the_next_writer_waiting) {
    auto main = [&]() -> Task<> {
        TaskHandle<> reader = create_task(read("r", 4));
        TaskHandle<> gone = create_task(write("gone"));
        TaskHandle<> writer = create_task(write("w"));
        TaskHandle<> last = create_task(read("last"));
        co_await yield();
        gone.cancel();
        co_await turns(2);
        EXPECT_FALSE(writer.done());
        co_await last;
        co_await reader;
        co_await writer;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "r w last");
}

TEST_F(RwLockTest, a_stop_inside_releases_both_kinds) {
    auto main = [&]() -> Task<> {
        TaskHandle<> writer = create_task(write("w", 100));
        TaskHandle<> reader = create_task(read("r", 100));
        co_await yield();
        writer.cancel();
        co_await turns(2);
        EXPECT_EQ(lock.readers(), 1U);
        reader.cancel();
        co_await turns(2);
        EXPECT_EQ(lock.readers(), 0U);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "w r");
}

TEST_F(RwLockTest, guards_move_and_release_once) {
    auto main = [&]() -> Task<> {
        RwLock::ReadGuard one = co_await lock.read();
        RwLock::ReadGuard two = co_await lock.read();
        EXPECT_EQ(lock.readers(), 2U);
        one = std::move(two);
        EXPECT_EQ(lock.readers(), 1U);
        one.unlock();
        one.unlock();
        EXPECT_EQ(lock.readers(), 0U);
        RwLock::WriteGuard writer = co_await lock.write();
        const RwLock::WriteGuard moved = std::move(writer);
        EXPECT_TRUE(lock.write_locked());
    };
    run_sim(main);
    EXPECT_FALSE(lock.write_locked());
}

TEST_F(RwLockDeathTest, must_not_die_while_held) {
    auto main = []() -> Task<> {
        auto mine = std::make_unique<RwLock>();
        const RwLock::ReadGuard guard = co_await mine->read();
        mine.reset();
    };
    EXPECT_DEATH(run_sim(main), "a RwLock was destroyed while held or waited for");
}

TEST_F(RwLockTest, never_mixes_readers_and_writers_and_is_free_at_the_end_for_all_seeds) {
    int reads = 0;
    int writes = 0;
    for (std::uint64_t seed = 1; seed <= stress_seeds; ++seed) {
        RwLock mutex;
        Random random(seed);
        int readers = 0;
        int writers = 0;
        struct Count {
            int& count;
            explicit Count(int& of) : count(of) { ++count; }
            ~Count() { --count; }
        };
        auto round = [&](int worker) -> Task<> {
            if (worker % 3 == 0) {
                const RwLock::WriteGuard guard = co_await mutex.write();
                const Count here(writers);
                EXPECT_EQ(readers, 0);
                EXPECT_EQ(writers, 1);
                ++writes;
                co_await some_time(random);
            } else {
                const RwLock::ReadGuard guard = co_await mutex.read();
                const Count here(readers);
                EXPECT_EQ(writers, 0);
                ++reads;
                co_await some_time(random);
            }
        };
        stress(seed, round, [&] {
            EXPECT_EQ(mutex.readers(), 0U);
            EXPECT_FALSE(mutex.write_locked());
        });
    }
    EXPECT_GT(reads, 500);
    EXPECT_GT(writes, 200);
}

}  // namespace rondo::test
