// SPDX-License-Identifier: Apache-2.0
// Bad protocols, ciphers and keys. What OpenSSL still speaks is spoken by a raw peer; what it does
// not, by a first message made by hand.
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <cstdio>

#include "tls/raw_peer.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

class BadsslProtocolTest : public TlsSimTest {
protected:
    static void print(const char* name, const std::string& why) {
        std::printf("| %-36s | %-8s | %s\n", name, why.empty() ? "accepted" : "refused",
                    why.c_str());
    }

    /// Why our client refuses a server that answers with these bytes.
    std::string why_of_answer(const char* name, std::string answer,
                              const ClientOptions& options = client_options()) {
        std::string why;
        run_sim([&]() -> Task<> {
            MemoryPair pair;
            auto [result, served] = co_await gather(
                shaken(tls::connect(std::move(pair.client), test_host, ClientContext(options))),
                message_of(answer_client_hello(std::move(pair.server), std::move(answer))));
            why = result.why;
        });
        print(name, why);
        return why;
    }

    /// Why our client refuses a raw server, or "".
    std::string why_of_server(const char* name, SSL_CTX* context,
                              const ClientOptions& options = client_options()) {
        std::string why;
        run_sim([&]() -> Task<> {
            MemoryPair pair;
            auto serve = [&]() -> Task<> {
                RawPeer peer(std::move(pair.server), context, true);
                co_await message_of(peer.handshake());
            };
            auto [result, served] = co_await gather(
                shaken(tls::connect(std::move(pair.client), test_host, ClientContext(options))),
                serve);
            why = result.why;
            result.stream.close();
        });
        print(name, why);
        return why;
    }

    /// Why our server refuses a raw client, or "".
    std::string why_of_client(const char* name, SSL_CTX* context) {
        std::string why;
        run_sim([&]() -> Task<> {
            MemoryPair pair;
            auto ask = [&]() -> Task<> {
                RawPeer peer(std::move(pair.client), context, false);
                co_await message_of(peer.handshake());
            };
            auto [result, asked] = co_await gather(
                shaken(tls::accept(std::move(pair.server), ServerContext(server_options()))), ask);
            why = result.why;
            result.stream.close();
        });
        print(name, why);
        return why;
    }

    static tls::detail::SslContext server(int version, const std::string& ciphers,
                                          const char* key = "ec") {
        tls::detail::SslContext context = weak_context(true, version, version, ciphers);
        CertificateSpec spec({test_host});
        spec.key = key;
        use(context.get(), make_certificate(spec, &test_root()));
        return context;
    }
    /// The groups of RFC 2409 and RFC 3526. OpenSSL has none below 1024 bits at any level.
    static void use_dh(SSL_CTX* context, int bits) {
        using tls::detail::Free;
        const std::unique_ptr<BIGNUM, Free> prime(
            bits == 1024 ? BN_get_rfc2409_prime_1024(nullptr) : BN_get_rfc3526_prime_2048(nullptr));
        const std::unique_ptr<BIGNUM, Free> generator(BN_new());
        BN_set_word(generator.get(), 2);
        const std::unique_ptr<OSSL_PARAM_BLD, void (*)(OSSL_PARAM_BLD*)> builder(
            OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_FFC_P, prime.get());
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_FFC_G, generator.get());
        const std::unique_ptr<OSSL_PARAM, void (*)(OSSL_PARAM*)> parameters(
            OSSL_PARAM_BLD_to_param(builder.get()), &OSSL_PARAM_free);
        const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> maker(
            EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr), &EVP_PKEY_CTX_free);
        EVP_PKEY* made = nullptr;
        EVP_PKEY_fromdata_init(maker.get());
        EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_KEY_PARAMETERS, parameters.get());
        ASSERT_EQ(SSL_CTX_set0_tmp_dh_pkey(context, made), 1);
    }

    static std::string number(std::size_t value, int bytes) {
        std::string text;
        for (int i = bytes - 1; i >= 0; --i) {
            text += static_cast<char>(value >> (8 * i));
        }
        return text;
    }
    static std::string handshake_record(char type, const std::string& body) {
        const std::string message = type + number(body.size(), 3) + body;
        return "\x16\x03\x03" + number(message.size(), 2) + message;
    }
    /// A server's first flight by DHE-RSA-AES128-GCM-SHA256 with a group of so many bytes.
    static std::string flight_with_dh(std::size_t bytes) {
        CertificateSpec spec({test_host});
        spec.key = "rsa2048";
        const Entity leaf = make_certificate(spec, &test_root());
        unsigned char* data = nullptr;
        const auto size = static_cast<std::size_t>(i2d_X509(leaf.certificate(), &data));
        const std::string der(reinterpret_cast<const char*>(data), size);
        OPENSSL_free(data);
        const std::string certificates = number(size, 3) + der;
        const std::string odd(bytes, '\xff');
        const std::string keys = number(bytes, 2) + odd + number(1, 2) + "\x02" + number(1, 2) +
                                 "\x04" + "\x04\x01" + number(256, 2) + std::string(256, 's');
        return server_hello(0x0303, 0x009e) +
               handshake_record('\x0b', number(certificates.size(), 3) + certificates) +
               handshake_record('\x0c', keys) + handshake_record('\x0e', "");
    }
};

