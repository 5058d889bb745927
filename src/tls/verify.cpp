// SPDX-License-Identifier: Apache-2.0
// Why a connection failed, and what is checked beyond OpenSSL's own checks.
#include <algorithm>
#include <string>
#include <vector>

#include "tls/certificate.hpp"
#include "tls/connection.hpp"

namespace rondo::tls::detail {

namespace {

/// Names of a certificate for a message: a few, without what cannot be printed.
std::string some_names(X509* certificate) {
    constexpr std::size_t names_max = 4;
    std::vector<std::string> names = dns_names(certificate);
    for (std::string& address : ip_addresses(certificate)) {
        names.push_back(std::move(address));
    }
    if (names.empty()) {
        return "the certificate is for no name; a common name does not count";
    }
    std::string text = "the certificate is for ";
    for (std::size_t i = 0; i < std::min(names.size(), names_max); ++i) {
        text += (i == 0 ? "" : ", ") + names[i];
    }
    if (names.size() > names_max) {
        text += ", …";
    }
    std::replace_if(
        text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; }, '?');
    return text;
}

std::string which(int code, int depth, X509* certificate) {
    if (code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        return some_names(certificate);
    }
    return (depth == 0 ? "the peer's own, " : "number " + std::to_string(depth) + " above it, ") +
           name_text(X509_get_subject_name(certificate));
}

}  // namespace

// OpenSSL accepts as an issuer what has no basic constraints but the right key usage; an issuer
// that is not trusted by name must say that it is one.
int on_verify(int good, X509_STORE_CTX* store) {
    X509* const certificate = X509_STORE_CTX_get_current_cert(store);
    const int depth = X509_STORE_CTX_get_error_depth(store);
    const bool between = depth > 0 && depth + 1 < sk_X509_num(X509_STORE_CTX_get0_chain(store));
    if (good == 1 && between && X509_check_ca(certificate) != 1) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_CA);
        good = 0;
    }
    if (good != 1 && certificate != nullptr) {
        auto* const ssl = static_cast<SSL*>(
            X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
        try {
            Connection::of(ssl).note(which(X509_STORE_CTX_get_error(store), depth, certificate));
        } catch (const std::exception&) {
            return 0;  // without a note; the reason itself stays
        }
    }
    return good;
}

void Connection::fail(const char* operation) {
    dead_ = true;
    // The verdict is the reason only if the handshake ended with it: it stays in a session.
    const long verdict = SSL_get_verify_result(ssl_.get());
    const unsigned long last = ERR_peek_last_error();
    if (verdict != X509_V_OK && ERR_GET_LIB(last) == ERR_LIB_SSL &&
        ERR_GET_REASON(last) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        ERR_clear_error();
        std::string why = X509_verify_cert_error_string(verdict);
        if (!note_.empty()) {
            why += " (" + note_ + ")";
        }
        failure_ = std::make_exception_ptr(CertificateError(name_, static_cast<int>(verdict), why));
        return;
    }
    const bool no_memory = ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE;
    const std::string reason = take_reason();
    failure_ = std::make_exception_ptr(TlsError(no_memory ? Errc::exhausted : Errc::protocol,
                                                operation, name_, note_.empty() ? reason : note_));
}

}  // namespace rondo::tls::detail
