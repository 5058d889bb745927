// SPDX-License-Identifier: Apache-2.0
/// What the two drivers of a real kernel share: clock, wake-up, and the threads for calls that
/// block.
///
/// `Body` adds wait(), which calls finish_pooled(), and hands cancels of operation_pooled
/// operations to take_back().
#pragma once

#include <cerrno>

#include "driver/file_calls.hpp"
#include "driver/file_pool.hpp"
#include "driver/kernel_calls.hpp"
#include "driver/monotonic.hpp"
#include "driver/readiness_driver.hpp"
#include "driver/readiness_edges.hpp"
#include "driver/readiness_submit.hpp"
#include "driver/wake_signal.hpp"

namespace rondo::detail {

template <class Body>
class KernelDriver : public ReadinessDriver<Body, KernelCalls> {
    using Base = ReadinessDriver<Body, KernelCalls>;

public:
    void wake() noexcept final { wake_.raise(); }
    Driver::Time now() noexcept final { return monotonic_now(); }
    void block_for(Driver::Time nanoseconds) noexcept final { monotonic_sleep(nanoseconds); }
    std::uint64_t entropy() noexcept final { return kernel_entropy(); }

protected:
    /// True: a read took what the page cache had, and ended. A thread or the kernel's queue would
    /// cost more than the copy.
    bool read_cached(Operation& operation) noexcept {
        if (operation.kind != OperationKind::read || operation.hint == 0 ||
            operation.size > cached_read_max) {
            return false;
        }
        const int result = KernelCalls::read_cached(operation);
        return result >= 0 && Base::end_inside(operation, result);
    }

    /// Lends the operation to a thread, in the place that it needs at the descriptor, if any.
    bool submit_to_pool(Operation& operation, Descriptor* stream) noexcept {
        operation.flags |= operation_lent | operation_pooled;
        Base::begin(operation);
        if (const int error = pool_.submit(operation); error != 0) {
            --Base::in_flight_;
            return Base::end_inside(operation, error);
        }
        if (stream != nullptr) {
            take_place(operation, *stream);
        }
        return false;
    }

    /// Cancels an operation that no thread has begun with.
    void take_back(Operation& operation) noexcept {
        if (pool_.take_back(operation)) {
            leave(operation);
            operation.result = -ECANCELED;
            Base::ended_.push(operation);
        }
    }

    void finish_pooled() noexcept {
        while (Operation* operation = pool_.next_ended()) {
            finish_lent(*operation);
        }
    }

    /// An operation that the kernel or a thread had is done.
    void finish_lent(Operation& operation) noexcept {
        leave(operation);
        if (operation.kind == OperationKind::open) {
            operation.result = adopt_opened(operation.result);
        } else if (operation.kind == OperationKind::accept && operation.result >= 0) {
            adopt_accepted(Base::calls_, Base::table_, operation, *Base::table_.find(operation.fd));
        }
        Base::finish(operation);
    }

    WakeSignal wake_;

private:
    friend Body;
    KernelDriver() : Base(0, DescriptorTable::process_limit()) {}
    static constexpr std::uint32_t cached_read_max = 64 * 1024;

    void leave(const Operation& operation) noexcept {
        if (Descriptor* descriptor = Base::table_.find(operation.fd)) {
            leave_place(operation, *descriptor);
        }
    }

    int adopt_opened(int fd) noexcept {
        if (fd >= 0 && Base::table_.find(fd) == nullptr) {
            KernelCalls::close(fd);
            return -EMFILE;
        }
        return Base::adopt(fd);
    }

    FilePool pool_{wake_};
};

}  // namespace rondo::detail
