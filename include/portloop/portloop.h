/* portloop: a TCP port scanner that runs on your own libuv loop and needs no root privileges.
 *
 * One scan: portloop_scan_init() -> portloop_scan_start() -> (portloop_scan_stop()) -> portloop_scan_close().
 *
 * Unless noted otherwise:
 *   - Loop: you own it. portloop never runs, stops or closes it. It must outlive the scan's close callback.
 *   - Threads: call the functions that take a loop or a scan on the loop's thread. portloop_scan_stats() may also be
 *     called on other threads, and so may all functions that take neither. Scans on different loops are independent.
 *   - Callbacks run on the loop's thread, and never inside the function they were passed to. Every function of this
 *     header may be called in every callback, for this scan and for others.
 *   - Errors: functions that return int return 0, or a negative libuv code; see uv_strerror(). If a function returns an
 *     error, its callbacks are never called.
 *   - Side effects: portloop installs no signal handlers, writes nothing, reads no environment variables, has no global
 *     state and changes no resource limits. It starts threads only if loops > 1 or set_threaded was called; they block
 *     all signals, and all have been joined when the done callback runs.
 *   - Strings: NUL-terminated UTF-8, never NULL. Strings passed in are copied.
 *   - uv_walk(): the data field of portloop's handles is always NULL. Close scans, not their handles.
 *   - fork(): a running scan stays with the process that started it; see UV_ENOTSUP at portloop_done_cb.
 *   - Exceptions: a callback must not throw; std::terminate() is called if it does.
 * docs/embedding.md has more detail and examples. portloop.hpp is the C++ interface.
 */
#ifndef PORTLOOP_PORTLOOP_H
#define PORTLOOP_PORTLOOP_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "portloop/version.h"

#if defined(_WIN32) || !defined(__GNUC__)
#define PORTLOOP_API
#else
#define PORTLOOP_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Options: what to scan and how. You own them; portloop_scan_start() copies them. ----
 * May be used on any thread, but not on two at once; portloop_scan_start() uses them, too. Each function below that
 * returns int is a setter. It returns 0, UV_EINVAL (portloop_options_error() has the reason) or UV_ENOMEM; on error the
 * options are unchanged. */

typedef struct portloop_options portloop_options;

/* Returns NULL if out of memory. Free the options with portloop_options_free(), which accepts NULL. */
PORTLOOP_API portloop_options* portloop_options_new(void);
PORTLOOP_API void portloop_options_free(portloop_options* options);

/* Why the last setter, or portloop_scan_start(), returned UV_EINVAL: one line that quotes the offending word; otherwise
 * "". Owned by the options; valid until the next call that takes them. */
PORTLOOP_API const char* portloop_options_error(const portloop_options* options);

/* Adds numeric targets: an address, a CIDR block, a range (a-b or a.b.c.d-e) or ranges of octets (10.0.1-2.1-3);
 * link-local IPv6 addresses need a zone. UV_EINVAL for anything else, for 0.0.0.0 and for ::. Resolve host names
 * yourself. */
PORTLOOP_API int portloop_options_add_target(portloop_options* options, const char* text);
/* Adds the addresses first..last, inclusive. Both must have the same family (AF_INET or AF_INET6) and zone, and are
 * copied; their ports are ignored. UV_EINVAL as above, and if last is below first. */
PORTLOOP_API int portloop_options_add_range(portloop_options* options, const struct sockaddr* first,
                                            const struct sockaddr* last);
/* Excludes addresses, no matter whether they are added before or after this call. Same syntax as add_target. */
PORTLOOP_API int portloop_options_exclude_target(portloop_options* options, const char* text);

/* Ports 1-65535: "22,80,8000-8100", "60000-", "-1023", "-" or "all", service names from portloop's built-in list and
 * patterns of them ("http*"), or "common" (the default). set replaces the ports set before. exclude is cumulative, and
 * also applies to ports set later. */
PORTLOOP_API int portloop_options_set_ports(portloop_options* options, const char* text);
PORTLOOP_API int portloop_options_exclude_ports(portloop_options* options, const char* text);

/* Maximum number of connects in flight, over all loops, including connections whose banner is being read. An adaptive
 * scan may use fewer. Each needs a file descriptor; RLIMIT_NOFILE is not changed. Range 1-1,000,000; default 1,000. */
