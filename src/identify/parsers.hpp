// The parsers of replies, by the file that has them. Each names the document that it was written from.
#pragma once

#include <string_view>

#include "identify/reply.hpp"

namespace portloop {

// remote_access.cpp
Match parse_ssh(const Reply& reply, Finding& finding);
Match parse_telnet(const Reply& reply, Finding& finding);
Match parse_vnc(const Reply& reply, Finding& finding);
Match parse_rdp(const Reply& reply, Finding& finding);
Match parse_x11(const Reply& reply, Finding& finding);

// line_greetings.cpp
Match parse_smtp_or_ftp(const Reply& reply, Finding& finding);
Match parse_ehlo_reply(const Reply& reply, Finding& finding);  ///< Of a server whose greeting fits both.
Match parse_pop3(const Reply& reply, Finding& finding);
Match parse_imap(const Reply& reply, Finding& finding);
Match parse_nntp(const Reply& reply, Finding& finding);
Match parse_irc(const Reply& reply, Finding& finding);
Match parse_rsync(const Reply& reply, Finding& finding);

// http_reply.cpp
constexpr size_t max_http_header_bytes = 16 * 1024;
constexpr size_t max_http_bytes = 64 * 1024;  ///< Header and what is read of the page, for its title.
Match parse_http(const Reply& reply, Finding& finding);
/// True if the server has refused plain HTTP because it expects TLS.
bool refuses_plain_http(std::string_view bytes);

// databases.cpp
Match parse_mysql(const Reply& reply, Finding& finding);
Match parse_postgres(const Reply& reply, Finding& finding);
Match parse_redis(const Reply& reply, Finding& finding);
Match parse_memcached(const Reply& reply, Finding& finding);
Match parse_mongodb(const Reply& reply, Finding& finding);

// messaging.cpp
Match parse_amqp(const Reply& reply, Finding& finding);
Match parse_mqtt(const Reply& reply, Finding& finding);
Match parse_xmpp(const Reply& reply, Finding& finding);

// network_services.cpp
Match parse_dns(const Reply& reply, Finding& finding);
Match parse_ldap(const Reply& reply, Finding& finding);
Match parse_smb(const Reply& reply, Finding& finding);
Match parse_rpcbind(const Reply& reply, Finding& finding);
Match parse_git(const Reply& reply, Finding& finding);
Match parse_socks(const Reply& reply, Finding& finding);
Match parse_openvpn(const Reply& reply, Finding& finding);

}  // namespace portloop
