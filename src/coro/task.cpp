// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/task.hpp"

namespace rondo::detail {
namespace {

constexpr LeafKind children_kind{[](Leaf&, Scope&) noexcept {}, "its children"};

}  // namespace

constinit Leaf children_leaf{&children_kind};

void fail_task_awaited_twice() noexcept {
    fail("misuse", "a Task was awaited that is empty, moved from, or was awaited before", __FILE__,
         __LINE__);
}

void fail_task_destroyed_while_suspended() noexcept {
    fail("misuse",
         "a Task was destroyed while a coroutine waits inside it; cancel its scope instead",
         __FILE__, __LINE__);
}

}  // namespace rondo::detail
