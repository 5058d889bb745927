// SPDX-License-Identifier: Apache-2.0
// A build without TLS.
#include "torture/scenarios.hpp"

rondo::test::Scenarios rondo::test::tls_scenarios() { return {}; }
