// SPDX-License-Identifier: Apache-2.0
// Compiler facts that more than one header needs.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define RONDO_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RONDO_ASAN 1
#endif
#endif
#ifndef RONDO_ASAN
#define RONDO_ASAN 0
#endif

#define RONDO_NOINLINE __attribute__((noinline))
#define RONDO_INLINE __attribute__((always_inline)) inline
