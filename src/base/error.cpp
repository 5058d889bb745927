// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/error.hpp"

#include <cerrno>
#include <system_error>

namespace rondo {

std::string_view to_string(Errc code) noexcept {
    switch (code) {
        case Errc::cancelled: return "cancelled";
        case Errc::timed_out: return "timed_out";
        case Errc::refused: return "refused";
        case Errc::unreachable: return "unreachable";
        case Errc::reset: return "reset";
        case Errc::closed: return "closed";
        case Errc::busy: return "busy";
        case Errc::in_use: return "in_use";
        case Errc::exists: return "exists";
        case Errc::not_found: return "not_found";
        case Errc::no_permission: return "no_permission";
        case Errc::exhausted: return "exhausted";
        case Errc::invalid: return "invalid";
        case Errc::not_supported: return "not_supported";
        case Errc::protocol: return "protocol";
        case Errc::unexpected: return "unexpected";
    }
    return "unexpected";
}

Errc errc_of(int os_error) noexcept {
    switch (os_error) {
        case ECANCELED: return Errc::cancelled;
        case ETIMEDOUT:
        case ETIME: return Errc::timed_out;
        case ECONNREFUSED: return Errc::refused;
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
        case ENETDOWN: return Errc::unreachable;
        case ECONNRESET:
        case ECONNABORTED: return Errc::reset;
        case EPIPE:
        case EBADF:
        case ENOTCONN:
        case ESHUTDOWN: return Errc::closed;
        case EBUSY:
        case ETXTBSY:
        case EALREADY:
        case EINPROGRESS: return Errc::busy;
        case EADDRINUSE: return Errc::in_use;
        case EEXIST:
        case ENOTEMPTY: return Errc::exists;
        case ENOENT:
        case ENXIO:
        case ESRCH:
        case ENODEV:
        case EADDRNOTAVAIL: return Errc::not_found;
        case EPERM:
        case EACCES:
        case EROFS: return Errc::no_permission;
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOBUFS:
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
        case EMLINK:
        case ETOOMANYREFS:
        case EAGAIN: return Errc::exhausted;
        case EINVAL:
        case EFAULT:
        case ENOTSOCK:
        case EISDIR:
        case ENOEXEC:
        case E2BIG:
        case ENOTDIR:
        case ENAMETOOLONG:
        case ELOOP:
        case ESPIPE:
        case EXDEV:
        case EMSGSIZE:
        case EISCONN:
        case EDESTADDRREQ: return Errc::invalid;
        case ENOSYS:
        case EOPNOTSUPP:
        case EAFNOSUPPORT:
        case EPROTONOSUPPORT: return Errc::not_supported;
        case EPROTO: return Errc::protocol;
        default: return Errc::unexpected;
    }
}

namespace {

std::string sentence(std::string_view operation, std::string_view object, std::string_view why) {
    std::string text(operation);
    if (!object.empty()) {
        text.append(" ").append(object);
    }
    return text.append(": ").append(why);
}

}  // namespace

Error::Error(std::string_view operation, std::string_view object, int os_error)
    : operation_(operation),
      object_(object),
      what_(sentence(operation, object, std::generic_category().message(os_error))),
      os_error_(os_error),
      code_(errc_of(os_error)) {}

Error::Error(Errc code, std::string_view operation, std::string_view object, std::string_view why)
    : operation_(operation),
      object_(object),
      what_(sentence(operation, object, why)),
      code_(code) {}

TimeoutError::TimeoutError() : Error(Errc::timed_out, "timeout", {}, "the deadline passed") {}

}  // namespace rondo
