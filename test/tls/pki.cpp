// SPDX-License-Identifier: Apache-2.0
#include "tls/pki.hpp"

#include <map>
#include <stdexcept>

namespace rondo::test {

namespace {

using tls::detail::Bio;
using tls::detail::Free;
using tls::detail::Key;
using tls::detail::X509Owned;

void must(bool done, const char* what) {
    if (!done) {
        throw std::runtime_error(std::string(what) + ": " + tls::detail::take_reason());
    }
}

Key new_key(const std::string& kind) {
    // Large RSA keys take long to find: one of each size is enough.
    static std::map<std::string, Key> rsa;
    if (kind == "ec") {
        return Key(EVP_EC_gen("P-256"));
    }
    Key& kept = rsa[kind];
    if (kept == nullptr) {
        kept.reset(EVP_RSA_gen(static_cast<unsigned>(std::stoul(kind.substr(3)))));
        must(kept != nullptr, "make a key");
    }
    EVP_PKEY_up_ref(kept.get());
    return Key(kept.get());
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509V3_set_ctx_nodb(&context);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, value.c_str());
    X509_EXTENSION_free(extension);
}

void add_unknown(X509* certificate, const std::string& value) {
    const std::unique_ptr<ASN1_OBJECT, void (*)(ASN1_OBJECT*)> object(OBJ_txt2obj("1.2.3.4.5.6", 1),
                                                                      &ASN1_OBJECT_free);
    const std::unique_ptr<ASN1_OCTET_STRING, void (*)(ASN1_OCTET_STRING*)> text(
        ASN1_OCTET_STRING_new(), &ASN1_OCTET_STRING_free);
    ASN1_OCTET_STRING_set(text.get(), reinterpret_cast<const unsigned char*>(value.data()),
                          static_cast<int>(value.size()));
    X509_EXTENSION* const extension =
        X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 1, text.get());
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "extension");
    X509_EXTENSION_free(extension);
}

// By hand, for names that the text form cannot hold.
void add_names(X509* certificate, const CertificateSpec& spec) {
    if (spec.dns.empty() && spec.ips.empty()) {
        return;
    }
    const std::unique_ptr<GENERAL_NAMES, Free> names(GENERAL_NAMES_new());
    for (const std::string& name : spec.dns) {
        GENERAL_NAME* const one = GENERAL_NAME_new();
        ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
        ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
        GENERAL_NAME_set0_value(one, GEN_DNS, text);
        sk_GENERAL_NAME_push(names.get(), one);
    }
    for (const std::string& address : spec.ips) {
        GENERAL_NAME* const one = GENERAL_NAME_new();
        GENERAL_NAME_set0_value(one, GEN_IPADD, a2i_IPADDRESS(address.c_str()));
        sk_GENERAL_NAME_push(names.get(), one);
    }
    must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1, "names");
}

void add_extensions(X509* certificate, X509* issuer, const CertificateSpec& spec) {
    std::string basic = spec.basic_constraints;
    if (basic.empty()) {
        basic = spec.ca ? "critical,CA:TRUE" : "critical,CA:FALSE";
    }
    if (basic != "-") {
        add_extension(certificate, issuer, NID_basic_constraints, basic);
    }
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    if (issuer != certificate) {
        add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
    }
    if (!spec.key_usage.empty()) {
        add_extension(certificate, issuer, NID_key_usage, spec.key_usage);
    }
    if (!spec.ca && !spec.extended_key_usage.empty()) {
        add_extension(certificate, issuer, NID_ext_key_usage, spec.extended_key_usage);
    }
    if (!spec.name_constraints.empty()) {
        add_extension(certificate, issuer, NID_name_constraints, spec.name_constraints);
    }
    if (!spec.unknown_critical.empty()) {
        add_unknown(certificate, spec.unknown_critical);
    }
    add_names(certificate, spec);
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Entity make_certificate(const CertificateSpec& spec, const Entity* issuer) {
    static long serial = 1000;
    X509Owned certificate(X509_new());
    Key key = new_key(spec.key);
    must(certificate != nullptr && key != nullptr, "make a certificate");
    X509* const it = certificate.get();
    X509_set_version(it, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(it), ++serial);
    constexpr long day = 24 * 3600;
    X509_gmtime_adj(X509_getm_notBefore(it), spec.from_days * day);
    X509_gmtime_adj(X509_getm_notAfter(it), spec.to_days * day);
    if (!spec.common_name.empty()) {
        X509_NAME_add_entry_by_txt(X509_get_subject_name(it), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(spec.common_name.data()),
                                   static_cast<int>(spec.common_name.size()), -1, 0);
    }
    X509* const signer = issuer != nullptr ? issuer->certificate() : it;
    X509_set_issuer_name(it, X509_get_subject_name(signer));
    X509_set_pubkey(it, key.get());
    add_extensions(it, signer, spec);
    EVP_PKEY* const signing = issuer != nullptr ? issuer->key() : key.get();
    must(X509_sign(it, signing, EVP_get_digestbyname(spec.digest.c_str())) > 0, "sign");
    return {std::move(certificate), std::move(key)};
}

std::string Entity::certificate_pem() const {
    const Bio bio(BIO_new(BIO_s_mem()));
    must(PEM_write_bio_X509(bio.get(), certificate_.get()) == 1, "write a certificate");
    return text_of(bio.get());
}

std::string Entity::key_pem(const std::string& password) const {
    const Bio bio(BIO_new(BIO_s_mem()));
    std::string copy = password;
    must(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(),
                                       password.empty() ? nullptr : EVP_aes_128_cbc(),
                                       copy.empty() ? nullptr : copy.data(),
                                       static_cast<int>(copy.size()), nullptr, nullptr) == 1,
         "write a key");
    return text_of(bio.get());
}

tls::Identity Entity::identity(const std::string& more) const {
    return tls::Identity::pem(certificate_pem() + more, key_pem());
}

const Entity& test_root() {
    static const Entity root = [] {
        CertificateSpec spec;
        spec.common_name = "Test Root";
        spec.ca = true;
        spec.key_usage = "critical,keyCertSign,cRLSign";
        return make_certificate(spec);
    }();
    return root;
}

Entity make_leaf(std::vector<std::string> names) {
    return make_certificate(CertificateSpec(std::move(names)), &test_root());
}

}  // namespace rondo::test