using testing::HasSubstr;

TEST_F(BadsslProtocolTest, versions_of_before) {
    EXPECT_THAT(why_of_answer("SSL 3", server_hello(0x0300, 0x002f)),
                HasSubstr("unsupported protocol"));
    EXPECT_THAT(why_of_answer("TLS 1.0, by hand", server_hello(0x0301, 0xc013)),
                HasSubstr("unsupported protocol"));
    EXPECT_THAT(why_of_answer("TLS 1.1, by hand", server_hello(0x0302, 0xc013)),
                HasSubstr("unsupported protocol"));
    EXPECT_THAT(why_of_answer("SSL 2", std::string("\x80\x1f\x04\x00\x01\x00\x02", 7)),
                HasSubstr("wrong version number"));
    const std::string all = "ALL:@SECLEVEL=0";
    EXPECT_THAT(why_of_server("a server of TLS 1.0", server(TLS1_VERSION, all).get()),
                HasSubstr("protocol version"));
    EXPECT_THAT(why_of_server("a server of TLS 1.1", server(TLS1_1_VERSION, all).get()),
                HasSubstr("protocol version"));
    EXPECT_THAT(
        why_of_client("a client of TLS 1.0", weak_context(false, TLS1_VERSION, TLS1_VERSION).get()),
        HasSubstr("unsupported protocol"));
    EXPECT_THAT(why_of_client("a client of TLS 1.1",
                              weak_context(false, TLS1_1_VERSION, TLS1_1_VERSION).get()),
                HasSubstr("unsupported protocol"));
    EXPECT_EQ(why_of_server("a server of TLS 1.2", server(TLS1_2_VERSION, all).get()), "");
    EXPECT_EQ(why_of_server("a server of TLS 1.3", server(TLS1_3_VERSION, all).get()), "");
}

TEST_F(BadsslProtocolTest, ciphers_that_were_not_offered) {
    const std::pair<const char*, std::uint16_t> ciphers[] = {
        {"RC4 with MD5", 0x0004},
        {"RC4 with SHA-1", 0x0005},
        {"RC4 by ECDHE", 0xc011},
        {"export RC4 of 40 bits", 0x0003},
        {"DES", 0x0009},
        {"3DES", 0x000a},
        {"3DES by ECDHE", 0xc012},
        {"NULL with SHA-1", 0x0002},
        {"NULL with SHA-256", 0x003b},
        {"anonymous DH, RC4", 0x0018},
        {"anonymous DH, AES", 0x0034},
        {"RSA without forward secrecy", 0x009c},
        {"AES-CBC with SHA-1", 0xc013},
        {"IDEA", 0x0007},
        {"no cipher of this name", 0xfafa},
    };
    for (const auto& [name, cipher] : ciphers) {
        EXPECT_THAT(why_of_answer(name, server_hello(0x0303, cipher)),
                    testing::AnyOf(HasSubstr("wrong cipher returned"),
                                   HasSubstr("unknown cipher returned")))
            << name;
    }
}

