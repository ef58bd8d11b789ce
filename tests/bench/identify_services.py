#!/usr/bin/env python3
"""portloop scan --identify against real services, each from its Debian package, in namespaces of their own: how many are
identified, in how many connections, and whether any is worse off afterwards.

usage: identify_services.py PORTLOOP [--extracted DIR] [NAME...]

Needs root. Packages (none of them is started outside of the namespaces; put an executable /usr/sbin/policy-rc.d that
exits with 101 there before you install them):
  nginx-light apache2 lighttpd openssh-server pure-ftpd postfix dovecot-imapd dovecot-pop3d redis-server postgresql
  mariadb-server memcached mosquitto rabbitmq-server slapd samba bind9 unbound dnsmasq tigervnc-standalone-server x11vnc
  xvfb xrdp cups openvpn haproxy squid stunnel4 inetutils-inetd inetutils-telnetd ngircd inspircd prosody rsync git
  tinyproxy dante-server rpcbind openssl
vsftpd, proftpd-core and exim4-daemon-light conflict with some of them: --extracted names a directory into which they
were unpacked with `dpkg -x`. What is not installed is left out and named. MongoDB is not in Debian: see
tests/cli/identify_services.py for a scripted one.
"""

import argparse
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("portloop")
parser.add_argument("--extracted", default="/nonexistent")
parser.add_argument("names", nargs="*")
arguments = parser.parse_args()
PORTLOOP = os.path.abspath(arguments.portloop)

if os.environ.get("PORTLOOP_BENCH_NETWORK") != "own":
    if os.geteuid() != 0:
        sys.exit("identify_services.py: services change to users of their own: run this as root")
    os.environ["PORTLOOP_BENCH_NETWORK"] = "own"
    os.execvp("unshare", ["unshare", "-nmpf", "--mount-proc", "--kill-child", "--propagation", "private", sys.executable, *sys.argv])

os.environ["PATH"] += ":/usr/sbin:/sbin:/usr/lib/git-core:/usr/lib/postgresql/15/bin:" + os.path.join(arguments.extracted, "usr/sbin")
os.environ["PATH"] = "/usr/lib/postgresql/15/bin:" + os.environ["PATH"]
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
for number in range(2, 6):
    subprocess.run(["ip", "addr", "add", f"127.0.1.{number}/32", "dev", "lo"], check=True)
SCRATCH = tempfile.mkdtemp(prefix="identify.")
os.chmod(SCRATCH, 0o755)
for path in ("/run", "/var/log", "/var/spool/postfix", "/var/lib/samba", "/var/lib/rabbitmq", "/var/cache/samba"):
    if os.path.isdir(path):
        mode = os.stat(path)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True)
        os.chown(path, mode.st_uid, mode.st_gid)
for path in ("/run/lock", "/run/sshd", "/run/redis", "/run/mysqld", "/run/postgresql", "/run/dovecot", "/run/samba", "/run/named",
             "/run/xrdp", "/run/cups", "/run/prosody", "/run/rpcbind", "/var/log/samba", "/var/log/prosody", "/var/log/squid"):
    os.makedirs(path, exist_ok=True)
    os.chmod(path, 0o1777)
os.chmod("/run/sshd", 0o755)
# exim4 is compiled to know its user, whom an unpacked package does not make.
with open("/etc/passwd") as users, open(os.path.join(SCRATCH, "passwd"), "w") as more_users:
    more_users.write(users.read() + "Debian-exim:x:64999:65534::/nonexistent:/bin/false\n")
with open("/etc/group") as groups, open(os.path.join(SCRATCH, "group"), "w") as more_groups:
    more_groups.write(groups.read() + "Debian-exim:x:64999:\n")
for name in ("passwd", "group"):
    os.chmod(os.path.join(SCRATCH, name), 0o644)
    subprocess.run(["mount", "--bind", os.path.join(SCRATCH, name), "/etc/" + name], check=True)


def file(name, text):
    path = os.path.join(SCRATCH, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as output:
        output.write(text)
    os.chmod(path, 0o644)
    return path


def folder(name, user=None):
    path = os.path.join(SCRATCH, name)
    os.makedirs(path, exist_ok=True)
    if user is not None:
        shutil.chown(path, user)
    return path


CERTIFICATE, KEY = os.path.join(SCRATCH, "cert.pem"), os.path.join(SCRATCH, "key.pem")
subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", KEY, "-out", CERTIFICATE, "-days", "30",
                "-subj", "/CN=web.example", "-addext", "subjectAltName=DNS:web.example"], check=True, capture_output=True)
