// How the list was chosen. The system ports (1-1023) are those to which IANA's registry, as maintained in Debian's
// /etc/services, assigns a TCP service that programs have really offered. The registered ports are those on which
// people run something today: databases, queues, admin consoles, remote desktops, container and cluster APIs, metrics,
// development servers, mail, VPN, games, industrial and home devices. The sources are the registry and the manuals of
// those programs, not anybody's scan statistics.
//
// A name is IANA's if IANA's service is what usually runs there, otherwise that of the program that has taken over the
// port (9200 is elasticsearch, not wap-wsp). The suffix -alt marks the customary second port of a protocol. Names have
// at most 15 characters, as IANA requires. `common` ports are worth probing on any host, because they are in use today;
// `rare` ports have a name but cost no probe.
#include "core/service_names.hpp"

#include <algorithm>
#include <array>

namespace portloop {
namespace {

constexpr bool common = true;
constexpr bool rare = false;

// clang-format off
constexpr auto services = std::to_array<ServiceName>({
    {1, "tcpmux", rare}, {5, "rje", rare}, {7, "echo", rare}, {9, "discard", rare}, {11, "systat", rare},
    {13, "daytime", rare}, {15, "netstat", rare}, {17, "qotd", rare}, {18, "msp", rare},
    {19, "chargen", rare}, {20, "ftp-data", rare}, {21, "ftp", common}, {22, "ssh", common},
    {23, "telnet", common}, {25, "smtp", common}, {37, "time", rare}, {42, "nameserver", rare},
    {43, "whois", common}, {49, "tacacs", common}, {50, "re-mail-ck", rare}, {53, "domain", common},
    {57, "mtp", rare}, {63, "whoispp", rare}, {67, "bootps", rare}, {68, "bootpc", rare}, {69, "tftp", rare},
    {70, "gopher", common}, {79, "finger", common}, {80, "http", common}, {81, "http-alt", common},
    {82, "http-alt", common}, {83, "http-alt", common}, {84, "http-alt", rare}, {85, "http-alt", rare},
    {88, "kerberos", common}, {90, "http-alt", rare}, {98, "linuxconf", rare}, {101, "hostname", rare},
    {102, "iso-tsap", common}, {104, "acr-nema", common}, {105, "csnet-ns", rare}, {106, "poppassd", rare},
    {107, "rtelnet", rare}, {109, "pop2", rare}, {110, "pop3", common}, {111, "sunrpc", common},
    {113, "auth", common}, {115, "sftp", rare}, {117, "uucp-path", rare}, {118, "sqlserv", rare},
    {119, "nntp", common}, {123, "ntp", rare}, {129, "pwdgen", rare}, {135, "epmap", common},
    {137, "netbios-ns", rare}, {138, "netbios-dgm", rare}, {139, "netbios-ssn", common},
    {143, "imap", common}, {150, "sql-net", rare}, {152, "bftp", rare}, {153, "sgmp", rare},
    {156, "sqlsrv", rare}, {158, "pcmail-srv", rare}, {161, "snmp", rare}, {162, "snmptrap", rare},
    {163, "cmip-man", rare}, {164, "cmip-agent", rare}, {170, "print-srv", rare}, {174, "mailq", rare},
    {175, "vmnet", rare}, {177, "xdmcp", rare}, {178, "nextstep", rare}, {179, "bgp", common},
    {194, "irc", rare}, {199, "smux", rare}, {201, "at-rtmp", rare}, {209, "qmtp", rare},
    {210, "z3950", rare}, {213, "ipx", rare}, {218, "mpp", rare}, {220, "imap3", rare},
    {256, "fw1-remote", common}, {257, "fw1-log", rare}, {259, "fw1-topo", rare}, {264, "bgmp", common},
    {280, "http-mgmt", rare}, {300, "thinlinc-admin", rare}, {308, "novastorbakcup", rare},
    {311, "asip-webadmin", common}, {318, "pkix-timestamp", rare}, {345, "pawserv", rare},
    {346, "zserv", rare}, {350, "matip-type-a", rare}, {351, "matip-type-b", rare},
    {363, "rsvp-tunnel", rare}, {366, "odmr", rare}, {369, "rpc2portmap", rare}, {370, "codaauth2", rare},
    {371, "clearcase", rare}, {376, "nip", rare}, {383, "hp-alarm-mgr", rare}, {387, "aurp", rare},
    {389, "ldap", common}, {401, "ups", rare}, {406, "imsp", rare}, {407, "timbuktu", rare},
    {411, "rmt", rare}, {412, "synoptics-trap", rare}, {427, "svrloc", common},
    {434, "mobileip-agent", rare}, {443, "https", common}, {444, "snpp", rare},
    {445, "microsoft-ds", common}, {464, "kpasswd", common}, {465, "submissions", common},
    {475, "tcpnethaspsrv", rare}, {481, "ph", rare}, {487, "saft", rare}, {491, "go-login", rare},
    {497, "retrospect", rare}, {500, "isakmp", rare}, {502, "mbap", common}, {504, "citadel", rare},
    {510, "fcp", rare}, {512, "exec", common}, {513, "login", common}, {514, "shell", common},
    {515, "printer", common}, {517, "talk", rare}, {518, "ntalk", rare}, {520, "efs", rare},
    {523, "ibm-db2", common}, {524, "ncp", rare}, {525, "timed", rare}, {526, "tempo", rare},
    {530, "courier", rare}, {531, "conference", rare}, {532, "netnews", rare}, {533, "netwall", rare},
    {538, "gdomap", rare}, {540, "uucp", rare}, {541, "fortinet-fgfm", common}, {543, "klogin", common},
    {544, "kshell", common}, {546, "dhcpv6-client", rare}, {547, "dhcpv6-server", rare},
    {548, "afpovertcp", common}, {554, "rtsp", common}, {556, "remotefs", rare}, {560, "rmonitor", rare},
    {561, "monitor", rare}, {563, "nntps", common}, {565, "whoami", rare}, {587, "submission", common},
    {591, "http-alt", common}, {593, "http-rpc-epmap", common}, {601, "syslog-conn", rare},
    {604, "tunnel", rare}, {607, "nqs", rare}, {620, "sco-websrvrmgr", rare}, {623, "oob-ws-http", common},
    {625, "apple-xsrvr", rare}, {628, "qmqp", rare}, {631, "ipp", common}, {635, "rlzdbase", rare},
    {636, "ldaps", common}, {639, "msdp", rare}, {641, "repcmd", rare}, {646, "ldp", common},
    {647, "dhcp-failover", rare}, {648, "rrp", rare}, {653, "repscmd", rare}, {655, "tinc", rare},
    {657, "rmc", rare}, {660, "mac-srvr-admin", rare}, {664, "oob-ws-https", rare}, {666, "doom", rare},
    {674, "acap", rare}, {688, "realm-rusd", rare}, {690, "vatp", rare}, {691, "msexch-routing", rare},
    {694, "ha-cluster", rare}, {695, "ieee-mms-ssl", rare}, {698, "olsr", rare}, {700, "epp", rare},
    {701, "lmp", rare}, {702, "iris-beep", rare}, {705, "agentx", rare}, {706, "silc", rare},
    {711, "cisco-tdp", rare}, {712, "tbrpf", rare}, {720, "smqp", rare}, {749, "kerberos-adm", common},
    {750, "kerberos-iv", rare}, {751, "kerberos-master", rare}, {752, "qrh", rare}, {753, "rrh", rare},
    {754, "krb-prop", rare}, {760, "krbupdate", rare}, {765, "webster", rare}, {775, "moira-db", rare},
    {777, "moira-update", rare}, {782, "conserver", rare}, {783, "spamd", common},
    {800, "mdbs-daemon", rare}, {802, "mbap-s", rare}, {808, "http-proxy", common},
    {829, "pkix-3-ca-ra", rare}, {830, "netconf-ssh", common}, {831, "netconf-beep", rare},
    {832, "netconfsoaphttp", rare}, {833, "netconfsoapbeep", rare}, {843, "flash-policy", rare},
    {847, "dhcp-failover2", rare}, {848, "gdoi", rare}, {853, "domain-s", common}, {860, "iscsi", rare},
    {861, "owamp-control", rare}, {862, "twamp-control", rare}, {871, "supfilesrv", rare},
    {873, "rsync", common}, {880, "http-alt", common}, {886, "iclcnet-locate", rare},
    {887, "iclcnet-svinfo", rare}, {888, "accessbuilder", rare}, {897, "brocade-rpc", rare},
    {898, "sun-manageconsl", rare}, {901, "samba-swat", common}, {902, "vmware-auth", common},
    {903, "vmware-console", common}, {910, "kink", rare}, {911, "xact-backup", rare},
    {912, "vmware-auth-alt", rare}, {953, "rndc", rare}, {981, "fw1-sofaware", rare},
    {987, "sbs-sharepoint", rare}, {989, "ftps-data", common}, {990, "ftps", common}, {991, "nas", rare},
    {992, "telnets", rare}, {993, "imaps", common}, {994, "ircs", rare}, {995, "pop3s", common},
    {999, "garcon", rare}, {1000, "cadlock2", rare}, {1001, "webpush", rare}, {1010, "surf", rare},
    {1021, "exp1", rare}, {1022, "exp2", rare}, {1025, "msrpc-legacy", common},
    {1026, "msrpc-legacy", common}, {1027, "msrpc-legacy", common}, {1028, "msrpc-legacy", rare},
    {1029, "msrpc-legacy", rare}, {1050, "java-orb", rare}, {1080, "socks", common},
    {1085, "webobjects", rare}, {1090, "java-rmi", common}, {1093, "proofd", rare}, {1094, "rootd", rare},
    {1098, "rmiactivation", common}, {1099, "rmiregistry", common}, {1111, "lmsocialserver", rare},
    {1119, "bnetgame", rare}, {1127, "supfiledbg", rare}, {1158, "oracle-em", rare},
    {1167, "cisco-ipsla", rare}, {1178, "skkserv", rare}, {1194, "openvpn", common}, {1214, "kazaa", rare},
    {1220, "qt-serveradmin", rare}, {1234, "vlc-http", common}, {1236, "rmtcfg", rare},
    {1241, "nessus", common}, {1248, "hermes", rare}, {1270, "opsmgr", rare}, {1290, "winjaserver", rare},
    {1311, "dell-omsa", common}, {1313, "hugo", common}, {1314, "xtelw", rare}, {1337, "waste", common},
    {1344, "icap", rare}, {1352, "lotusnote", common}, {1400, "sonos", common},
    {1414, "ibm-mqseries", common}, {1417, "timbuktu-srv1", rare}, {1433, "ms-sql-s", common},
    {1434, "ms-sql-m", common}, {1443, "ies-lm", rare}, {1494, "ica", common}, {1500, "ibm-tsm", common},
    {1501, "ibm-tsm-admin", rare}, {1503, "imtc-mcs", rare}, {1512, "wins", rare},
    {1514, "wazuh-agent", common}, {1515, "wazuh-enrol", rare}, {1521, "oracle", common},
    {1522, "oracle-alt", rare}, {1524, "ingreslock", rare}, {1525, "orasrv", rare}, {1526, "pdap-np", rare},
    {1527, "derby", rare}, {1529, "oracle-alt", rare}, {1530, "rap-service", rare},
    {1533, "virtual-places", rare}, {1540, "1c-agent", rare}, {1541, "1c-cluster", rare},
    {1545, "1c-ras", rare}, {1550, "1c-debug", rare}, {1560, "1c-process", rare},
    {1575, "oraclenames", rare}, {1583, "pervasive", rare}, {1604, "icabrowser", rare},
    {1609, "isysg-lm", rare}, {1626, "ishopper", rare}, {1630, "oraclenet8cman", rare},
    {1645, "datametrics", rare}, {1646, "sa-msg-port", rare}, {1649, "kermit", rare},
    {1666, "perforce", common}, {1677, "groupwise", rare}, {1688, "kms", common}, {1700, "radius-coa", rare},
    {1701, "l2f", rare}, {1707, "vdmplay", rare}, {1718, "h323gatedisc", rare}, {1719, "h323gatestat", rare},
    {1720, "h323hostcall", common}, {1723, "pptp", common}, {1755, "ms-streaming", rare},
    {1761, "landesk-rc", rare}, {1801, "msmq", common}, {1812, "radius", rare}, {1813, "radius-acct", rare},
    {1830, "net8-cman", rare}, {1863, "msnp", rare}, {1880, "node-red", common}, {1883, "mqtt", common},
    {1900, "ssdp", common}, {1911, "niagara-fox", common}, {1935, "rtmp", common},
    {1947, "sentinelsrm", common}, {1962, "pcworx", rare}, {1965, "gemini", rare}, {1967, "sns-quote", rare},
    {1972, "intersys-cache", common}, {1984, "bb", common}, {1998, "x25-svc-port", rare},
    {1999, "tcp-id-port", rare}, {2000, "cisco-sccp", common}, {2001, "dc", rare}, {2002, "globe", rare},
    {2003, "carbon", common}, {2004, "carbon-pickle", rare}, {2008, "teamspeak-acct", rare},
    {2010, "teamspeak-wl", rare}, {2019, "caddy-admin", common}, {2022, "ssh-alt", common},
    {2048, "dls-monitor", rare}, {2049, "nfs", common}, {2052, "http-alt", rare}, {2053, "https-alt", rare},
    {2068, "avocent-kvm", rare}, {2077, "cpanel-webdav", rare}, {2078, "cpanel-webdavs", rare},
    {2079, "cpanel-caldav", rare}, {2080, "cpanel-caldavs", rare}, {2082, "cpanel", common},
    {2083, "cpanel-ssl", common}, {2086, "whm", common}, {2087, "whm-ssl", common},
    {2095, "cpanel-webmail", common}, {2096, "cpanel-webmails", common}, {2100, "oracle-xdb-ftp", rare},
    {2101, "rtcm-sc104", rare}, {2103, "msmq-rpc", common}, {2105, "msmq-rpc", common},
    {2107, "msmq-mgmt", common}, {2119, "gsigatekeeper", rare}, {2121, "ftp-alt", common},
    {2123, "gtp-control", rare}, {2135, "gris", rare}, {2152, "gtp-user", rare}, {2160, "apc-2160", rare},
    {2161, "apc-agent", rare}, {2179, "vmrdp", common}, {2181, "zookeeper", common},
    {2190, "tivo-connect", rare}, {2195, "apns-gateway", rare}, {2199, "onehome-help", rare},
    {2200, "ssh-alt", rare}, {2210, "noaaport", rare}, {2221, "ethernet-ip-s", rare},
    {2222, "ssh-alt", common}, {2223, "rockwell-csp2", rare}, {2224, "efi-mg", rare},
    {2260, "apc-2260", rare}, {2301, "compaq-diag", common}, {2323, "telnet-alt", common},
    {2332, "sierra-at", rare}, {2368, "ghost", rare}, {2375, "docker", common}, {2376, "docker-s", common},
    {2377, "swarm", common}, {2379, "etcd-client", common}, {2380, "etcd-server", common},
    {2381, "compaq-https", common}, {2382, "ms-olap3", rare}, {2383, "ms-olap4", common},
    {2393, "ms-olap1", rare}, {2394, "ms-olap2", rare}, {2399, "fmpro-fdal", rare},
    {2401, "cvspserver", common}, {2404, "iec-104", common}, {2424, "orientdb", rare},
    {2427, "mgcp-gateway", rare}, {2430, "venus", rare}, {2431, "venus-se", rare}, {2432, "codasrv", rare},
    {2433, "codasrv-se", rare}, {2443, "https-alt", rare}, {2447, "ovwdb", rare},
    {2455, "wago-io-system", rare}, {2480, "orientdb-http", common}, {2483, "ttc", rare},
    {2484, "ttc-ssl", rare}, {2500, "rtsserv", rare}, {2525, "smtp-alt", common}, {2583, "mon", rare},
    {2598, "citriximaclient", common}, {2600, "zebrasrv", rare}, {2601, "zebra", common},
    {2602, "ripd", rare}, {2603, "ripngd", rare}, {2604, "ospfd", common}, {2605, "bgpd", rare},
    {2606, "ospf6d", rare}, {2607, "ospfapi", rare}, {2608, "isisd", rare}, {2628, "dict", rare},
    {2638, "sybaseanywhere", common}, {2701, "sms-rcinfo", rare}, {2702, "sms-xfer", rare},
    {2703, "sms-chat", rare}, {2704, "sms-remctrl", rare}, {2709, "supermon", rare},
    {2710, "sso-service", rare}, {2717, "pn-requester", common}, {2725, "msolap-ptp2", rare},
    {2761, "dicom-iscl", rare}, {2762, "dicom-tls", rare}, {2775, "smpp", rare},
    {2792, "f5-globalsite", rare}, {2809, "corbaloc", rare}, {2811, "gsiftp", rare},
    {2869, "icslap", common}, {2947, "gpsd", common}, {2948, "wap-push", rare}, {2967, "ssc-agent", common},
    {2998, "iss-realsec", rare}, {3000, "grafana", common}, {3001, "http-alt", common},
    {3002, "http-alt", common}, {3003, "http-alt", rare}, {3005, "plex-companion", rare},
    {3020, "cifs", rare}, {3030, "arepa-cas", rare}, {3031, "eppc", common}, {3050, "gds-db", common},
    {3052, "powerchute", common}, {3074, "xbox", rare}, {3100, "loki", common}, {3128, "squid-http", common},
    {3129, "squid-https", common}, {3130, "icpv2", rare}, {3142, "apt-cacher", common},
    {3200, "sap-dispatcher", common}, {3205, "isns", rare}, {3225, "fcip-port", rare},
    {3260, "iscsi-target", common}, {3268, "msft-gc", common}, {3269, "msft-gc-ssl", common},
    {3283, "net-assistant", common}, {3299, "saprouter", common}, {3300, "ceph", common},
    {3306, "mysql", common}, {3307, "mysql-alt", common}, {3310, "clamd", common}, {3333, "dec-notes", rare},
    {3351, "btrieve", rare}, {3372, "msdtc", rare}, {3388, "cbserver", common},
    {3389, "ms-wbt-server", common}, {3390, "dsc", rare}, {3391, "savant", rare}, {3401, "filecast", rare},
    {3410, "networklenss", rare}, {3456, "vat", rare}, {3460, "edm-manager", rare}, {3478, "stun", common},
    {3483, "slim-devices", rare}, {3493, "nut", common}, {3527, "beserver-msg-q", rare},
    {3528, "jboss-iiop", rare}, {3529, "jboss-iiop-ssl", rare}, {3544, "teredo", rare},
    {3551, "apcupsd", common}, {3600, "sap-message", rare}, {3632, "distcc", common},
    {3659, "apple-sasl", rare}, {3671, "efcp", rare}, {3689, "daap", common}, {3690, "svn", common},
    {3702, "ws-discovery", common}, {3724, "blizwow", rare}, {3780, "nexpose", rare},
    {3784, "bfd-control", rare}, {3790, "metasploit-pro", rare}, {3799, "radius-dynauth", rare},
    {3826, "warmux", rare}, {3838, "shiny", common}, {3868, "diameter", rare}, {3872, "oem-agent", rare},
    {3900, "udt-os", rare}, {3905, "mupdate", rare}, {3945, "emcads", rare}, {3999, "remoteanything", rare},
    {4000, "terabase", common}, {4001, "newoak", rare}, {4002, "mlchat-proxy", rare},
    {4010, "samsung-unidex", rare}, {4031, "suucp", rare}, {4040, "spark-ui", common},
    {4045, "lockd", common}, {4064, "ice-srouter", rare}, {4100, "watchguard", rare}, {4111, "xgrid", rare},
    {4118, "netscript", rare}, {4125, "opsview-envoy", rare}, {4155, "bzr", rare}, {4190, "sieve", common},
    {4200, "angular-dev", common}, {4222, "nats", common}, {4242, "quassel", common},
    {4243, "docker-alt", rare}, {4307, "trueconf", rare}, {4317, "otlp-grpc", common},
    {4318, "otlp-http", common}, {4321, "rwhois", rare}, {4333, "msql", rare}, {4343, "https-alt", rare},
    {4353, "f5-iquery", common}, {4369, "epmd", common}, {4373, "remctl", rare}, {4433, "https-alt", common},
    {4440, "rundeck", common}, {4443, "https-alt", common}, {4444, "krb524", common},
    {4445, "upnotifyp", rare}, {4460, "ntske", rare}, {4500, "ipsec-nat-t", common},
    {4505, "salt-publish", common}, {4506, "salt-return", common}, {4533, "navidrome", rare},
    {4550, "gds-adppiw-db", rare}, {4557, "fax", rare}, {4559, "hylafax", rare}, {4567, "galera", common},
    {4568, "galera-ist", rare}, {4569, "iax", common}, {4646, "nomad-http", common},
    {4647, "nomad-rpc", common}, {4648, "nomad-serf", common}, {4662, "edonkey", rare},
    {4664, "google-desktop", rare}, {4691, "mtn", rare}, {4711, "emule-web", rare},
    {4730, "gearman", common}, {4739, "ipfix", rare}, {4740, "ipfixs", rare},
    {4786, "smart-install", common}, {4789, "vxlan", rare}, {4840, "opcua-tcp", common},
    {4843, "opcua-tls", common}, {4848, "appserv-http", common}, {4849, "appserv-https", common},
    {4899, "radmin-port", common}, {4911, "niagara-foxs", rare}, {4949, "munin", common},
    {4950, "sybasesrvmgr", rare}, {5000, "docker-registry", common}, {5001, "commplex-link", common},
    {5002, "rfe", common}, {5003, "fmpro-internal", common}, {5004, "avt-profile-1", rare},
    {5005, "jdwp", common}, {5006, "synology-dsm", common}, {5007, "wsm-server-ssl", rare},
    {5009, "airport-admin", common}, {5010, "telelpathstart", rare}, {5022, "sql-mirroring", common},
    {5030, "surfpass", rare}, {5037, "adb-server", rare}, {5038, "asterisk-ami", common},
    {5044, "logstash-beats", common}, {5050, "mesos-master", common}, {5051, "mesos-agent", common},
    {5054, "rlm-admin", rare}, {5060, "sip", common}, {5061, "sips", common}, {5080, "onscreen", rare},
    {5084, "llrp", rare}, {5085, "encrypted-llrp", rare}, {5094, "hart-ip", rare}, {5100, "socalia", rare},
    {5101, "admdog", rare}, {5140, "syslog-alt", rare}, {5173, "vite", common}, {5190, "aol", common},
    {5200, "targus-getdata", rare}, {5201, "iperf3", common}, {5222, "xmpp-client", common},
    {5223, "xmpp-client-tls", rare}, {5228, "hpvroom", rare}, {5269, "xmpp-server", common},
    {5270, "xmpp-server-tls", rare}, {5280, "xmpp-bosh", common}, {5281, "xmpp-bosh-tls", rare},
    {5298, "presence", rare}, {5308, "cfengine", common}, {5341, "seq", common}, {5349, "stuns", common},
    {5351, "nat-pmp", rare}, {5353, "mdns", rare}, {5355, "llmnr", rare}, {5357, "wsdapi", common},
    {5358, "wsdapi-s", rare}, {5405, "netsupport", common}, {5431, "park-agent", common},
    {5432, "postgresql", common}, {5433, "postgresql-alt", common}, {5434, "postgresql-alt", common},
    {5450, "pi-server", rare}, {5454, "apc-5454", rare}, {5480, "vmware-vami", common},
    {5498, "hotline-tracker", rare}, {5500, "hotline", common}, {5501, "hotline-xfer", rare},
    {5540, "matter", rare}, {5550, "sdadmind", rare}, {5554, "sgi-esphttp", rare}, {5555, "adb", common},
    {5556, "freeciv", rare}, {5560, "isqlplus", rare}, {5568, "sdt", rare}, {5601, "kibana", common},
    {5631, "pcanywheredata", rare}, {5632, "pcanywherestat", rare}, {5640, "apache-drill", rare},
    {5665, "icinga", common}, {5666, "nrpe", common}, {5667, "nsca", rare}, {5671, "amqps", common},
    {5672, "amqp", common}, {5678, "rrac", common}, {5679, "activesync", rare}, {5680, "canna", rare},
    {5683, "coap", common}, {5684, "coaps", rare}, {5693, "ncpa", common}, {5701, "hazelcast", common},
    {5718, "dpm", rare}, {5723, "scom", common}, {5724, "scom-sdk", rare}, {5800, "vnc-http", common},
    {5801, "vnc-http", common}, {5802, "vnc-http", rare}, {5858, "node-debug", rare}, {5900, "vnc", common},
    {5901, "vnc-1", common}, {5902, "vnc-2", common}, {5903, "vnc-3", common}, {5904, "vnc-4", common},
    {5905, "vnc-5", common}, {5910, "vnc-10", rare}, {5938, "teamviewer", common}, {5984, "couchdb", common},
    {5985, "wsman", common}, {5986, "wsmans", common}, {5988, "wbem-http", common},
    {5989, "wbem-https", common}, {5990, "wbem-exp-https", rare}, {5999, "cvsup", rare},
    {6000, "x11", common}, {6001, "x11-1", common}, {6002, "x11-2", common}, {6003, "x11-3", common},
    {6004, "x11-4", common}, {6005, "x11-5", common}, {6006, "tensorboard", common}, {6007, "x11-7", common},
    {6009, "x11-9", rare}, {6010, "x11-ssh", rare}, {6052, "esphome", rare}, {6066, "spark-rest", rare},
    {6080, "novnc", common}, {6081, "varnish", common}, {6082, "varnish-admin", common},
    {6100, "synchronet-db", rare}, {6101, "backupexec", common}, {6106, "backupexec-srv", rare},
    {6112, "dtspc", common}, {6123, "flink-rpc", rare}, {6129, "dameware", rare},
    {6160, "veeam-installer", common}, {6162, "veeam-mover", rare}, {6262, "icecream-web", rare},
    {6333, "qdrant", common}, {6346, "gnutella-svc", rare}, {6347, "gnutella-rtr", rare},
    {6379, "redis", common}, {6380, "redis-tls", common}, {6389, "clariion-evr01", rare},
    {6432, "pgbouncer", common}, {6443, "kube-apiserver", common}, {6444, "sge-qmaster", common},
    {6445, "sge-execd", rare}, {6446, "mysql-proxy", common}, {6447, "mysql-router-ro", common},
    {6448, "mysql-router-x", rare}, {6450, "mysql-router", rare}, {6481, "servicetags", common},
    {6513, "netconf-tls", rare}, {6514, "syslog-tls", common}, {6543, "mythtv", rare},
    {6544, "mythtv-status", rare}, {6556, "checkmk-agent", common}, {6566, "sane-port", rare},
    {6600, "mpd", common}, {6601, "mstmg-sstp", rare}, {6633, "openflow-legacy", common},
    {6640, "ovsdb", common}, {6641, "ovn-nb", common}, {6642, "ovn-sb", common}, {6650, "pulsar", common},
    {6653, "openflow", common}, {6660, "irc-alt", common}, {6661, "irc-alt", rare},
    {6665, "irc-alt", common}, {6666, "irc-alt", common}, {6667, "ircd", common}, {6668, "irc-alt", common},
    {6669, "irc-alt", rare}, {6679, "ircs-alt", common}, {6689, "tsa", rare}, {6690, "synology-drive", rare},
    {6697, "ircs-u", common}, {6699, "napster", rare}, {6755, "sun-ilom", rare},
    {6767, "bmc-perf-agent", rare}, {6783, "weave", rare}, {6788, "smc-http", rare},
    {6789, "ceph-mon", common}, {6800, "ceph-osd", common}, {6801, "ceph-osd", common},
    {6817, "slurmctld", common}, {6818, "slurmd", common}, {6819, "slurmdbd", common},
    {6881, "bittorrent", rare}, {6888, "muse", rare}, {6969, "bittorrent-trk", common},
    {7000, "cassandra", common}, {7001, "weblogic", common}, {7002, "weblogic-ssl", common},
    {7003, "afs3-vlserver", rare}, {7004, "afs3-kaserver", rare}, {7005, "afs3-volser", rare},
    {7006, "afs3-errors", rare}, {7007, "afs3-bos", rare}, {7070, "realserver", common},
    {7071, "zimbra-admin", common}, {7077, "spark-master", common}, {7078, "spark-agent", rare},
    {7080, "empowerid", rare}, {7100, "font-service", rare}, {7103, "rwp", rare}, {7144, "peercast", rare},
    {7180, "cloudera-mgr", common}, {7183, "cloudera-mgrs", rare}, {7199, "cassandra-jmx", rare},
    {7200, "fodms", rare}, {7210, "sap-maxdb", common}, {7233, "temporal", common},
    {7269, "sap-sdb-nissl", rare}, {7443, "oracleas-https", common}, {7473, "neo4j-https", common},
    {7474, "neo4j-http", common}, {7496, "ib-tws", rare}, {7497, "ib-tws-paper", rare},
    {7547, "cwmp", common}, {7574, "solr-alt", common}, {7627, "soap-http", rare}, {7634, "hddtemp", common},
    {7657, "i2p-console", common}, {7676, "imqbrokerd", common}, {7680, "pando-pub", common},
    {7681, "ttyd", common}, {7687, "bolt", common}, {7700, "meilisearch", common}, {7777, "cbt", common},
    {7778, "interwise", common}, {7779, "vstat", rare}, {7800, "jgroups", rare}, {7860, "gradio", common},
    {7878, "radarr", common}, {7946, "swarm-gossip", common}, {7990, "bitbucket", common},
    {7999, "bitbucket-ssh", common}, {8000, "http-alt", common}, {8001, "http-alt", common},
    {8002, "http-alt", rare}, {8003, "http-alt", common}, {8004, "http-alt", common},
    {8005, "tomcat-shutdown", common}, {8006, "proxmox", common}, {8007, "proxmox-backup", common},
    {8008, "http-alt", common}, {8009, "ajp13", common}, {8010, "http-alt", common},
    {8011, "http-alt", rare}, {8012, "http-alt", rare}, {8014, "symantec-sepm", common},
    {8020, "hdfs-namenode", common}, {8021, "zope-ftp", rare}, {8022, "ssh-alt", rare},
    {8025, "mailhog", common}, {8030, "yarn-scheduler", common}, {8031, "yarn-tracker", common},
    {8032, "yarn", common}, {8033, "yarn-admin", common}, {8040, "yarn-localizer", common},
    {8042, "yarn-nodemgr", common}, {8043, "unifi-omada", common}, {8044, "yarn-nodemgr-s", rare},
    {8047, "drill", rare}, {8050, "splash", rare}, {8060, "roku-ecp", common}, {8065, "mattermost", common},
    {8069, "odoo", common}, {8072, "odoo-longpoll", rare}, {8074, "gadugadu", rare},
    {8080, "http-alt", common}, {8081, "http-alt", common}, {8082, "http-alt", common},
    {8083, "http-alt", common}, {8084, "http-alt", common}, {8085, "http-alt", common},
    {8086, "influxdb", common}, {8087, "riak-pb", common}, {8088, "http-alt", common},
    {8089, "splunkd", common}, {8090, "http-alt", common}, {8091, "couchbase", common},
    {8092, "couchbase-views", common}, {8093, "couchbase-query", common}, {8094, "couchbase-fts", common},
    {8095, "couchbase-anly", common}, {8096, "jellyfin", common}, {8097, "sac", rare},
    {8098, "riak-http", common}, {8099, "http-alt", common}, {8100, "xprint-server", common},
    {8108, "typesense", common}, {8111, "teamcity", common}, {8112, "deluge-web", common},
    {8118, "privoxy", common}, {8123, "clickhouse-http", common}, {8125, "statsd", rare},
    {8126, "datadog-apm", common}, {8140, "puppet", common}, {8153, "gocd", common}, {8154, "gocd-s", rare},
    {8161, "activemq-web", common}, {8172, "msdeploy", common}, {8180, "http-alt", common},
    {8181, "http-alt", common}, {8182, "gremlin", rare}, {8183, "http-alt", rare},
    {8188, "yarn-timeline", common}, {8200, "vault", common}, {8201, "vault-cluster", common},
    {8222, "nats-monitor", common}, {8243, "wso2-https", common}, {8280, "wso2-http", common},
    {8281, "http-alt", common}, {8291, "winbox", common}, {8300, "consul-rpc", common},
    {8301, "consul-serf-lan", common}, {8302, "consul-serf-wan", common}, {8332, "bitcoin-rpc", common},
    {8333, "bitcoin", common}, {8383, "m2mservices", common}, {8384, "syncthing", common},
    {8388, "shadowsocks", common}, {8400, "cvd", common}, {8401, "sabarsd", rare}, {8402, "abarsd", rare},
    {8403, "admind", rare}, {8404, "haproxy-stats", common}, {8428, "victoriametrics", common},
    {8443, "https-alt", common}, {8444, "https-alt", common}, {8445, "https-alt", common},
    {8447, "plesk-updater", rare}, {8448, "matrix-fed", rare}, {8480, "https-alt", common},
    {8484, "http-alt", rare}, {8485, "hdfs-journal", rare}, {8500, "consul-http", common},
    {8501, "consul-https", common}, {8503, "consul-grpc-tls", rare}, {8530, "wsus", common},
    {8531, "wsus-ssl", common}, {8545, "ethereum-rpc", common}, {8546, "ethereum-ws", common},
    {8554, "rtsp-alt", common}, {8555, "webrtc-tcp", rare}, {8581, "homebridge", common},
    {8600, "consul-dns", common}, {8610, "canon-mfnp", rare}, {8649, "ganglia", common},
    {8651, "gmetad", rare}, {8652, "gmetad-query", rare}, {8686, "sun-as-jmxrmi", rare},
    {8728, "routeros-api", common}, {8729, "routeros-apis", common}, {8761, "eureka", common},
    {8765, "ultraseek-http", rare}, {8778, "jolokia", common}, {8787, "rstudio", common},
    {8800, "sunwebadmin", common}, {8834, "nessus-web", common}, {8843, "unifi-guest-s", rare},
    {8873, "dxspider", rare}, {8880, "plesk", common}, {8881, "http-alt", common},
    {8883, "secure-mqtt", common}, {8888, "jupyter", common}, {8889, "jupyter-alt", common},
    {8890, "virtuoso", common}, {8899, "http-alt", common}, {8920, "jellyfin-https", rare},
    {8953, "ub-dns-control", rare}, {8971, "frigate", common}, {8980, "opennms", rare},
    {8983, "solr", common}, {8989, "sonarr", common}, {8990, "http-wmap", common},
    {8991, "https-wmap", rare}, {8998, "livy", rare}, {8999, "bctp", rare}, {9000, "cslistener", common},
    {9001, "tor-or", common}, {9002, "dynamid", rare}, {9003, "xdebug", rare},
    {9009, "clickhouse-repl", rare}, {9010, "sdr", common}, {9030, "tor-dir", common},
    {9042, "cassandra-cql", common}, {9043, "websphere-admin", common}, {9050, "tor-socks", common},
    {9051, "tor-control", common}, {9060, "websphere-http", rare}, {9080, "glrpc", common},
    {9081, "http-alt", common}, {9083, "hive-metastore", rare}, {9084, "aurora", rare},
    {9088, "informix", common}, {9089, "informix-ssl", rare}, {9090, "websm", common},
    {9091, "transmission", common}, {9092, "kafka", common}, {9093, "alertmanager", common},
    {9094, "kafka-alt", common}, {9095, "http-alt", common}, {9096, "http-alt", rare},
    {9098, "xinetd", rare}, {9099, "http-alt", common}, {9100, "jetdirect", common},
    {9101, "bacula-dir", common}, {9102, "bacula-fd", common}, {9103, "bacula-sd", common},
    {9104, "mysqld-exporter", common}, {9110, "http-alt", common}, {9111, "http-alt", common},
    {9113, "nginx-exporter", rare}, {9114, "elastic-export", rare}, {9115, "blackbox-export", common},
    {9116, "snmp-exporter", rare}, {9117, "apache-exporter", rare}, {9119, "mxit", rare},
    {9121, "redis-exporter", common}, {9150, "tor-browser", common}, {9151, "tor-browser-ctl", rare},
    {9160, "cassandra-thrft", common}, {9182, "windows-export", common}, {9187, "pg-exporter", common},
    {9191, "papercut", common}, {9192, "papercut-ssl", rare}, {9200, "elasticsearch", common},
    {9222, "chrome-devtools", common}, {9229, "node-inspector", common}, {9243, "elastic-cloud", rare},
    {9256, "process-export", rare}, {9292, "puma", rare}, {9300, "elastic-transp", common},
    {9306, "manticore", common}, {9312, "sphinxapi", rare}, {9323, "docker-metrics", common},
    {9333, "seaweedfs", common}, {9345, "rke2", common}, {9389, "adws", common},
    {9390, "openvas-otp", common}, {9392, "openvas-web", common}, {9411, "zipkin", common},
    {9418, "git", common}, {9419, "veeam-api", rare}, {9440, "clickhouse-tls", common},
    {9443, "https-alt", common}, {9445, "https-alt", rare}, {9500, "ismserver", rare},
    {9501, "http-alt", rare}, {9535, "landesk-mgmt", rare}, {9593, "cba8", common},
    {9594, "landesk-msgsys", rare}, {9595, "landesk-pds", rare}, {9600, "omron-fins", common},
    {9618, "condor", common}, {9666, "zoomcp", rare}, {9667, "xmms2", rare}, {9673, "zope", rare},
    {9696, "prowlarr", rare}, {9735, "lightning", common}, {9761, "insteon-plm", rare},
    {9779, "nebula", rare}, {9800, "davsrc", common}, {9870, "hdfs-web", common},
    {9876, "rocketmq-names", rare}, {9898, "monkeycom", rare}, {9900, "iua", common},
    {9901, "envoy-admin", common}, {9944, "substrate-rpc", common}, {9981, "tvheadend", common},
    {9982, "tvheadend-htsp", rare}, {9990, "wildfly-admin", common}, {9993, "wildfly-admin-s", common},
    {9997, "splunk-fwd", common}, {9998, "distinct32", rare}, {9999, "distinct", common},
    {10000, "webmin", common}, {10001, "ubiquiti", common}, {10011, "teamspeak-query", rare},
    {10024, "amavis", rare}, {10025, "amavis-return", rare}, {10050, "zabbix-agent", common},
    {10051, "zabbix-trapper", common}, {10080, "amanda", common}, {10081, "kamanda", rare},
    {10082, "amandaidx", rare}, {10083, "amidxtape", rare}, {10110, "nmea-0183", rare},
    {10161, "snmptls", rare}, {10162, "snmptls-trap", rare}, {10243, "wmp-sharing", rare},
    {10249, "kube-proxy-mtr", rare}, {10250, "kubelet", common}, {10255, "kubelet-ro", common},
    {10256, "kube-proxy", common}, {10257, "kube-controller", common}, {10259, "kube-scheduler", common},
    {10443, "https-alt", common}, {10554, "rtsp-alt", rare}, {10809, "nbd", common},
    {10911, "rocketmq", common}, {10933, "octopus-tentacl", common}, {11000, "irisa", common},
    {11001, "metasys", rare}, {11111, "vce", rare}, {11112, "dicom", common},
    {11210, "couchbase-data", common}, {11211, "memcache", common}, {11300, "beanstalkd", common},
    {11311, "ros-master", common}, {11371, "hkp", rare}, {11434, "ollama", common},
    {11443, "https-alt", rare}, {12000, "cce4x", common}, {12201, "gelf", common}, {12345, "italk", rare},
    {12443, "https-alt", rare}, {12489, "nsclient", rare}, {13720, "bprd", common}, {13721, "bpdbm", rare},
    {13722, "bpjava-msvc", rare}, {13724, "vnetd", rare}, {13782, "bpcd", rare}, {13783, "vopied", rare},
    {14000, "scotty-ft", rare}, {14147, "filezilla-admin", rare}, {14250, "jaeger-grpc", rare},
    {14268, "jaeger-http", common}, {14550, "mavlink", rare}, {15000, "hydap", rare}, {15001, "pbs", rare},
    {15002, "pbs-mom", rare}, {15003, "pbs-resmom", rare}, {15004, "pbs-sched", rare},
    {15020, "istio-metrics", rare}, {15021, "istio-health", rare}, {15671, "rabbitmq-mgmt-s", common},
    {15672, "rabbitmq-mgmt", common}, {15692, "rabbitmq-prom", rare}, {16000, "hbase-master", common},
    {16010, "hbase-mst-web", common}, {16020, "hbase-region", common}, {16030, "hbase-reg-web", rare},
    {16080, "osxwebadmin", rare}, {16379, "redis-bus", common}, {16443, "kube-apiserver", common},
    {16509, "libvirt", common}, {16514, "libvirt-tls", common}, {16685, "jaeger-query", rare},
    {16686, "jaeger-web", common}, {16992, "amt-soap-http", common}, {16993, "amt-soap-https", common},
    {16994, "amt-redir-tcp", rare}, {16995, "amt-redir-tls", rare}, {17500, "db-lsp", common},
    {17988, "hp-ilo-vmedia", rare}, {17990, "hp-ilo-console", rare}, {18080, "spark-history", common},
    {18081, "http-alt", rare}, {18083, "emqx-dashboard", rare}, {18091, "couchbase-ssl", common},
    {18245, "ge-srtp", rare}, {18264, "fw1-ica", rare}, {19000, "igrid", rare},
    {19132, "minecraft-be", rare}, {19150, "gkrellm", rare}, {19530, "milvus", common},
    {19531, "journal-gatewy", rare}, {19532, "journal-remote", rare}, {19888, "mapred-history", common},
    {19999, "netdata", common}, {20000, "dnp", common}, {20547, "proconos", rare}, {21000, "irtrans", rare},
    {21025, "starbound", rare}, {21050, "impala", rare}, {22000, "syncthing-data", common},
    {22122, "fastdfs", rare}, {22125, "dcap", rare}, {22128, "gsidcap", rare}, {22222, "ssh-alt", common},
    {22273, "wnn6", rare}, {23646, "seaweed-admin", rare}, {24224, "fluentd", common},
    {24444, "netbeans", rare}, {24554, "binkp", rare}, {24800, "synergy", common},
    {25000, "icl-twobase1", common}, {25105, "insteon-hub", rare}, {25565, "minecraft", common},
    {25575, "minecraft-rcon", rare}, {25672, "rabbitmq-dist", common}, {25826, "collectd", rare},
    {26000, "quake", rare}, {26257, "cockroachdb", common}, {26379, "redis-sentinel", common},
    {27000, "flexlm", common}, {27001, "flexlm", common}, {27015, "source-rcon", common},
    {27017, "mongodb", common}, {27018, "mongodb-shard", common}, {27019, "mongodb-config", common},
    {27036, "steam", rare}, {28015, "rethinkdb", rare}, {28017, "mongodb-web", common},
    {29015, "rethinkdb-intra", rare}, {29092, "kafka-alt", rare}, {29418, "gerrit-ssh", common},
    {30000, "ndmps", common}, {30303, "ethereum", rare}, {30718, "lantronix", rare}, {30865, "csync2", rare},
    {31337, "eldim", rare}, {31416, "boinc", rare}, {32400, "plex", common},
    {32764, "router-backdoor", rare}, {32768, "filenet-tms", common}, {32769, "filenet-rpc", common},
    {32770, "filenet-nch", rare}, {32771, "filenet-rmi", rare}, {33060, "mysqlx", common},
    {33848, "jenkins-disc", rare}, {34567, "dvr-xmeye", common}, {34962, "profinet-rt", rare},
    {34963, "profinet-rtm", rare}, {34964, "profinet-cm", rare}, {35357, "openstack-id", common},
    {35729, "livereload", rare}, {36330, "fah-control", rare}, {37215, "huawei-upnp", rare},
    {37777, "dahua-dvr", common}, {41795, "crestron-ctp", rare}, {41796, "crestron-ctps", rare},
    {44443, "coldfusion-auth", rare}, {44818, "ethernet-ip-2", common}, {47001, "winrm", common},
    {47808, "bacnet", common}, {47984, "gamestream-tls", rare}, {47989, "gamestream-http", common},
    {48010, "gamestream-rtsp", rare}, {49000, "fritzbox-tr064", common}, {49152, "msrpc-dynamic", common},
    {49153, "msrpc-dynamic", common}, {49154, "msrpc-dynamic", common}, {49155, "msrpc-dynamic", common},
    {49156, "msrpc-dynamic", common}, {49157, "msrpc-dynamic", common}, {50000, "ibm-db2-server", common},
    {50001, "ibm-db2-alt", rare}, {50002, "iiimsf", rare}, {50010, "hdfs-datanode", rare},
    {50013, "sap-startsrv", common}, {50014, "sap-startsrv-s", rare}, {50020, "hdfs-data-ipc", rare},
    {50030, "mapred-tracker", rare}, {50051, "grpc", common}, {50060, "mapred-task", rare},
    {50070, "hdfs-web-legacy", common}, {50075, "hdfs-data-web", rare}, {50090, "hdfs-secondary", rare},
    {51413, "bittorrent-tr", common}, {51820, "wireguard", rare}, {51827, "homekit", rare},
    {52311, "bigfix", rare}, {52869, "realtek-upnp", rare}, {55000, "wazuh-api", common},
    {55443, "yeelight", common}, {55553, "msfrpcd", rare}, {57000, "dircproxy", rare},
    {60010, "hbase-old-web", rare}, {60020, "hbase-old-reg", rare}, {60030, "hbase-old-rweb", rare},
    {60177, "tfido", rare}, {60179, "fido", rare}, {61208, "glances", rare}, {61613, "stomp", common},
    {61614, "stomp-tls", rare}, {61616, "openwire", common}, {62078, "iphone-sync", common},
    {64738, "mumble", common},
});
// clang-format on

constexpr bool is_strictly_ascending() {
  for (size_t i = 1; i < services.size(); ++i)
    if (services[i - 1].port >= services[i].port) return false;
  return true;
}

constexpr bool has_plain_names() {
  for (const ServiceName& service : services) {
    if (service.name.empty() || service.name.size() > 15) return false;
    for (const char c : service.name)
      if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') return false;
  }
  return true;
}

static_assert(services.front().port > 0 && is_strictly_ascending(), "sorted by port, each port once");
static_assert(has_plain_names(), "up to 15 lower-case letters, digits and hyphens, as IANA's names");

struct Alias {
  std::string_view name;
  uint16_t port;
};

/// Other names that people type, and the usual port of a name that several ports in the list have.
constexpr auto aliases = std::to_array<Alias>({
    {"www", 80},
    {"www-http", 80},
    {"https-alt", 8443},
    {"http-alt", 8080},
    {"webcache", 8080},
    {"http-proxy", 8080},
    {"mail", 25},
    {"smtps", 465},
    {"ssmtp", 465},
    {"msa", 587},
    {"pop-3", 110},
    {"imap2", 143},
    {"imap4", 143},
    {"portmapper", 111},
    {"rpcbind", 111},
    {"nicname", 43},
    {"dns", 53},
    {"domain-name", 53},
    {"ident", 113},
    {"kerberos5", 88},
    {"kerberos-sec", 88},
    {"smb", 445},
    {"netbios", 139},
    {"rdp", 3389},
    {"mssql", 1433},
    {"ms-sql", 1433},
    {"mariadb", 3306},
    {"postgres", 5432},
    {"mongo", 27017},
    {"memcached", 11211},
    {"elastic", 9200},
    {"kubernetes", 6443},
    {"rfb", 5900},
    {"vnc-server", 5900},
    {"winrm", 5985},
    {"ajp", 8009},
    {"cups", 631},
    {"spooler", 515},
    {"pdl-datastream", 9100},
    {"jabber", 5222},
    {"jabber-client", 5222},
    {"jabber-server", 5269},
    {"sip-tls", 5061},
    {"mqtts", 8883},
    {"subversion", 3690},
    {"tns", 1521},
    {"x11-0", 6000},
    {"ssh-alt", 2222},
    {"irc", 6667},
    {"prometheus", 9090},
    {"rabbitmq", 5672},
    {"zabbix", 10050},
});

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::span<const ServiceName> service_names() { return services; }

std::string_view service_name_of(uint16_t port) {
  const auto found = std::lower_bound(services.begin(), services.end(), port,
                                      [](const ServiceName& s, uint16_t p) { return s.port < p; });
  return found != services.end() && found->port == port ? found->name : std::string_view{};
}

uint16_t port_of_service(std::string_view name) {
  const auto is_named = [&](const auto& entry) { return equal_ignoring_case(entry.name, name); };
  if (const auto alias = std::find_if(aliases.begin(), aliases.end(), is_named); alias != aliases.end())
    return alias->port;
  const auto found = std::find_if(services.begin(), services.end(), is_named);
  return found != services.end() ? found->port : uint16_t{0};
}

std::vector<uint16_t> ports_of_services(std::string_view pattern) {
  std::vector<uint16_t> ports;
  const auto add_matches = [&](const auto& entries) {
    for (const auto& entry : entries)
      if (matches_service_pattern(entry.name, pattern)) ports.push_back(entry.port);
  };
  add_matches(services);
  add_matches(aliases);
  return ports;
}

/// If the rest of the pattern does not match, the last star takes one more character: no pattern needs more than
/// |name| * |pattern| steps.
bool matches_service_pattern(std::string_view name, std::string_view pattern) {
  size_t in_name = 0, in_pattern = 0, star = std::string_view::npos, star_in_name = 0;
  while (in_name < name.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = in_pattern++;
      star_in_name = in_name;
    } else if (in_pattern < pattern.size() &&
               (pattern[in_pattern] == '?' || lower(pattern[in_pattern]) == lower(name[in_name]))) {
      ++in_pattern;
      ++in_name;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      in_name = ++star_in_name;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

}  // namespace portloop