TEST_F(BadsslProtocolTest, servers_that_have_nothing_better) {
    const auto refuses = [&](const char* name, const char* ciphers, const char* key) {
        const tls::detail::SslContext context =
            server(TLS1_2_VERSION, std::string(ciphers) + ":@SECLEVEL=0", key);
        EXPECT_THAT(why_of_server(name, context.get()), HasSubstr("handshake failure")) << name;
    };
    refuses("static RSA", "kRSA", "rsa2048");
    refuses("NULL", "eNULL", "rsa2048");
    refuses("anonymous", "aNULL", "ec");
    refuses("CBC with SHA-1 only", "ECDHE-ECDSA-AES128-SHA", "ec");
    refuses("CBC with SHA-256 only", "ECDHE-ECDSA-AES128-SHA256", "ec");
    refuses("DHE only", "DHE", "rsa2048");

    ClientOptions compatible = client_options();
    compatible.ciphers = tls::Ciphers::compatible;
    const auto cbc = server(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0");
    EXPECT_EQ(why_of_server("CBC with SHA-256, compatible", cbc.get(), compatible), "");
    const auto old = server(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0");
    EXPECT_THAT(why_of_server("CBC with SHA-1, compatible", old.get(), compatible),
                HasSubstr("handshake failure"));
}

TEST_F(BadsslProtocolTest, groups_that_are_too_small) {
    ClientOptions compatible = client_options();
    compatible.ciphers = tls::Ciphers::compatible;
    for (const int bits : {480, 512, 768}) {
        EXPECT_THAT(why_of_answer(("DH of " + std::to_string(bits) + " bits, compatible").c_str(),
                                  flight_with_dh(static_cast<std::size_t>(bits) / 8), compatible),
                    testing::AnyOf(HasSubstr("dh key too small"), HasSubstr("modulus too small")));
    }
    const auto small = server(TLS1_2_VERSION, "DHE+AESGCM:@SECLEVEL=0", "rsa2048");
    use_dh(small.get(), 1024);
    EXPECT_THAT(why_of_server("DH of 1024 bits, compatible", small.get(), compatible),
                HasSubstr("dh key too small"));
    const auto context = server(TLS1_2_VERSION, "DHE+AESGCM:@SECLEVEL=0", "rsa2048");
    use_dh(context.get(), 2048);
    EXPECT_EQ(why_of_server("DH of 2048 bits, compatible", context.get(), compatible), "");
}

TEST_F(BadsslProtocolTest, clients_that_have_nothing_better) {
    for (const char* const ciphers : {"eNULL", "kRSA", "aNULL", "ECDHE-ECDSA-AES128-SHA"}) {
        const auto context = weak_context(false, TLS1_2_VERSION, TLS1_2_VERSION,
                                          std::string(ciphers) + ":@SECLEVEL=0");
        EXPECT_THAT(why_of_client((std::string("a client of ") + ciphers).c_str(), context.get()),
                    HasSubstr("no shared cipher"));
    }
}

TEST_F(BadsslProtocolTest, other_first_messages) {
    std::string compressed = server_hello(0x0303, 0xc02b);
    compressed[5 + 4 + 2 + 32 + 1 + 2] = 1;  // the method of compression
    EXPECT_THAT(why_of_answer("compression", compressed), HasSubstr("compression"));

    std::string unsafe = server_hello(0x0303, 0xc02b);
    unsafe[unsafe.size() - 4] = 0x77;  // an extension of another number
    EXPECT_NE(why_of_answer("no secure renegotiation", unsafe), "");

    EXPECT_NE(why_of_answer("not TLS", "HTTP/1.1 400 Bad Request\r\n\r\n"), "");
    EXPECT_NE(why_of_answer("an alert", std::string("\x15\x03\x03\x00\x02\x02\x28", 7)), "");
    EXPECT_NE(why_of_answer("nothing but zeros", std::string(100, '\0')), "");
}

}  // namespace
}  // namespace rondo::test
