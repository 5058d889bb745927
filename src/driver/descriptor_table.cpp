// SPDX-License-Identifier: Apache-2.0
#include "driver/descriptor_table.hpp"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <new>

namespace rondo::detail {

DescriptorTable::DescriptorTable(int first, std::size_t count) : first_(first), count_(count) {
    void* memory = mmap(nullptr, count_ * sizeof(Descriptor), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::bad_alloc();
    }
    entries_ = static_cast<Descriptor*>(memory);
}

DescriptorTable::~DescriptorTable() { munmap(entries_, count_ * sizeof(Descriptor)); }

std::size_t DescriptorTable::process_limit() noexcept {
    constexpr std::size_t least = 1024;
    constexpr std::size_t most = std::size_t{1} << 22;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return most;
    }
    return std::clamp(static_cast<std::size_t>(limit.rlim_max), least, most);
}

}  // namespace rondo::detail
