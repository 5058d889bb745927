// SPDX-License-Identifier: Apache-2.0
/// The buffers of receive_leased: last in, first out, so that the next receive meets a warm cache.
#pragma once

#include <array>
#include <cstddef>

namespace rondo::detail {

class LeasePool {
public:
    static constexpr std::size_t kept_max = 64;  ///< 16 MiB; what a peak needed beyond is freed

    LeasePool() = default;
    LeasePool(const LeasePool&) = delete;
    LeasePool& operator=(const LeasePool&) = delete;
    ~LeasePool();

    /// A buffer of Driver::lease_size bytes, or nullptr when memory ran out.
    void* take() noexcept;
    void give_back(void* buffer) noexcept;

    /// False when take() would ask the allocator for more than the pool will ever keep.
    bool has_spare() const noexcept { return kept_count_ > 0 || out_ < kept_max; }

    /// Buffers taken and not yet given back.
    std::size_t out() const noexcept { return out_; }

private:
    std::array<void*, kept_max> kept_{};
    std::size_t kept_count_ = 0;
    std::size_t out_ = 0;
};

}  // namespace rondo::detail
