#include "identify/tls_session.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <new>
#include <utility>

#include "identify/certificate.hpp"
#include "identify/reply.hpp"

namespace portloop {
namespace {

constexpr long max_chain_bytes = 64 * 1024;

/// Instead of verifying: takes the certificate down, also of a handshake that fails later, and accepts it.
int see_certificate(X509_STORE_CTX* store, void*) {
  const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* finding = static_cast<TlsFinding*>(SSL_get_app_data(ssl));
  X509* certificate = X509_STORE_CTX_get0_cert(store);
  if (finding == nullptr || certificate == nullptr) return 1;
  try {
    *finding = {};
    describe_certificate(*certificate, *finding);
  } catch (const std::bad_alloc&) {  // must not reach OpenSSL
  }
  return 1;
}

}  // namespace

struct TlsContext::Parts {
  SSL_CTX* context = nullptr;
  ~Parts() { SSL_CTX_free(context); }
};

TlsContext::TlsContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TlsContext::~TlsContext() = default;

std::unique_ptr<TlsContext> TlsContext::create() {
  auto parts = std::make_unique<Parts>();
  parts->context = SSL_CTX_new(TLS_client_method());
  if (parts->context == nullptr) return nullptr;
  // Old servers are to be seen, too.
  SSL_CTX_set_min_proto_version(parts->context, TLS1_VERSION);
  SSL_CTX_set_security_level(parts->context, 0);
  SSL_CTX_set_cipher_list(parts->context, "ALL:@SECLEVEL=0");
  SSL_CTX_set_options(parts->context, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_verify(parts->context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_cert_verify_callback(parts->context, see_certificate, nullptr);
  SSL_CTX_set_max_cert_list(parts->context, max_chain_bytes);
  SSL_CTX_set_session_cache_mode(parts->context, SSL_SESS_CACHE_OFF);
  std::unique_ptr<TlsContext> context(new TlsContext(std::move(parts)));
  TlsSession(*context, "localhost", TlsSession::Offer::http2_or_http1)
      .take_output();  // loads what OpenSSL loads at the first handshake
  return context;
}

struct TlsSession::Parts {
  SSL* ssl = nullptr;
  BIO* in = nullptr;   // owned by ssl
  BIO* out = nullptr;  // owned by ssl
  State state = State::failed;
  bool spoke_tls = false;
  TlsFinding certificate;
  ~Parts() { SSL_free(ssl); }

  /// Whether the calls of OpenSSL that returned `result` only want more bytes.
  bool wants_more(int result) const {
    const int error = SSL_get_error(ssl, result);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  }

  void shake_hands() {
    const int result = SSL_connect(ssl);
    if (result == 1)
      state = State::established;
    else if (!wants_more(result))
      state = State::failed;
  }

  void read(std::string& plain) {
    std::array<char, 4096> buffer{};
    while (true) {
      const int size = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
      if (size > 0) {
        plain.append(buffer.data(), static_cast<size_t>(size));
        continue;
      }
      if (!wants_more(size)) state = State::ended;
      return;
    }
  }
};

TlsSession::TlsSession(TlsContext& context, const std::string& server_name, Offer offer)
    : parts_(std::make_unique<Parts>()) {
  parts_->ssl = SSL_new(context.parts_->context);
  if (parts_->ssl == nullptr) throw std::bad_alloc();
  parts_->in = BIO_new(BIO_s_mem());
  parts_->out = BIO_new(BIO_s_mem());
  if (parts_->in == nullptr || parts_->out == nullptr) {
    BIO_free(parts_->in);
    BIO_free(parts_->out);
    throw std::bad_alloc();
  }
  BIO_set_mem_eof_return(parts_->in, -1);  // more will come
  SSL_set_bio(parts_->ssl, parts_->in, parts_->out);
  SSL_set_app_data(parts_->ssl, &parts_->certificate);
  if (!server_name.empty()) SSL_set_tlsext_host_name(parts_->ssl, server_name.c_str());
  constexpr std::string_view protocols = "\x02h2\x08http/1.1";
  if (offer != Offer::nothing) {
    const std::string_view offered = offer == Offer::http1 ? protocols.substr(3) : protocols;
    SSL_set_alpn_protos(parts_->ssl, reinterpret_cast<const unsigned char*>(offered.data()),
                        static_cast<unsigned>(offered.size()));
  }
  parts_->state = State::handshaking;
  parts_->shake_hands();
}

TlsSession::~TlsSession() = default;

TlsSession::State TlsSession::receive(std::string_view bytes, std::string& plain) {
  if (parts_->state == State::failed || parts_->state == State::ended) return parts_->state;
  // RFC 8446, 5.1: alert or handshake, then the version 3.x.
  if (parts_->state == State::handshaking && bytes.size() >= 2 && (bytes[0] == 21 || bytes[0] == 22) && bytes[1] == 3)
    parts_->spoke_tls = true;
  BIO_write(parts_->in, bytes.data(), static_cast<int>(bytes.size()));
  if (parts_->state == State::handshaking) parts_->shake_hands();
  if (parts_->state == State::established) parts_->read(plain);
  return parts_->state;
}

void TlsSession::send(std::string_view plain) {
  if (SSL_write(parts_->ssl, plain.data(), static_cast<int>(plain.size())) <= 0) ERR_clear_error();
}

std::string TlsSession::take_output() {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(parts_->out, &bytes);
  std::string output(bytes, size > 0 ? static_cast<size_t>(size) : 0);
  (void)BIO_reset(parts_->out);
  return output;
}

TlsSession::State TlsSession::state() const { return parts_->state; }

bool TlsSession::spoke_tls() const { return parts_->spoke_tls; }

TlsFinding TlsSession::finding() const {
  TlsFinding finding = parts_->certificate;
  if (parts_->state == State::handshaking || (parts_->state == State::failed && finding.sha256.empty())) return finding;
  finding.version = SSL_get_version(parts_->ssl);
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(parts_->ssl, &chosen, &size);
  if (size > 0) finding.alpn = limited({reinterpret_cast<const char*>(chosen), size});
  return finding;
}

}  // namespace portloop
