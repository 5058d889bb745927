// SPDX-License-Identifier: Apache-2.0
/// Failing entries of io_uring: the fault replaces the entry by one that does nothing (a cancel is
/// carried out), and puts the result that the kernel might have given into its completion.
#pragma once

#include <liburing.h>

namespace rondo::test {

class RingFaults {
public:
    static void watch(io_uring& ring);
    static void forget(const io_uring& ring);

    /// Around io_uring_enter, on the ring's thread.
    static void before_enter();
    static void after_enter();
};

}  // namespace rondo::test
