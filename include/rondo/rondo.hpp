// SPDX-License-Identifier: Apache-2.0
/// All of rondo::rondo, in reading order. Its parts with dependencies of their own (rondo/http/…)
/// are included by name.
#pragma once

#include "rondo/coro/task.hpp"
#include "rondo/loop/run.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/to_thread.hpp"
#include "rondo/loop/await_operation.hpp"
#include "rondo/io/bytes.hpp"
#include "rondo/net/address.hpp"
#include "rondo/net/tcp_stream.hpp"
#include "rondo/net/tcp_listener.hpp"
#include "rondo/version.hpp"
