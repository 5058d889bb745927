// SPDX-License-Identifier: Apache-2.0
/// A first-in-first-out list through Operation::next.
#pragma once

#include "rondo/loop/operation.hpp"

namespace rondo::detail {

class OperationList {
public:
    OperationList() = default;
    OperationList(const OperationList&) = delete;
    OperationList& operator=(const OperationList&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }

    void push(Operation& operation) noexcept {
        operation.next = nullptr;
        *last_ = &operation;
        last_ = &operation.next;
    }

    /// nullptr when empty.
    Operation* pop() noexcept {
        Operation* operation = first_;
        if (operation != nullptr) {
            first_ = operation->next;
            if (first_ == nullptr) {
                last_ = &first_;
            }
        }
        return operation;
    }

private:
    Operation* first_ = nullptr;
    Operation** last_ = &first_;
};

}  // namespace rondo::detail
