// SPDX-License-Identifier: Apache-2.0
// What kernels newer than liburing 2.3 know. Each is probed at run time before it is used.
#pragma once

#include <liburing.h>

#ifndef IORING_ENTER_ABS_TIMER
#define IORING_ENTER_ABS_TIMER (1U << 5)  // Linux 6.12
#endif

#ifndef IORING_ENTER_NO_IOWAIT
#define IORING_ENTER_NO_IOWAIT (1U << 7)  // Linux 6.15
#endif

#ifndef IORING_FEAT_NO_IOWAIT
#define IORING_FEAT_NO_IOWAIT (1U << 17)  // Linux 6.15
#endif

namespace rondo::detail {

inline constexpr int rondo_op_ftruncate = 55;  // IORING_OP_FTRUNCATE, Linux 6.9

}  // namespace rondo::detail
