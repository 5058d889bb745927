// SPDX-License-Identifier: Apache-2.0
#include "torture/scenarios.hpp"

#include <iterator>

namespace rondo::test {

Scenarios all_scenarios() {
    Scenarios all;
    for (Scenarios (*const some)() :
         {&tcp_scenarios, &server_scenarios, &datagram_scenarios, &unix_scenarios,
          &descriptor_scenarios, &file_scenarios, &process_scenarios, &task_scenarios,
          &thread_scenarios, &name_scenarios, &tls_scenarios, &http_scenarios}) {
        Scenarios these = some();
        all.insert(all.end(), std::make_move_iterator(these.begin()),
                   std::make_move_iterator(these.end()));
    }
    return all;
}

}  // namespace rondo::test
