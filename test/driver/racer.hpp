// SPDX-License-Identifier: Apache-2.0
/// Sets cancels against completions, at random instants.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "driver/driver_harness.hpp"
#include "sim/random.hpp"
#include "support/races.hpp"

namespace rondo::test {

/// Two pages for one operation and its buffer; they are taken away when the operation ended.
class GuardedPages {
public:
    GuardedPages() : size_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
        memory_ = static_cast<char*>(mmap(nullptr, count * 2 * size_, PROT_NONE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    }
    GuardedPages(const GuardedPages&) = delete;
    GuardedPages& operator=(const GuardedPages&) = delete;
    ~GuardedPages() { munmap(memory_, count * 2 * size_); }

    char* open() {
        char* pages = memory_ + next_ * 2 * size_;
        EXPECT_EQ(mprotect(pages, 2 * size_, PROT_READ | PROT_WRITE), 0);
        return pages;
    }
    char* buffer_of(char* pages) const { return pages + size_; }
    void shut(char* pages) {
        EXPECT_EQ(mprotect(pages, 2 * size_, PROT_NONE), 0);
        next_ = (next_ + 1) % count;
    }

private:
    static constexpr std::size_t count = 1024;
    std::size_t size_;
    char* memory_ = nullptr;
    std::size_t next_ = 0;
};

/// Submits operations and cancels each at a random instant.
class Racer {
public:
    explicit Racer(Bench& bench) : bench_(bench) {}

    void run(TestOperation& operation) {
        if (!bench_.submit(operation)) {
            race(operation);
            end(operation);
        }
        EXPECT_EQ(operation.state, OperationState::done);
        ++terminals;
        cancelled += operation.result == -ECANCELED ? 1 : 0;
    }

    /// So many operations ended; some of them were cancelled, and some were not.
    void expect_races(long races) const {
        EXPECT_EQ(terminals, races);
        EXPECT_GT(cancelled, 0);
        EXPECT_LT(cancelled, races);
    }

    detail::SimRandom dice{20'260'000};
    long terminals = 0;
    long cancelled = 0;

private:
    void race(TestOperation& operation) {
        Driver& driver = bench_.driver();
        switch (dice.below(4)) {
            case 1: driver.wait(0); break;
            case 2:
                spin(dice.below(2000));
                driver.wait(0);
                break;
            case 3: driver.wait(driver.now() + 20'000); break;
            default: break;
        }
        if (operation.announced == 0) {
            driver.cancel(operation);
        }
    }

    void end(TestOperation& operation) {
        Driver& driver = bench_.driver();
        for (;;) {
            while (operation.announced == 0) {
                driver.wait(Driver::never);
            }
            ASSERT_EQ(operation.announced, 1);
            if (dice.one_in(3)) {
                driver.cancel(operation);
            }
            if (driver.perform(operation)) {
                return;
            }
            operation.announced = 0;
        }
    }

    Bench& bench_;
};

/// Two ends that a race moves bytes between, and what over.
struct RaceEnds {
    int writer;
    int reader;
    const char* over;
};

class RaceSlow : public DriverTest {};

}  // namespace rondo::test