PORTLOOP_API int portloop_options_set_in_flight(portloop_options* options, uint32_t connects);
/* Maximum number of connects started per second, over all loops; may be fractional. Range 0-1,000,000,000; default 0:
 * unlimited. */
PORTLOOP_API int portloop_options_set_rate(portloop_options* options, double connects_per_second);
/* Maximum time that one connect may take, in milliseconds. Range 1-600,000; default 1,000. The kernel's search for a
 * neighbour on an own link, about 3 s, is not part of it. */
PORTLOOP_API int portloop_options_set_timeout_ms(portloop_options* options, uint32_t timeout_ms);
/* Nonzero (default 1): timeouts and the number in flight adapt to the network, within the limits set. 0: the limits are
 * used as they are. Always returns 0. */
PORTLOOP_API int portloop_options_set_adaptive(portloop_options* options, int adaptive);
/* Stops probing a host once this many of its ports are open. Its ports that have no result by then get none and are
 * counted in portloop_stats.not_probed. With loops > 1, each loop counts only the open ports that it found itself. Any
 * value; default 0: never stop. */
PORTLOOP_API int portloop_options_set_stop_after(portloop_options* options, uint32_t open_ports);
enum portloop_all_open { PORTLOOP_ALL_OPEN_IGNORE = 0, PORTLOOP_ALL_OPEN_REPORT = 1, PORTLOOP_ALL_OPEN_SKIP = 2 };
/* Whether hosts are found that accept connections on every port, such as a tarpit, or a proxy on the way: when the
 * first port of a host is open, random ports that are not scanned are probed as well (two; five if they are open, nine
 * if some are silent). They have no result, and are none of the excluded ports. Open ports of that host are reported
 * when that is decided, after a round trip or two; before them PORTLOOP_HOST_ALL_OPEN, if it accepts everything. IGNORE
 * (default): no. REPORT: yes. SKIP: such a host is probed no more; one open port of it has a result, and the others
 * that have none by then count in portloop_stats.not_probed. No effect if fewer than three ports are scanned. With
 * loops > 1, each loop finds out for itself. Since ABI 1.1. */
PORTLOOP_API int portloop_options_set_all_open(portloop_options* options, enum portloop_all_open all_open);
/* How many times a probe is repeated if it gets no answer. Range 0-13, or -1 (default): adaptive. */
PORTLOOP_API int portloop_options_set_retries(portloop_options* options, int retries);

enum portloop_order { PORTLOOP_ORDER_RANDOM = 0, PORTLOOP_ORDER_SEQUENTIAL = 1 };
/* In which order ports are probed. Default PORTLOOP_ORDER_RANDOM: if there are at least 64 ports, those that are most
 * often open, such as 22, 80 and 443, come first, on up to 32,768 addresses together; if there are many addresses, the
 * other ports of those that are silent on them come last. */
PORTLOOP_API int portloop_options_set_order(portloop_options* options, enum portloop_order order);
/* Seed of the random order; the same seed gives the same order. Any value; default 0. */
PORTLOOP_API int portloop_options_set_seed(portloop_options* options, uint64_t seed);
/* Divides the order into `count` disjoint parts and scans part `number`. 1 <= number <= count; default 1 of 1. */
PORTLOOP_API int portloop_options_set_shard(portloop_options* options, uint32_t number, uint32_t count);
/* Skips positions first..last, inclusive, of the shard's order (see portloop_result.position): to resume an earlier
 * scan with the same targets, ports, order, seed and shard. first <= last. Cumulative; ranges may overlap. */
PORTLOOP_API int portloop_options_skip_positions(portloop_options* options, uint64_t first, uint64_t last);
/* Nonzero: the input is open, so that targets can be added while the scan runs, with ports and a tag of their own; it
 * is not done before portloop_scan_finish_input(). The options need no target then, and may have neither a shard nor
 * positions to skip. No host is remembered after its probes, so that memory stays bounded: stop_after counts the open
 * ports of a host within one addition, or within several that were added at about the same time. 0 (default): the
 * options have all targets. Always returns 0. Since ABI 1.1. */
PORTLOOP_API int portloop_options_set_open_input(portloop_options* options, int open);
/* Number of loops. 1 (default): the scan runs on your loop and starts no thread. N > 1: N threads, each with its own
 * loop, but no more than the maximum in flight; callbacks still run on your loop. Range 1-1,024. */
