// SPDX-License-Identifier: Apache-2.0
#include "driver/uring/probe.hpp"

#include <cerrno>
#include <cstring>
#include <string_view>

#include "driver/uring/ring.hpp"

namespace rondo::detail {
namespace {

struct Named {
    unsigned bit;
    std::string_view name;
};

constexpr Named known_features[] = {
    {IORING_FEAT_NODROP, "nodrop"},       {IORING_FEAT_EXT_ARG, "ext_arg"},
    {IORING_FEAT_FAST_POLL, "fast_poll"}, {IORING_FEAT_RW_CUR_POS, "rw_cur_pos"},
    {IORING_FEAT_CQE_SKIP, "cqe_skip"},   {IORING_FEAT_LINKED_FILE, "linked_file"},
    {IORING_FEAT_NO_IOWAIT, "no_iowait"},
};

void append(std::string& list, std::string_view name) {
    list += list.empty() ? "" : ", ";
    list += name;
}

}  // namespace

UringProbe probe_uring(const UringMask& mask) {
    UringProbe result;
    Uring ring;
    result.error = ring.open({}, mask);
    for (const Named& feature : known_features) {
        const bool hidden = feature.bit == IORING_FEAT_NO_IOWAIT && !mask.no_iowait;
        if ((ring.features() & feature.bit) != 0 && !hidden) {
            append(result.features, feature.name);
        }
    }
    if (result.error != 0) {
        return result;
    }
    append(result.features, "defer_taskrun");
    if (ring.is_registered()) {
        append(result.features, "registered_ring");
    }
    if (ring.has_absolute_timer()) {
        append(result.features, "abs_timer");
    }
    if (ring.has(rondo_op_ftruncate)) {
        append(result.features, "ftruncate");
    }
    return result;
}

std::string explain_uring_error(int error) {
    switch (-error) {
        case ENOSYS: return "the kernel has no io_uring, or a sandbox hides it";
        case EPERM:
        case EACCES: return "io_uring is forbidden here (seccomp or kernel.io_uring_disabled)";
        case EINVAL: return "the kernel's io_uring lacks DEFER_TASKRUN (Linux 6.1)";
        case EOPNOTSUPP: return "the kernel's io_uring lacks operations that Rondo needs";
        case ENOMEM: return "io_uring found no memory (RLIMIT_MEMLOCK or a cgroup's limit)";
        case EMFILE:
        case ENFILE: return "no descriptor was left for io_uring";
        default: return std::string("io_uring failed: ") + std::strerror(-error);
    }
}

}  // namespace rondo::detail
