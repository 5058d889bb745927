// SPDX-License-Identifier: Apache-2.0
/// A process that has used up its descriptors.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace rondo::test {

/// While it lives, no number is free that was not when it began.
class NoDescriptorLeft {
public:
    NoDescriptorLeft() : taken_(::dup(0)) {
        EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(taken_) + 1;
        EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    }
    NoDescriptorLeft(const NoDescriptorLeft&) = delete;
    NoDescriptorLeft& operator=(const NoDescriptorLeft&) = delete;
    ~NoDescriptorLeft() {
        EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0);
        ::close(taken_);
    }

private:
    rlimit before_{};
    int taken_;
};

}  // namespace rondo::test