os.chmod(KEY, 0o644)
with open(os.path.join(SCRATCH, "both.pem"), "w") as both:
    both.write(open(CERTIFICATE).read() + open(KEY).read())

HOST = "127.0.0.1"
# name, its program, what is run (lists of words; the last may stay in the foreground), and what it is:
# {(address, port): (protocol, product or None, TLS)}. TLS is True if all is within it, and STARTTLS if it begins later.
SERVICES = []
STARTTLS = "starttls"


def service(name, program, found, *commands, user=None):
    SERVICES.append((name, program, {(HOST, key) if isinstance(key, int) else key: value for key, value in found.items()}, commands, user))


service("nginx", "nginx", {80: ("http", "nginx", False), 443: ("http", "nginx", True), 20443: ("http", "nginx", True)},
        ["nginx", "-c", file("nginx.conf", f"""daemon off; pid {SCRATCH}/nginx.pid; error_log {SCRATCH}/nginx.error.log warn;
events {{}} http {{ access_log off; server {{ listen 80; return 200 "<title>Hello</title>"; }}
server {{ listen 443 ssl http2; listen 20443 ssl; ssl_certificate {CERTIFICATE}; ssl_certificate_key {KEY}; return 301 https://web.example/; }} }}""")])
service("apache2", "apache2", {8080: ("http", "Apache", False), 8443: ("http", "Apache", True)},
        ["apache2", "-DFOREGROUND", "-f", file("apache.conf", f"""ServerRoot /usr/lib/apache2
PidFile {SCRATCH}/apache.pid
ErrorLog {SCRATCH}/apache.error.log
ServerName web.example
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule ssl_module modules/mod_ssl.so
DefaultRuntimeDir {SCRATCH}
Mutex file:{SCRATCH}
User www-data
Group www-data
DocumentRoot {folder("apache")}
Listen 8080
Listen 8443 https
<VirtualHost *:8443>
SSLEngine on
SSLCertificateFile {CERTIFICATE}
SSLCertificateKeyFile {KEY}
</VirtualHost>
""")])
service("lighttpd", "lighttpd", {8000: ("http", "lighttpd", False)},
        ["lighttpd", "-D", "-f", file("lighttpd.conf", f'server.document-root = "{folder("lighttpd")}"\nserver.port = 8000\n')])
service("openssh", "sshd", {22: ("ssh", "OpenSSH", False), 20022: ("ssh", "OpenSSH", False)},
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(SCRATCH, "hostkey")],
        ["/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", os.path.join(SCRATCH, "hostkey"), "-o", "Port=22", "-o", "Port=20022"])
service("pure-ftpd", "pure-ftpd", {21: ("ftp", "Pure-FTPd", False)}, ["pure-ftpd", "-S", "21", "-E"])
service("vsftpd", "vsftpd", {2121: ("ftp", "vsFTPd", STARTTLS)},
        ["vsftpd", file("vsftpd.conf", f"listen=YES\nlisten_port=2121\nbackground=NO\nsecure_chroot_dir={folder('empty')}\nanonymous_enable=YES\nssl_enable=YES\nrsa_cert_file={CERTIFICATE}\nrsa_private_key_file={KEY}\nvsftpd_log_file={SCRATCH}/vsftpd.log\n")])
service("proftpd", "proftpd", {2120: ("ftp", "ProFTPD", False)},
        ["proftpd", "-n", "-c", file("proftpd.conf", f"ServerType standalone\nPort 2120\nUser nobody\nGroup nogroup\nPidFile {SCRATCH}/proftpd.pid\nScoreboardFile {SCRATCH}/proftpd.score\nSystemLog {SCRATCH}/proftpd.log\nDelayEngine off\n")])
