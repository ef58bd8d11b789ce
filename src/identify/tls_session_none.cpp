// Without OpenSSL.
#include "identify/tls_session.hpp"

namespace portloop {

struct TlsContext::Parts {};
struct TlsSession::Parts {};

TlsContext::TlsContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TlsContext::~TlsContext() = default;
std::unique_ptr<TlsContext> TlsContext::create() { return nullptr; }

TlsSession::TlsSession(TlsContext&, const std::string&, Offer) {}
TlsSession::~TlsSession() = default;
TlsSession::State TlsSession::receive(std::string_view, std::string&) { return State::failed; }
void TlsSession::send(std::string_view) {}
std::string TlsSession::take_output() { return {}; }
TlsSession::State TlsSession::state() const { return State::failed; }
bool TlsSession::spoke_tls() const { return false; }
TlsFinding TlsSession::finding() const { return {}; }

}  // namespace portloop
