// SPDX-License-Identifier: Apache-2.0
/// The state that every readiness driver keeps, and how its operations begin and end.
#pragma once

#include <cstddef>

#include "driver/descriptor_table.hpp"
#include "driver/lease_pool.hpp"
#include "driver/operation_list.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/loop/driver.hpp"

namespace rondo::detail {

class ReadinessBase : public Driver {
public:
    void* lease() noexcept final { return leases_.take(); }
    void give_back(void* lease) noexcept final { leases_.give_back(lease); }

    /// Buffers that receive_leased delivered and nobody gave back.
    std::size_t leases_out() const noexcept { return leases_.out(); }

protected:
    ReadinessBase(int first_descriptor, std::size_t descriptors)
        : table_(first_descriptor, descriptors) {}

    ~ReadinessBase() override {
        RONDO_ASSERT(in_flight_ == 0, "a driver was destroyed with operations in flight");
    }

    static bool end_inside(Operation& operation, int result) noexcept {
        operation.result = result;
        operation.state = OperationState::done;
        return true;
    }

    void begin(Operation& operation) noexcept {
        operation.state = OperationState::in_flight;
        ++in_flight_;
    }

    /// The driver touches `operation` for the last time.
    void finish(Operation& operation) noexcept {
        operation.state = OperationState::done;
        --in_flight_;
        operation.ready(operation);
    }

    void finish_ended() noexcept {
        while (Operation* operation = ended_.pop()) {
            finish(*operation);
        }
    }

    /// `fd` came fresh from the kernel: whatever is known of its number is about someone else.
    int adopt(int fd) noexcept {
        if (Descriptor* descriptor = table_.find(fd)) {
            descriptor->renew();
        }
        return fd;
    }

    /// The socket changes its nature: what was seen of it before says nothing.
    void forget_hints(int fd) noexcept {
        if (Descriptor* descriptor = table_.find(fd)) {
            descriptor->dry = false;
            descriptor->full = false;
        }
    }

    DescriptorTable table_;
    OperationList ended_;  ///< cancelled operations; the next wait() reports them
    LeasePool leases_;
};

}  // namespace rondo::detail
