// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/await_operation.hpp"

#include <cerrno>

namespace rondo {

const detail::LeafKind AwaitOperation::leaf{&AwaitOperation::poke, "input or output"};

void AwaitOperation::on_ready(Operation& operation) noexcept {
    auto& self = static_cast<AwaitOperation&>(operation);
    if (self.state == OperationState::runnable) {
        detail::local.loop->perform_soon(self);
        return;
    }
    detail::Scope& scope = *self.scope;
    if (self.result == -ECANCELED && scope.has(detail::Scope::cancelled)) {
        scope.state = detail::ScopeState::idle;
        detail::local.push_stop(scope);
    } else {
        detail::wake(scope);
    }
}

void AwaitOperation::poke(detail::Leaf& at, [[maybe_unused]] detail::Scope& scope) noexcept {
    detail::local.loop->driver().cancel(static_cast<AwaitOperation&>(at));
}

int check_result(int result, std::string_view operation, std::string_view object) {
    if (result < 0) [[unlikely]] {
        throw Error(operation, object, -result);
    }
    return result;
}

}  // namespace rondo
