// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/queue.hpp"

#include <string>

namespace rondo::detail {

void describe_queue(Describer& out, const void* queue, const char* name, std::size_t items,
                    const char* what) {
    out.add_object(name, queue).add(", ").add(std::to_string(items)).add(what);
}

}  // namespace rondo::detail
