// What a finding has of an X.509 certificate (RFC 5280).
#pragma once

#include <openssl/x509.h>

#include "core/finding.hpp"

namespace portloop {

/// Texts are cut to 256 bytes, the names to the first 100.
void describe_certificate(X509& certificate, TlsFinding& finding);

}  // namespace portloop
