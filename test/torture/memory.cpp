// SPDX-License-Identifier: Apache-2.0
// operator new, which fails as the calls do. Under AddressSanitizer each coroutine frame comes from
// it as well; elsewhere frames come from slabs, and those do.
#include <cerrno>
#include <cstdlib>
#include <new>

#include "torture/faults.hpp"

extern "C" void* __real_malloc(std::size_t size);

namespace {

void* allocate(std::size_t bytes) noexcept {
    if (rondo::test::Seam::enter("new") != nullptr) {
        return nullptr;
    }
    return __real_malloc(bytes == 0 ? 1 : bytes);
}

void* allocate_aligned(std::size_t bytes, std::align_val_t alignment) noexcept {
    if (rondo::test::Seam::enter("new") != nullptr) {
        return nullptr;
    }
    const auto unit = static_cast<std::size_t>(alignment);
    return std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
}

void* or_throw(void* memory) {
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return or_throw(allocate(bytes)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return or_throw(allocate_aligned(bytes, alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
