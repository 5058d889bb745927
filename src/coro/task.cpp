// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/task.hpp"

#include <exception>
#include <new>

#include "coro/function_name.hpp"
#include "rondo/base/report.hpp"

namespace rondo::detail {
namespace {

constexpr LeafKind children_kind{[](Leaf&, Scope&) noexcept {}, "its children"};

}  // namespace

constinit Leaf children_leaf{&children_kind};

void fail_task_awaited_twice() noexcept {
    fail("misuse", "a Task was awaited that is empty, moved from, or was awaited before", __FILE__,
         __LINE__);
}

// Tasks that die with the frame of a stopped or failing one are no mistake.
void check_dropped(const PromiseBase& promise) noexcept {
    RONDO_REQUIRE(
        promise.owner == nullptr,
        "a Task was destroyed while a coroutine waits inside it; cancel its scope instead");
    if ((!local.debugging && !debug_wanted()) || local.unwinding ||
        std::uncaught_exceptions() > 0) {
        return;
    }
    try {
        report("task " + describe_place(promise.place) + " was never awaited");
    } catch (const std::bad_alloc&) {
        report("a task was never awaited");
    }
}

}  // namespace rondo::detail