PORTLOOP_API int portloop_options_set_loops(portloop_options* options, uint32_t loops);
/* Nonzero: one loop is a thread, too, so that your loop has nothing to do but to run the callbacks. 0 (default): it is
 * your loop. No effect if loops > 1. Always returns 0. Since ABI 1.1. */
PORTLOOP_API int portloop_options_set_threaded(portloop_options* options, int threaded);

enum portloop_connector { PORTLOOP_CONNECTOR_FASTEST = 0, PORTLOOP_CONNECTOR_PORTABLE = 1 };
/* How sockets are connected. FASTEST (default): the fastest way on this platform. PORTABLE: libuv only. */
PORTLOOP_API int portloop_options_set_connector(portloop_options* options, enum portloop_connector connector);

/* Where connects call from, and how their packets are marked. What the system refuses is an error of
 * portloop_scan_start() (UV_EINVAL), which names it. Since ABI 1.1. */
/* The source address, an address of this machine; one for each family. "": chosen by the system (default). */
PORTLOOP_API int portloop_options_set_source(portloop_options* options, const char* text);
/* The interface, by name, that all packets leave through, as with SO_BINDTODEVICE (Linux; without root since 5.7): only
 * its routes count, and IPv4 addresses without a route are taken to be on its link. "": by the routes (default). */
PORTLOOP_API int portloop_options_set_interface(portloop_options* options, const char* name);
/* The DSCP, 0-63 (RFC 2474), or -1 (default): the system's. */
PORTLOOP_API int portloop_options_set_dscp(portloop_options* options, int dscp);
/* SO_MARK, for routing policies and firewalls (Linux; needs CAP_NET_ADMIN). Default 0: none. */
PORTLOOP_API int portloop_options_set_mark(portloop_options* options, uint32_t mark);

/* What a scripted connect ends with. The library has set it to: connected, at once, without a descriptor. */
typedef struct portloop_script_answer {
  size_t size; /* of this structure, in bytes, as the library has it; later versions may add fields at the end */
  int error;   /* 0: open; UV_ECONNREFUSED: closed; UV_ETIMEDOUT: no answer; or what else connect() may end with */
  uint64_t delay_us; /* after the connect, on a virtual clock that only determines the order of the answers */
  int fd;            /* a connected, non-blocking stream socket that stands for the connection, for banners and
                      * portloop_result_take_fd(); the library owns it from then on. -1: there is none */
} portloop_script_answer;
/* Fills *answer for a connect to the endpoint, a sockaddr_in or sockaddr_in6. Must not call functions of this header.
 * With loops > 1 it is called on the loops' threads, on several at once. */
typedef void (*portloop_script_cb)(void* data, const struct sockaddr* endpoint, portloop_script_answer* answer);
/* For the tests of your program: the scan sends nothing and asks the system nothing; `script` decides what each connect
 * ends with. With one loop, portloop_options_set_adaptive() 0 and no rate, the same script, options and seed give the
 * same results in the same order, whatever the machine does; only rtt_us is measured. `data` is yours and must be valid
 * until done. NULL (default): the network. UV_ENOMEM. Since ABI 1.1. */
PORTLOOP_API int portloop_options_set_script(portloop_options* options, portloop_script_cb script, void* data);

enum portloop_banners {
  PORTLOOP_BANNERS_NONE = 0,
  PORTLOOP_BANNERS_READ = 1,
  PORTLOOP_BANNERS_HTTP = 2,
  PORTLOOP_BANNERS_HTTP_PRINTERS = 3 /* since ABI 1.1 */
};
/* Whether to read the first bytes that an open port sends. NONE (default): no; the other arguments are ignored. READ:
 * wait for them. HTTP: if none arrive, send an HTTP GET and wait again, but not on ports 9100-9107, where printers
 * print what they are sent. HTTP_PRINTERS: also there. timeout_ms: maximum time of each wait, in milliseconds,
 * 1-600,000. max_bytes: maximum length of a banner, 1-65,536; the rest is left unread. */
PORTLOOP_API int portloop_options_set_banners(portloop_options* options, enum portloop_banners banners,
                                              uint32_t timeout_ms, uint32_t max_bytes);