service("postfix", "postfix", {25: ("smtp", "Postfix", STARTTLS)},
        ["sh", "-c", f"cp -a /etc/postfix {SCRATCH}/postfix; mkdir -p {SCRATCH}/pfdata; chown postfix {SCRATCH}/pfdata; "
         f"postconf -c {SCRATCH}/postfix -e maillog_file=/var/log/postfix.log data_directory={SCRATCH}/pfdata inet_interfaces=127.0.0.1 myhostname=mail.example compatibility_level=3.6 alias_maps= alias_database= "
         f"smtpd_tls_cert_file={CERTIFICATE} smtpd_tls_key_file={KEY} smtpd_tls_security_level=may; "
         f"postfix -c {SCRATCH}/postfix set-permissions >/dev/null 2>&1; exec postfix -c {SCRATCH}/postfix start-fg"])
service("exim4", "exim4", {2525: ("smtp", "Exim", STARTTLS)},
        ["exim4", "-bdf", "-oX", "2525", "-C", file("exim.conf", f"spool_directory={folder('exim', 'nobody')}\nlog_file_path={SCRATCH}/exim/%s.log\nexim_user=nobody\nexim_group=nogroup\nacl_smtp_rcpt=deny\ntls_advertise_hosts=*\ntls_certificate={CERTIFICATE}\ntls_privatekey={KEY}\n")])
service("dovecot", "dovecot", {143: ("imap", "Dovecot", STARTTLS), 993: ("imap", "Dovecot", True), 110: ("pop3", "Dovecot", STARTTLS), 995: ("pop3", "Dovecot", True)},
        ["dovecot", "-F", "-c", file("dovecot.conf", f"""protocols = imap pop3
base_dir = /run/dovecot
ssl = yes
ssl_cert = <{CERTIFICATE}
ssl_key = <{KEY}
log_path = {SCRATCH}/dovecot.log
login_greeting = Dovecot ready.
passdb {{
  driver = static
  args = nopassword=y
}}
""")])
service("redis", "redis-server", {6379: ("redis", "Redis", False)},
        ["redis-server", "--port", "6379", "--dir", folder("redis"), "--protected-mode", "no"])
service("postgresql", "postgres", {5432: ("postgresql", None, STARTTLS)},
        ["sh", "-c", f"cd {folder('postgres', 'postgres')} && initdb -D data >/dev/null && install -m 600 {KEY} key.pem && exec postgres -D data -k . -h 127.0.0.1 "
         f"-c ssl=on -c ssl_cert_file={CERTIFICATE} -c ssl_key_file=$PWD/key.pem"],
        user="postgres")
service("mariadb", "mariadbd", {3306: ("mysql", "MariaDB", STARTTLS)},
        ["sh", "-c", f"mariadb-install-db --no-defaults --datadir={SCRATCH}/my --user=mysql >/dev/null 2>&1; "
         f"exec mariadbd --no-defaults --datadir={SCRATCH}/my --socket={SCRATCH}/my/sock --pid-file={SCRATCH}/my/pid --port=3306 --user=mysql --skip-grant-tables --ssl-cert={CERTIFICATE} --ssl-key={KEY}"])
service("memcached", "memcached", {11211: ("memcached", "memcached", False)}, ["memcached", "-u", "nobody", "-p", "11211", "-U", "0"])
service("mosquitto", "mosquitto", {1883: ("mqtt", None, False), 8883: ("mqtt", None, True)},
        ["mosquitto", "-c", file("mosquitto.conf", f"listener 1883\nallow_anonymous true\nlistener 8883\ncertfile {CERTIFICATE}\nkeyfile {KEY}\n")])
service("rabbitmq", "rabbitmq-server", {5672: ("amqp", "RabbitMQ", False)},
        ["env", f"HOME={SCRATCH}", "RABBITMQ_NODENAME=rabbit@localhost", f"RABBITMQ_MNESIA_BASE={SCRATCH}/rabbit", f"RABBITMQ_LOG_BASE={SCRATCH}/rabbitlog",
         "/usr/lib/rabbitmq/bin/rabbitmq-server"])
service("slapd", "slapd", {389: ("ldap", None, STARTTLS)},
        ["slapd", "-d", "0", "-h", "ldap://127.0.0.1:389/", "-f", file("slapd.conf", f"pidfile {SCRATCH}/slapd.pid\nmodulepath /usr/lib/ldap\nTLSCertificateFile {CERTIFICATE}\nTLSCertificateKeyFile {KEY}\n")])
