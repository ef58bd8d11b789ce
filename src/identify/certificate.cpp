#include "identify/certificate.hpp"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <memory>

#include "core/address.hpp"
#include "identify/reply.hpp"

namespace portloop {
namespace {

constexpr size_t max_names = 100;

template <auto free>
struct Freed {
  template <class Object>
  void operator()(Object* object) const {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

/// RFC 4514, but with bytes above ASCII as they are: writers escape what is not visible.
std::string name_text(const X509_NAME* name) {
  const Bio text(BIO_new(BIO_s_mem()));
  if (text == nullptr || name == nullptr) return {};
  X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return size > 0 ? std::string(limited({bytes, static_cast<size_t>(size)})) : std::string();
}

std::string time_text(const ASN1_TIME* time) {
  std::tm calendar{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &calendar) != 1) return {};
  std::array<char, 40> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &calendar);
  return {text.data(), length};
}

std::string_view string_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<size_t>(ASN1_STRING_length(text))};
}

std::string address_text(std::string_view bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  Address address;
  address.family = bytes.size() == 4 ? Family::ipv4 : Family::ipv6;
  for (const char byte : bytes) address.value = address.value << 8 | static_cast<uint8_t>(byte);
  return to_text(address);
}

void add_names(X509& certificate, std::vector<std::string>& texts) {
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()) && texts.size() < max_names; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    std::string text;
    if (name->type == GEN_DNS) text = limited(string_of(name->d.dNSName));
    if (name->type == GEN_IPADD) text = address_text(string_of(name->d.iPAddress));
    if (!text.empty()) texts.push_back(std::move(text));
  }
}

std::string fingerprint(X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  std::string text;
  constexpr std::string_view digits = "0123456789abcdef";
  for (unsigned i = 0; i < size; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

}  // namespace

void describe_certificate(X509& certificate, TlsFinding& finding) {
  finding.subject = name_text(X509_get_subject_name(&certificate));
  finding.issuer = name_text(X509_get_issuer_name(&certificate));
  finding.not_before = time_text(X509_get0_notBefore(&certificate));
  finding.not_after = time_text(X509_get0_notAfter(&certificate));
  finding.sha256 = fingerprint(certificate);
  add_names(certificate, finding.names);
}

}  // namespace portloop