/* Nonzero: the connection to an open port is kept until its result callback returns, so that the callback can take it
 * over with portloop_result_take_fd(). Costs a socket for each open port. With loops > 1, as many connections as
 * may be in flight can wait for the callback in addition; then the threads wait. Default 0. Always returns 0. Since
 * ABI 1.1. */
PORTLOOP_API int portloop_options_set_keep_connections(portloop_options* options, int keep);

/* ---- Groups: scans that share limits. Since ABI 1.1. ----
 * The connects of all scans of a group together stay within its limits; each scan's own limits hold as well. A scan
 * gets what the others leave; if there is not enough for all, as much as the others, as far as it uses it. The scans
 * may run on any loops, with loop threads or without. A group may be used on any thread, but not in a child process:
 * there a start returns UV_ENOTSUP, and setters have no effect. (Scans on one loop share its turns in any case.) */

typedef struct portloop_group portloop_group;

/* Returns NULL if out of memory. Free the group with portloop_group_free(), which accepts NULL: its scans go on, and so
 * do the limits. */
PORTLOOP_API portloop_group* portloop_group_new(void);
PORTLOOP_API void portloop_group_free(portloop_group* group);
/* As portloop_options_set_in_flight() and portloop_options_set_rate(), with the same ranges and defaults, for all scans
 * together. Connects in flight stay. Call them at any time. UV_EINVAL: out of range. */
PORTLOOP_API int portloop_group_set_in_flight(portloop_group* group, uint32_t connects);
PORTLOOP_API int portloop_group_set_rate(portloop_group* group, double connects_per_second);
/* The group that scans with these options belong to; NULL (default): none. Always returns 0. */
PORTLOOP_API int portloop_options_set_group(portloop_options* options, portloop_group* group);

/* ---- Results ---- */

/* Later versions may add reasons, and options may add states; treat one that you don't know as PORTLOOP_UNKNOWN. */
enum portloop_state { PORTLOOP_OPEN = 0, PORTLOOP_CLOSED = 1, PORTLOOP_FILTERED = 2, PORTLOOP_UNKNOWN = 3 };

enum portloop_reason {
  PORTLOOP_SYN_ACK = 0,
  PORTLOOP_CONN_REFUSED = 1,
  PORTLOOP_NO_RESPONSE = 2,
  PORTLOOP_PORT_UNREACH = 3,
  PORTLOOP_HOST_UNREACH = 4,
  PORTLOOP_NET_UNREACH = 5,
  PORTLOOP_PROTO_UNREACH = 6,
  PORTLOOP_ADMIN_PROHIBITED = 7,
  PORTLOOP_LOCAL_ERROR = 8, /* unknown: the error is in portloop_result.error */
  PORTLOOP_NO_ROUTE = 9,    /* unknown: this machine has no route to the address */
  PORTLOOP_HOST_LOST = 10,  /* unknown: the host answered at first, then no longer */
  PORTLOOP_BANNED = 11      /* unknown: the host answered at first, then refused everything, open ports as well */
};

/* A connection that portloop_result_take_fd() takes over. */
typedef struct portloop_connection portloop_connection;

/* The result of one probe. Owned by the library; it and what it points to are valid only during the callback. Later
 * versions may add fields at the end: a program that was compiled with a newer header than the library has must not use
 * a field that ends behind `size`. Don't declare a portloop_result of your own, except as a copy of one. */
typedef struct portloop_result {
  size_t size;                     /* of this structure, in bytes, as the library has it */
  struct sockaddr_storage address; /* a sockaddr_in or sockaddr_in6, including the port */
  uint16_t port;                   /* host byte order */
  enum portloop_state state;
  enum portloop_reason reason;
  int error;            /* a negative libuv code if the reason is PORTLOOP_LOCAL_ERROR, else 0 */
  uint32_t attempts;    /* how many times the port was probed; 0 if its host was lost or absent, or had banned us */
  uint64_t rtt_us;      /* from the connect call to the answer, in microseconds, at least 1; 0 if there was none */
  const char* banner;   /* raw bytes from the network, not a string; NULL if none were read */
  size_t banner_length; /* in bytes; 0 if banner is NULL */
  uint64_t position;    /* in the shard's order, from 0; see portloop_options_skip_positions() */
  portloop_connection*
      connection; /* to an open port; NULL unless portloop_options_set_keep_connections() asked for it */
  uint64_t tag;   /* yours, of the addition that the address belongs to; 0 if it is one of the options' */
} portloop_result;

