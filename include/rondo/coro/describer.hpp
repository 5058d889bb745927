// SPDX-License-Identifier: Apache-2.0
/// How a leaf or a scope says what it waits for, in a dump of tasks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rondo/coro/scope.hpp"

namespace rondo::detail {

/// Collects one description.
class Describer {
public:
    virtual ~Describer() = default;

    Describer& add(std::string_view text) {
        text_.append(text);
        return *this;
    }
    /// ` "name"`, or where it lies in memory when it has no name.
    Describer& add_object(const char* name, const void* object);
    /// `task "name"`, or `task function`. A task that has ended may be passed, its scope gone.
    virtual Describer& add_task(const Scope* scope) = 0;
    /// How long it is until `when` on the driver's clock: "2.5 s left".
    virtual Describer& add_deadline(std::int64_t when) = 0;

    std::string take() noexcept;

private:
    std::string text_;
};

}  // namespace rondo::detail
