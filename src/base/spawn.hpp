// SPDX-License-Identifier: Apache-2.0
/// Starting a program in a new process, with a descriptor of that process.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rondo::detail {

/// What the child was doing when it failed.
enum class SpawnStep : std::uint8_t {
    clone,
    session,
    limits,
    identity,
    directory,
    descriptors,
    execute,
};

/// Where one of the child's descriptors comes from.
struct SpawnDescriptor {
    static constexpr int null_device = -1;
    int from;  ///< the parent's, or null_device
    int to;    ///< the child's
};

struct SpawnLimit {
    int resource;
    std::uint64_t soft;
    std::uint64_t hard;
};

/// All that the child needs, as it can be used between clone and exec: the child shares the
/// parent's memory, and neither allocates nor calls what might lock.
struct SpawnRequest {
    const char* const* candidates = nullptr;  ///< paths to try in order; null at the end
    const char* const* arguments = nullptr;
    const char* const* environment = nullptr;
    const char* directory = nullptr;         ///< null: the parent's
    SpawnDescriptor* descriptors = nullptr;  ///< consumed
    std::size_t descriptor_count = 0;
    bool error_follows_output = false;  ///< the child's 2 is what its 1 is in the end
    const SpawnLimit* limits = nullptr;
    std::size_t limit_count = 0;
    bool new_session = false;
    bool new_group = false;
    bool has_identity = false;
    unsigned user = 0;
    unsigned group = 0;
    const unsigned* groups = nullptr;
    std::size_t group_count = 0;

    // What became of it.
    int pid = -1;
    int pidfd = -1;  ///< close-on-exec
    int error = 0;   ///< errno
    SpawnStep step = SpawnStep::clone;
};

/// Starts the program. True: `pid` and `pidfd` are those of a child that executes it. False:
/// `error` and `step` say why not, and no process is left. Blocks until the program is loaded.
///
/// The child has no signal blocked; those that the parent catches, and SIGPIPE, have their default
/// action; those that the parent ignores are ignored. Of the parent's descriptors it has 0, 1 and 2
/// unless they are replaced (the null device for a closed one), and what `descriptors` lists, no
/// other. Thread-safe.
bool spawn_process(SpawnRequest& request) noexcept;

/// For spawn_process: what the child runs on the stack that it is given.
int run_spawned_child(void* request) noexcept;

}  // namespace rondo::detail