/* Takes over the connection to an open port; only in the callback of its result, or with a copy of the result that was
 * made there. Returns its descriptor, which portloop never closes or uses from then on: it is connected, non-blocking
 * and close-on-exec. What was read as a banner is not in it any more, and a GET that was sent for one has been sent. A
 * connection that is not taken is reset when the callback returns. UV_ENOTCONN: there is none, or it was taken. Since
 * ABI 1.1. */
PORTLOOP_API int portloop_result_take_fd(const portloop_result* result);

/* Formats an address, without its port, as in "10.0.0.1" or "fe80::1%2". `size` is that of `text`, in bytes, including
 * the NUL; 64 is always enough. UV_ENOSPC: too small; UV_EINVAL: neither IPv4 nor IPv6; UV_ENOMEM. */
PORTLOOP_API int portloop_format_address(const struct sockaddr* address, char* text, size_t size);
/* "open", "syn-ack" and so on. Static strings, never NULL; any number may be passed. */
PORTLOOP_API const char* portloop_state_name(enum portloop_state state);
PORTLOOP_API const char* portloop_reason_name(enum portloop_reason reason);
/* The service name of a TCP port in portloop's built-in list, or "". A static string, never NULL. */
PORTLOOP_API const char* portloop_service_name(uint16_t port);

/* ---- A scan ---- */

typedef struct portloop_scan portloop_scan;

/* Called once for each probe, except those left out by stop_after, all_open or skip_positions or not finished before
 * the scan was stopped. Not called after done, nor after portloop_scan_close(). */
typedef void (*portloop_result_cb)(portloop_scan* scan, const portloop_result* result);
/* Called instead of the result callback, with all results of one turn of the loop, at least one, in the order in which
 * they became known. The array and the results are valid during the callback. */
typedef void (*portloop_batch_cb)(portloop_scan* scan, const portloop_result* const* results, size_t count);
/* Called at an interval while the scan runs; portloop_scan_stats() has the counts. Not called after done. */
typedef void (*portloop_progress_cb)(portloop_scan* scan);
/* Later versions may add events. */
enum portloop_host_event {
  PORTLOOP_HOST_ABSENT = 0,   /* no such host on this machine's own link: its other ports are filtered, host-unreach */
  PORTLOOP_HOST_SILENT = 1,   /* it, or the path to it, has fallen silent: its other ports are unknown, host-lost */
  PORTLOOP_HOST_BACK = 2,     /* it was reported as absent, and answers after all */
  PORTLOOP_HOST_ALL_OPEN = 3, /* it accepts connections on every port: see portloop_options_set_all_open() */
  PORTLOOP_HOST_BANNED = 4    /* it refuses what it accepted before: its other ports are unknown, banned */
};
/* Called when something becomes known of a whole host, which may be long before its ports are reported. `address` is a
 * sockaddr_in or sockaddr_in6 with port 0, valid during the callback. With loops > 1, each loop that finds it calls. */
typedef void (*portloop_host_cb)(portloop_scan* scan, const struct sockaddr* address, enum portloop_host_event event);
/* Called exactly once after each successful start. `status` is 0 if the scan is complete; UV_ECANCELED if it was
 * stopped or closed first, so that pending connects have no result; UV_ENOMEM if it ran out of memory and stopped
 * itself; UV_ENOTSUP in a child process whose parent started the scan: there it has no result, and only closes its
 * copies of the descriptors. From then on the scan no longer keeps the loop alive. */
typedef void (*portloop_done_cb)(portloop_scan* scan, int status);
/* The last callback of a scan. The scan is freed when it returns. */
typedef void (*portloop_close_cb)(portloop_scan* scan);

/* Creates a scan on `loop`. You own *scan and must pass it to portloop_scan_close(). UV_ENOMEM: *scan is NULL. */
PORTLOOP_API int portloop_scan_init(uv_loop_t* loop, portloop_scan** scan);
/* Has results reported in batches, one in each turn of the loop in which there are any, for runtimes to whom a call is
 * dear; the result callback of start is not called then. NULL: not (default). UV_EALREADY: started or closed. Since
 * ABI 1.1. */