service("stunnel", "stunnel4", {636: ("ldap", None, True)},
        ["stunnel4", file("stunnel.conf", f"foreground = yes\npid =\n[ldaps]\naccept = 636\nconnect = 389\ncert = {SCRATCH}/both.pem\n")])
service("samba", "smbd", {445: ("smb", None, False), 139: ("smb", None, False)},
        ["smbd", "-F", "--no-process-group", "-s", file("smb.conf", f"[global]\nlock directory = {folder('smb')}\nstate directory = {SCRATCH}/smb\ncache directory = {SCRATCH}/smb\npid directory = {SCRATCH}/smb\nprivate dir = {SCRATCH}/smb\nncalrpc dir = {SCRATCH}/smb\nlog file = {SCRATCH}/smb.log\n")])
service("bind9", "named", {53: ("dns", None, False)},
        ["named", "-g", "-u", "bind", "-c", file("named.conf", f'options {{ directory "{folder("named", "bind")}"; listen-on {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; pid-file none; session-keyfile none; }}; controls {{}};')])
service("unbound", "unbound", {("127.0.1.2", 53): ("dns", "unbound", False)},
        ["unbound", "-d", "-d", "-p", "-c", file("unbound.conf", f'server:\n interface: 127.0.1.2\n chroot: ""\n directory: "{SCRATCH}"\n username: ""\n access-control: 127.0.0.0/8 allow\n use-syslog: no\nremote-control:\n control-enable: no\n')])
service("dnsmasq", "dnsmasq", {("127.0.1.3", 53): ("dns", "dnsmasq", False)},
        ["dnsmasq", "-k", "-C", "/dev/null", "--listen-address=127.0.1.3", "--bind-interfaces", "--no-resolv", "--user=nobody", "--pid-file"])
service("tigervnc", "Xtigervnc", {5901: ("vnc", None, False)}, ["Xtigervnc", ":1", "-rfbport", "5901", "-SecurityTypes", "None", "-nolisten", "tcp"])
service("xvfb", "Xvfb", {6005: ("x11", None, False)}, ["Xvfb", ":5", "-listen", "tcp", "-screen", "0", "320x240x8"])
service("x11vnc", "x11vnc", {5900: ("vnc", None, False)}, ["sh", "-c", "sleep 2; exec x11vnc -display :5 -forever -rfbport 5900 -noxdamage -shared"])
service("xrdp", "xrdp", {3389: ("rdp", None, False)},
        ["sh", "-c", f"sed 's/^LogFile=.*/LogFile={SCRATCH.replace('/', chr(92) + '/')}\\/xrdp.log/' /etc/xrdp/xrdp.ini > {SCRATCH}/xrdp.ini; exec xrdp -n -c {SCRATCH}/xrdp.ini"])
service("cups", "cupsd", {631: ("http", "CUPS", False)},
        ["cupsd", "-f", "-s", file("cups-files.conf", f"ServerRoot {folder('cups')}\nStateDir /run/cups\nCacheDir {SCRATCH}/cups\nRequestRoot {SCRATCH}/cups\nTempDir {SCRATCH}/cups\nErrorLog {SCRATCH}/cups.log\nAccessLog {SCRATCH}/cups.access\nSystemGroup root\n"),
         "-c", file("cupsd.conf", "Listen 127.0.0.1:631\nLogLevel warn\n<Location />\nOrder allow,deny\nAllow all\n</Location>\n")])
service("openvpn", "openvpn", {1194: ("openvpn", None, False)},
        ["openvpn", "--dev", "tun", "--proto", "tcp-server", "--port", "1194", "--tls-server", "--ca", CERTIFICATE, "--cert", CERTIFICATE, "--key", KEY,
         "--dh", "none", "--server", "10.8.0.0", "255.255.255.0", "--verb", "1"])
service("haproxy", "haproxy", {8081: ("http", None, False)},
        ["haproxy", "-db", "-f", file("haproxy.cfg", "defaults\n mode http\n timeout client 30s\n timeout server 30s\n timeout connect 5s\nfrontend f\n bind :8081\n http-request return status 200 content-type text/html string \"<title>Proxy</title>\"\n")])
