// SPDX-License-Identifier: Apache-2.0
// A build without HTTP.
#include "torture/scenarios.hpp"

rondo::test::Scenarios rondo::test::http_scenarios() { return {}; }
