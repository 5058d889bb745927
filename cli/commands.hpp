// SPDX-License-Identifier: Apache-2.0
/// The subcommands: each adds itself to the program, and sets `action` when it was chosen.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace rondo::cli {

/// Does the work after the command line was understood; gives the exit code.
using Action = std::function<int()>;

void add_demo(CLI::App& program, Action& action);
void add_fetch(CLI::App& program, Action& action);
void add_doctor(CLI::App& program, Action& action);

}  // namespace rondo::cli