service("squid", "squid", {3128: ("http", "squid", False)},
        ["squid", "-N", "-f", file("squid.conf", f"http_port 3128\npid_filename none\ncache_log {SCRATCH}/squid.log\naccess_log none\ncoredump_dir {SCRATCH}\nhttp_access deny all\nlogfile_rotate 0\npinger_enable off\n")])
service("tinyproxy", "tinyproxy", {8888: ("http", "tinyproxy", False)}, ["tinyproxy", "-d", "-c", file("tinyproxy.conf", "Port 8888\nListen 127.0.0.1\nMaxClients 20\n")])
service("inetd+telnetd", "inetutils-inetd", {23: ("telnet", None, False)},
        ["inetutils-inetd", "-d", file("inetd.conf", "127.0.0.1:23 stream tcp nowait root /usr/sbin/telnetd telnetd\n")])
service("ngircd", "ngircd", {6667: ("irc", None, False)},
        ["ngircd", "-n", "-f", file("ngircd.conf", "[Global]\nName = irc.example\nInfo = x\nPorts = 6667\nServerUID = irc\n[Options]\nPAM = no\nIdent = no\nDNS = no\n")])
service("inspircd", "inspircd", {7000: ("irc", None, False)},
        ["inspircd", "--nofork", "--runasroot", "--config", file("inspircd.conf", '<server name="irc.example" description="x" network="x">\n<admin name="a" nick="a" email="a@b">\n<bind address="127.0.0.1" port="7000" type="clients">\n<connect allow="*">\n' f'<pid file="{SCRATCH}/inspircd.pid">\n')])
service("prosody", "prosody", {5222: ("xmpp", None, False)},
        ["prosody", "--root", "-F", "--config", file("prosody.lua", f'run_as_root = true\nmodules_disabled = {{ "posix" }}\nlog = {{ info = "{SCRATCH}/prosody.log" }}\ndata_path = "{folder("prosody")}"\npidfile = "{SCRATCH}/prosody.pid"\nVirtualHost "localhost"\nVirtualHost "127.0.0.1"\n')])
service("rsync", "rsync", {873: ("rsync", None, False)},
        ["rsync", "--daemon", "--no-detach", "--port=873", "--config=" + file("rsyncd.conf", f"log file = {SCRATCH}/rsync.log\nuse chroot = no\n[x]\npath = {SCRATCH}\n")])
service("git", "git", {9418: ("git", None, False)}, ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", "--verbose", f"--base-path={folder('git')}"])
service("dante", "danted", {1080: ("socks", None, False)},
        ["danted", "-f", file("danted.conf", "internal: 127.0.0.1 port = 1080\nexternal: lo\nsocksmethod: none\nclientmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\nclient pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\nsocks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n")])
service("rpcbind", "rpcbind", {111: ("rpcbind", None, False)}, ["rpcbind", "-f", "-w"])


def run(name, commands, user):
    log = open(os.path.join(SCRATCH, name + ".out"), "wb")
    options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "start_new_session": True}
    if user is not None:
        entry = pwd.getpwnam(user)
        options["user"], options["group"], options["extra_groups"] = entry.pw_uid, entry.pw_gid, []
    for words in commands[:-1]:
        subprocess.run(words, check=False, **options)
    return subprocess.Popen(commands[-1], **options)


def accepts(endpoint):
    try:
        socket.create_connection(endpoint, 1).close()
        return True
    except OSError:
        return False


def listening():
    found = set()
    for line in list(open("/proc/net/tcp"))[1:] + list(open("/proc/net/tcp6"))[1:]:
        fields = line.split()
        if fields[3] == "0A":
            found.add(int(fields[1].rsplit(":", 1)[1], 16))
    return found


def identify(endpoints, *words):
    addresses = sorted({address for address, _ in endpoints})
    ports = ",".join(map(str, sorted({port for _, port in endpoints})))
    begun = time.monotonic()
    done = subprocess.run([PORTLOOP, "scan", *addresses, "-p", ports, "--identify", "-f", "json", "-q", *words], capture_output=True, text=True)
    if done.returncode != 0:
        print("exit status", done.returncode, done.stderr)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    return {(r["address"], r["port"]): r.get("identified") for r in results}, time.monotonic() - begun


def tls_of(found):
    if "tls" not in found:
        return False
    return STARTTLS if found["tls"].get("starttls") else True


