// SPDX-License-Identifier: Apache-2.0
/// Operations on files, as os::File will make them.
#pragma once

#include <fcntl.h>

#include <string>

#include "driver/driver_harness.hpp"

namespace rondo::test {

inline std::uint64_t address_of(const void* where) {
    return reinterpret_cast<std::uintptr_t>(where);
}

/// An operation on one or two paths, which it keeps.
struct PathOperation : TestOperation {
    std::string path;
    std::string other;

    PathOperation(OperationKind what, std::string at, std::uint32_t number = 0)
        : TestOperation(what, at_working_directory), path(std::move(at)) {
        data = path.data();
        size = number;
        offset = 0;
    }
    PathOperation(OperationKind what, std::string from, std::string to, std::uint32_t number)
        : PathOperation(what, std::move(from), number) {
        other = std::move(to);
        offset = address_of(other.c_str());
    }
};

struct OpenOperation : PathOperation {
    OpenOperation(std::string at, int how, std::uint32_t mode = 0644)
        : PathOperation(OperationKind::open, std::move(at), mode) {
        offset = static_cast<std::uint64_t>(how);
    }
};

/// One on a descriptor, with a number in `size` and one in `offset`.
struct DescriptorOperation : TestOperation {
    DescriptorOperation(OperationKind what, int descriptor, std::uint32_t number = 0,
                        std::uint64_t at = 0)
        : TestOperation(what, descriptor) {
        size = number;
        offset = at;
    }
};

}  // namespace rondo::test
