// SPDX-License-Identifier: Apache-2.0
#include "tls/openssl.hpp"

#include <string_view>
#include <system_error>

#include "rondo/tls/error.hpp"

namespace rondo::tls::detail {

namespace {

/// "handshake failure" of "sslv3 alert handshake failure".
std::string alert_of(const char* words) {
    std::string_view text = words != nullptr ? words : "unknown";
    for (const std::string_view prefix : {"sslv3 ", "tlsv1 ", "tlsv13 ", "alert "}) {
        if (text.starts_with(prefix)) {
            text.remove_prefix(prefix.size());
        }
    }
    return std::string(text);
}

}  // namespace

std::string take_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) {
        return "OpenSSL gives no reason";
    }
    if (ERR_SYSTEM_ERROR(code)) {
        return std::generic_category().message(ERR_GET_REASON(code));
    }
    const int reason = ERR_GET_REASON(code);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
        return "the peer's alert: " + alert_of(ERR_reason_error_string(code));
    }
    const char* const words = ERR_reason_error_string(code);
    return words != nullptr ? words : "error " + std::to_string(code) + " of OpenSSL";
}

void throw_invalid(const char* operation, const std::string& object) {
    throw TlsError(Errc::invalid, operation, object, take_reason());
}

void check(bool succeeded, const char* operation) {
    if (!succeeded) [[unlikely]] {
        throw TlsError(Errc::exhausted, operation, {}, take_reason());
    }
}

}  // namespace rondo::tls::detail