def is_right(found, expected):
    protocol, product, tls = expected
    return found is not None and found["protocol"] == protocol and tls_of(found) == tls and \
        (product is None or product.lower() in found.get("product", "").lower())


def text_of(found):
    if found is None:
        return "nothing"
    return {False: "", True: "ssl|", STARTTLS: "STARTTLS "}[tls_of(found)] + " ".join(filter(None, (found["protocol"], found.get("product"), found.get("version"))))


def connect_only(endpoints):
    subprocess.run([PORTLOOP, "scan", *sorted({address for address, _ in endpoints}), "-q", "-f", "list",
                    "-p", ",".join(map(str, sorted({port for _, port in endpoints})))], stdout=subprocess.DEVNULL, check=True)


def shape_of(line):
    """The line without what differs each time."""
    return re.sub(r"[0-9a-f]*[0-9][0-9a-f]*", "", line)


COMPLAINT = re.compile(r"\b(error|err|crit|critical|alert|emerg|panic|fatal|segfault|assert\w*|traceback|core dumped)\b", re.IGNORECASE)
ENDED = re.compile(r"clos|reset|eof|lost connection|disconnect|hang ?up|broken pipe|timed? ?out|did not send identification|end of file", re.IGNORECASE)


def log_lines():
    lines = {}
    for directory in (SCRATCH, "/var/log"):
        for root, _, names in os.walk(directory):
            for name in names:
                path = os.path.join(root, name)
                if (name.endswith((".log", ".out")) or directory == "/var/log") and os.path.getsize(path) < 10_000_000:
                    with open(path, errors="replace") as log:
                        lines[path] = log.read().splitlines()
    return lines


def main():
    wanted, processes, absent, silent = {}, {}, [], []
    for name, program, found, commands, user in SERVICES:
        if arguments.names and name not in arguments.names:
            continue
        if shutil.which(program) is None:
            absent.append(name)
            continue
        processes[name] = run(name, commands, user)
        for endpoint, expected in found.items():
            wanted[endpoint] = (name, expected)
    end = time.monotonic() + 90
    while time.monotonic() < end and not {port for _, port in wanted} <= listening():
        time.sleep(0.5)
    time.sleep(5)
    for endpoint in [e for e in wanted if e[1] not in listening()]:
        silent.append(wanted.pop(endpoint)[0])
    for name in set(silent):
        print(f"{name} did not start:", open(os.path.join(SCRATCH, name + ".out"), errors="replace").read()[-400:])
    # What a service writes about a connection that is just closed, it writes about any scan.
    before = log_lines()
    connect_only(wanted)
    time.sleep(3)
    usual = {shape_of(line) for path, lines in log_lines().items() for line in lines[len(before.get(path, [])):]}
    before = log_lines()
    first, elapsed_s = identify(wanted)
    second, _ = identify(wanted)
    wrong = 0
    for endpoint, (name, expected) in sorted(wanted.items(), key=lambda item: item[1][0]):
        right, again = is_right(first.get(endpoint), expected), is_right(second.get(endpoint), expected)
        wrong += not right
        print(f"{name:14} {endpoint[0]}:{endpoint[1]:<6} {'right' if right else 'WRONG'}  {text_of(first.get(endpoint))}"
              + ("" if right == again else f"   AFTERWARDS: {text_of(second.get(endpoint))}"))
    time.sleep(2)
    complaints = 0
    for path, lines in log_lines().items():
        for line in lines[len(before.get(path, [])):]:
            if COMPLAINT.search(line) and not ENDED.search(line) and shape_of(line) not in usual:
                complaints += 1
                print(f"complaint in {os.path.basename(path)}: {line[:200]}")
    dead = [name for name, process in processes.items() if process.poll() is not None and name not in silent]
    names = {name for name, _ in wanted.values()}
    print(f"{len(names)} services, {len(wanted)} ports: {len(wanted) - wrong} right, {wrong} wrong, in {elapsed_s:.1f} s; "
          f"{complaints} complaints; ended since: {', '.join(dead) or 'none'}; "
          f"not installed: {', '.join(absent) or 'none'}; not started: {', '.join(sorted(set(silent))) or 'none'}")
    for process in processes.values():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    time.sleep(1)
    shutil.rmtree(SCRATCH, ignore_errors=True)
    return 1 if wrong else 0


sys.exit(main())