PORTLOOP_API int portloop_scan_set_batch_cb(portloop_scan* scan, portloop_batch_cb on_batch);
/* Has `on_progress` called every `interval_ms` milliseconds, at least 1, from the start to done; NULL: not (default).
 * Calls that a busy loop has missed are not made up for. UV_EINVAL: interval 0. UV_EALREADY: started or closed. Since
 * ABI 1.1. */
PORTLOOP_API int portloop_scan_set_progress_cb(portloop_scan* scan, portloop_progress_cb on_progress,
                                               uint32_t interval_ms);
/* Has events of hosts reported. NULL: not (default). UV_EALREADY: started or closed. Since ABI 1.1. */
PORTLOOP_API int portloop_scan_set_host_cb(portloop_scan* scan, portloop_host_cb on_host);
/* Starts the scan; a scan runs only once. Either callback may be NULL. `options` may be freed or changed after this
 * returns. UV_EINVAL: no target, no port, more than 2^63 probes, or a source address, interface, DSCP or mark that the
 * system refuses (portloop_options_error() has the reason); start may be called again. UV_EALREADY: already started or
 * closed. UV_EMFILE (not even one socket can be opened), UV_EAGAIN (no thread), UV_ENOMEM and others: the scan can only
 * be closed. */
PORTLOOP_API int portloop_scan_start(portloop_scan* scan, portloop_options* options, portloop_result_cb on_result,
                                     portloop_done_cb on_done);
/* Stops the scan: no more connects are started, results that are already known are still reported (open ports with the
 * part of their banner read so far; results queued by loop threads), then done is called. A refusal has no result
 * while it may be due to a ban (PORTLOOP_HOST_BANNED). No effect if the scan is not running. */
PORTLOOP_API void portloop_scan_stop(portloop_scan* scan);
/* Pauses a running scan: no connect is started until it is resumed. Connects in flight end as usual, and so does the
 * reading of banners. Answers are still reported, or, with loops > 1, kept (at most 65,536) until the scan is resumed;
 * a silent port has no result before that, because it may have to be probed again. A paused scan is not done, and keeps
 * the loop alive. stop and close end the pause. Call them in any callback, any number of times; no effect if the scan
 * is not running. */
PORTLOOP_API void portloop_scan_pause(portloop_scan* scan);
PORTLOOP_API void portloop_scan_resume(portloop_scan* scan);
/* Add targets to a running scan whose input is open: each address of the range, or of what the text stands for (as in
 * portloop_options_add_range() and portloop_options_add_target()), with these ports (as in
 * portloop_options_set_ports(); NULL: the options' ports), except what the options exclude. Their results carry `tag`,
 * which may be any number. What two additions have in common has a result for each. The first connect follows within a
 * turn of the loop, if the limits allow it. What is not begun with costs about 100 bytes for each range;
 * portloop_stats.waiting counts them. Call them in any callback, any number of times. UV_EINVAL (also for what the
 * options' interface does not lead to): portloop_scan_input_error() has the reason. UV_ESHUTDOWN: the input is not open
 * (any more): not asked for, finished, or the scan does not run or ends. On error nothing is added, except that of
 * several ranges of octets some may be. Since ABI 1.1. */
PORTLOOP_API int portloop_scan_add_range(portloop_scan* scan, const struct sockaddr* first, const struct sockaddr* last,
                                         const char* ports, uint64_t tag);
PORTLOOP_API int portloop_scan_add_target(portloop_scan* scan, const char* text, const char* ports, uint64_t tag);
/* Nothing more will be added: the scan is done when all that it has is. Idempotent; no effect if the input is not open.
 * Since ABI 1.1. */
PORTLOOP_API void portloop_scan_finish_input(portloop_scan* scan);
/* Why the last portloop_scan_add_range() or portloop_scan_add_target() returned UV_EINVAL: one line that quotes the
 * offending word; otherwise "". Owned by the scan; valid until the next of these calls. Since ABI 1.1. */
PORTLOOP_API const char* portloop_scan_input_error(const portloop_scan* scan);
/* Change the limits of a running scan from the next turn of its loops on, as if they had been set with
 * portloop_options_set_in_flight() and portloop_options_set_rate(). Connects in flight stay, so that their number falls
 * to a lower maximum as they end; no loop is added. UV_EINVAL: out of range, or fewer connects in flight than loop
 * threads (portloop_stats.loops), each of which needs one to finish the probes that it has begun with; the limits stay
 * as they were. A group's limit may be lower, because its threads take turns. No effect, and 0, if the scan is not
 * running. Call them in any callback, any number of times. Since ABI 1.1. */
