// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate.hpp"

#include <array>
#include <cstddef>
#include <ctime>

namespace rondo::tls::detail {

namespace {

std::string hexadecimal(const unsigned char* data, std::size_t size) {
    constexpr const char* digits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        text += digits[data[i] >> 4];
        text += digits[data[i] & 15];
    }
    return text;
}

std::string serial_of(X509* certificate) {
    const std::unique_ptr<BIGNUM, Free> number(
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    char* const text = number != nullptr ? BN_bn2hex(number.get()) : nullptr;
    std::string copy = text != nullptr ? text : "";
    OPENSSL_free(text);
    return copy;
}

std::chrono::sys_seconds time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return {};
    }
    const std::chrono::year_month_day day(
        std::chrono::year(parts.tm_year + 1900),
        std::chrono::month(static_cast<unsigned>(parts.tm_mon + 1)),
        std::chrono::day(static_cast<unsigned>(parts.tm_mday)));
    return std::chrono::sys_days(day) + std::chrono::hours(parts.tm_hour) +
           std::chrono::minutes(parts.tm_min) + std::chrono::seconds(parts.tm_sec);
}

std::string address_text(const ASN1_OCTET_STRING* address) {
    const unsigned char* const data = ASN1_STRING_get0_data(address);
    const int size = ASN1_STRING_length(address);
    std::string text;
    if (size == 4) {
        for (int i = 0; i < size; ++i) {
            text += (i > 0 ? "." : "") + std::to_string(data[i]);
        }
    } else {
        for (int i = 0; i + 1 < size; i += 2) {
            text += (i > 0 ? ":" : "") + hexadecimal(data + i, 2);
        }
    }
    return text;
}

std::vector<std::string> alternative_names(X509* certificate, int kind) {
    std::vector<std::string> found;
    const std::unique_ptr<GENERAL_NAMES, Free> names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        int type = 0;
        const void* const value =
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
        if (type != kind) {
            continue;
        }
        const auto* const text = static_cast<const ASN1_STRING*>(value);
        found.push_back(
            kind == GEN_IPADD
                ? address_text(text)
                : std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                              static_cast<std::size_t>(ASN1_STRING_length(text))));
    }
    return found;
}

}  // namespace

std::vector<std::string> dns_names(X509* certificate) {
    return alternative_names(certificate, GEN_DNS);
}

std::vector<std::string> ip_addresses(X509* certificate) {
    return alternative_names(certificate, GEN_IPADD);
}

std::string name_text(const X509_NAME* name) {
    const Bio bio(BIO_new(BIO_s_mem()));
    check(bio != nullptr, "certificate");
    X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : "(no subject)";
}

Certificate read_certificate(X509* certificate) {
    Certificate read;
    read.subject = name_text(X509_get_subject_name(certificate));
    read.issuer = name_text(X509_get_issuer_name(certificate));
    read.serial = serial_of(certificate);
    read.not_before = time_of(X509_get0_notBefore(certificate));
    read.not_after = time_of(X509_get0_notAfter(certificate));
    read.dns_names = dns_names(certificate);
    read.ip_addresses = ip_addresses(certificate);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    check(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1, "certificate");
    read.sha256 = hexadecimal(digest.data(), size);
    unsigned char* der = nullptr;
    const int length = i2d_X509(certificate, &der);
    check(length > 0, "certificate");
    read.der.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
    OPENSSL_free(der);
    ERR_clear_error();
    return read;
}

}  // namespace rondo::tls::detail
