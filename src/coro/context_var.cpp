// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/context_var.hpp"

#include <algorithm>

#include "rondo/base/assert.hpp"
#include "rondo/coro/run_state.hpp"

namespace rondo::detail {
namespace {

thread_local std::shared_ptr<const Context> of_this_thread;

}  // namespace

const std::shared_ptr<const Context>& Context::current() noexcept {
    return local.current != nullptr ? context_of(*local.current) : of_this_thread;
}

const void* Context::find(const void* key) noexcept {
    if (const Context* context = current().get()) {
        for (const Binding& binding : context->bindings_) {
            if (binding.key == key) {
                return binding.value.get();
            }
        }
    }
    return nullptr;
}

Context::Value Context::bind(const void* key, Value value) {
    RONDO_REQUIRE(local.current != nullptr && task_of(*local.current) != nullptr,
                  "a ContextVar is set by a task: call it inside run()");
    auto changed =
        current() != nullptr ? std::make_shared<Context>(*current()) : std::make_shared<Context>();
    auto& bindings = changed->bindings_;
    auto at = std::find_if(bindings.begin(), bindings.end(),
                           [key](const Binding& binding) { return binding.key == key; });
    Value before;
    if (at != bindings.end()) {
        before = std::exchange(at->value, value);
        if (value == nullptr) {
            bindings.erase(at);
        }
    } else if (value != nullptr) {
        bindings.push_back(Binding{key, std::move(value)});
    }
    set_context(*local.current, std::move(changed));
    return before;
}

Context::OnThread::OnThread(std::shared_ptr<const Context> context) noexcept
    : before_(std::exchange(of_this_thread, std::move(context))) {}

Context::OnThread::~OnThread() { of_this_thread = std::move(before_); }

}  // namespace rondo::detail