PORTLOOP_API int portloop_scan_set_in_flight(portloop_scan* scan, uint32_t connects);
PORTLOOP_API int portloop_scan_set_rate(portloop_scan* scan, double connects_per_second);
/* Closes the scan: if it is running, stops it without further results and calls done; then frees it and calls
 * `on_closed`, which may be NULL, from the loop. May be called again until the scan is freed, for example in done while
 * an earlier close is in progress: later calls have no effect, and their callback is never called. A scan that is being
 * closed keeps the loop alive even if it was unreferenced. */
PORTLOOP_API void portloop_scan_close(portloop_scan* scan, portloop_close_cb on_closed);
/* Nonzero once portloop_scan_close() has been called. */
PORTLOOP_API int portloop_scan_is_closing(const portloop_scan* scan);

/* Like uv_ref() and uv_unref(): a running scan keeps the loop alive unless it is unreferenced. Call them before start
 * or while the scan runs; later they have no effect. Idempotent. */
PORTLOOP_API void portloop_scan_ref(portloop_scan* scan);
PORTLOOP_API void portloop_scan_unref(portloop_scan* scan);

/* A pointer for your own use; initially NULL. portloop never dereferences or frees it. */
PORTLOOP_API void portloop_scan_set_data(portloop_scan* scan, void* data);
PORTLOOP_API void* portloop_scan_data(const portloop_scan* scan);

/* Counts so far. Later versions may add fields at the end: portloop_scan_stats() takes the size that you know. */
typedef struct portloop_stats {
  uint64_t probes;                          /* addresses x ports in this scan's shard, and of what was added so far */
  uint64_t connects;                        /* connect attempts, including retries and those that failed locally */
  uint64_t open, closed, filtered, unknown; /* results by state */
  uint64_t local_failures;                  /* connects postponed because a local resource was exhausted */
  uint32_t in_flight;                       /* connects in flight now */
  uint32_t peak_in_flight;                  /* maximum of in_flight; with loops > 1, the sum of each loop's maximum */
  uint32_t loops;                           /* loop threads; 1 if the scan runs on your loop */
  uint64_t skipped;                         /* probes left out by portloop_options_skip_positions() */
  uint64_t not_probed;                      /* probes left out by stop_after or all_open */
  uint32_t flow_limit_per_s;                /* connects a second that the scan has slowed down to, 0 if it has not: new
                                             * connections went unanswered after so many, for so long, more than once */
  uint64_t flow_limit_flows;                /* how many were answered before that, at least */
  uint32_t flow_limit_hold_ms;              /* how long the others were not, in milliseconds */
  uint64_t waiting;                         /* ranges that were added to an open input and not begun with */
  /* How far the scan is. These are brought up to date many times a second. */
  uint64_t drawn;           /* probes that were taken up so far: made at least once, or left out */
  uint32_t pass;            /* 1 while ports are probed for the first time, then one more for each time that the silent
                             * ones are probed again; the lowest, if parts of the scan differ; 0 before and after */
  uint32_t expected_passes; /* about how many passes there will be, at least `pass` */
  uint32_t pass_permille;   /* how much of this pass has been sent, in thousandths */
  uint32_t banners;         /* open ports whose banner is being read */
  uint32_t slowed_per_s;    /* connects a second that the scan has slowed down to at times, because fewer of them were
                             * answered the faster they were; 0 if it has not */
  uint32_t queued_loops; /* loops that keep less in flight because it waits in a queue before this machine's uplink */
  uint64_t neighbour_wait_ms; /* how long hosts on this machine's own links have had to wait because the system's
                               * neighbour table had no room for them, in milliseconds (Linux) */
} portloop_stats;

/* Fills *stats. `size` is sizeof *stats; fields that are newer than the library are set to 0. May be called from
 * another thread between a successful start and the call of close; then the counts may be slightly out of step. */
PORTLOOP_API void portloop_scan_stats(const portloop_scan* scan, portloop_stats* stats, size_t size);

/* The version of the library at run time, such as "0.1.0". A static string. */
PORTLOOP_API const char* portloop_version(void);

#ifdef __cplusplus
}
#endif

#endif
