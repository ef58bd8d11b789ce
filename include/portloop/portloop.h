/* portloop: find out which TCP ports answer, on your own libuv loop, without root.
 *
 * One scan: portloop_scan_init() -> portloop_scan_start() -> (portloop_scan_stop()) -> portloop_scan_close().
 *
 * Rules that hold for every line below:
 *   - The loop is yours: it is never run, stopped or closed here, and outlives the scan's close callback.
 *   - Thread: call everything from the loop's thread; callbacks come from the loop's thread, never from inside
 *     the function that they were given to. Only portloop_scan_stats() may be called from other threads.
 *   - Errors are negative libuv codes (uv_strerror() names them). When a function returns one, its callback is
 *     never called.
 *   - No signals, no output, no environment, no globals, no resource limits. Only loops > 1 starts threads; they
 *     block every signal, and none is left when done is called.
 *   - Texts are UTF-8 or ASCII, end with a NUL, are copied, and are never NULL.
 *   - A callback must not throw a C++ exception: that ends the program.
 * docs/embedding.md says the same at length, with examples. For C++ there is portloop.hpp.
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

/* ---- Options: what to scan and how. Owned by you, copied by portloop_scan_start(). Any thread, one at a time. ----
 * A setter answers 0, UV_EINVAL (portloop_options_error() says why) or UV_ENOMEM; in both cases nothing was changed. */

typedef struct portloop_options portloop_options;

/* NULL where memory lacks. Free it with portloop_options_free(); NULL is allowed there. */
PORTLOOP_API portloop_options* portloop_options_new(void);
PORTLOOP_API void portloop_options_free(portloop_options* options);

/* Why the last setter below or portloop_scan_start() refused, one line that quotes the word at fault; "" where it did
 * not. Owned by the options, valid until the next of these. */
PORTLOOP_API const char* portloop_options_error(const portloop_options* options);

/* Adds numeric targets: an address, a CIDR block, a range a-b or a.b.c.d-e, with a zone for link-local IPv6.
 * Names are yours to look up. UV_EINVAL for anything else, and for 0.0.0.0 and ::. */
PORTLOOP_API int portloop_options_add_target(portloop_options* options, const char* text);
/* Adds the addresses first..last, both included, of one family (AF_INET, AF_INET6) and zone; ports are ignored, both
 * are copied. */
PORTLOOP_API int portloop_options_add_range(portloop_options* options, const struct sockaddr* first,
                                            const struct sockaddr* last);
/* Takes addresses out again, wherever they were added, before or after. Texts as above. */
PORTLOOP_API int portloop_options_exclude_target(portloop_options* options, const char* text);

/* Ports 1-65535: "22,80,8000-8100", "-" or "all", service names of portloop's own list, "common" (the default).
 * Replaces what was set before; exclusions add up, and hold whatever is set later. */
PORTLOOP_API int portloop_options_set_ports(portloop_options* options, const char* text);
PORTLOOP_API int portloop_options_exclude_ports(portloop_options* options, const char* text);

/* Connects in flight at most, over all loops; banners being read count too. Range 1-1,000,000; default 1,000. What
 * is started is adapted below it. Keep it under the descriptors that you can spare: no limit is changed here. */
PORTLOOP_API int portloop_options_set_in_flight(portloop_options* options, uint32_t connects);
/* Connects started per second at most, over all loops; fractions count. Range 0-1,000,000,000; default 0: no limit. */
PORTLOOP_API int portloop_options_set_rate(portloop_options* options, double connects_per_second);
/* The longest that one connect may wait, in milliseconds. Range 1-600,000; default 1,000. */
PORTLOOP_API int portloop_options_set_timeout_ms(portloop_options* options, uint32_t timeout_ms);
/* 1 (default): timeouts and the number in flight follow what the network answers. 0: they are as set. */
PORTLOOP_API int portloop_options_set_adaptive(portloop_options* options, int adaptive);
/* A host with this many open ports is asked no more; its ports that have no result by then get none, and are counted
 * in portloop_stats.not_probed. With loops > 1 each loop counts what it found itself. Default 0: never. */
PORTLOOP_API int portloop_options_set_stop_after(portloop_options* options, uint32_t open_ports);
/* How often a silent port is asked again. Range 0-13; default -1: adaptive. */
PORTLOOP_API int portloop_options_set_retries(portloop_options* options, int retries);

enum portloop_order { PORTLOOP_ORDER_RANDOM = 0, PORTLOOP_ORDER_SEQUENTIAL = 1 };
/* Default PORTLOOP_ORDER_RANDOM. */
PORTLOOP_API int portloop_options_set_order(portloop_options* options, enum portloop_order order);
/* The same seed gives the same order. Default 0. */
PORTLOOP_API int portloop_options_set_seed(portloop_options* options, uint64_t seed);
/* Scans part number/count of the order, 1 <= number <= count. Default 1/1. */
PORTLOOP_API int portloop_options_set_shard(portloop_options* options, uint32_t number, uint32_t count);
/* Leaves out positions first..last of the shard's order, both included: what an earlier scan with the same targets,
 * ports, order, seed and shard has finished (portloop_result.position). May be called often; overlaps count once. */
PORTLOOP_API int portloop_options_skip_positions(portloop_options* options, uint64_t first, uint64_t last);
/* Loop threads. 1 (default): no thread, everything on your loop. N > 1: N threads with a loop each, but no more than
 * connects in flight; their results come on your loop all the same. Range 1-1024. */
PORTLOOP_API int portloop_options_set_loops(portloop_options* options, uint32_t loops);

enum portloop_connector { PORTLOOP_CONNECTOR_FASTEST = 0, PORTLOOP_CONNECTOR_PORTABLE = 1 };
/* Default PORTLOOP_CONNECTOR_FASTEST; PORTABLE uses nothing but libuv. */
PORTLOOP_API int portloop_options_set_connector(portloop_options* options, enum portloop_connector connector);

enum portloop_banners { PORTLOOP_BANNERS_NONE = 0, PORTLOOP_BANNERS_READ = 1, PORTLOOP_BANNERS_HTTP = 2 };
/* Whether to read what an open port says first; HTTP: with a GET where nothing came. Default NONE, and then the
 * numbers are not looked at. timeout_ms: the longest wait, milliseconds, range 1-600,000; with HTTP once more after
 * the GET. max_bytes: range 1-65,536, the rest is left unread. */
PORTLOOP_API int portloop_options_set_banners(portloop_options* options, enum portloop_banners banners,
                                              uint32_t timeout_ms, uint32_t max_bytes);

/* ---- Results ---- */

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
  PORTLOOP_LOCAL_ERROR = 8, /* unknown: `error` says which */
  PORTLOOP_NO_ROUTE = 9,    /* unknown: this machine has no way to the address */
  PORTLOOP_HOST_LOST = 10   /* unknown: the host answered, and then stopped */
};

/* One verdict on one port. Owned by the library, valid during the callback, what it points to as well: copy what you
 * keep. Later versions may add fields at the end. */
typedef struct portloop_result {
  struct sockaddr_storage address; /* sockaddr_in or sockaddr_in6, the port in it */
  uint16_t port;                   /* host byte order */
  enum portloop_state state;
  enum portloop_reason reason;
  int error;            /* a libuv code for PORTLOOP_LOCAL_ERROR, else 0 */
  uint32_t attempts;    /* how often it was asked */
  uint64_t rtt_us;      /* from the connect call to its answer, microseconds; 0 where none came */
  const char* banner;   /* raw bytes from the network, not text; NULL where none were read */
  size_t banner_length; /* bytes */
  uint64_t position;    /* in the shard's order, from 0; what portloop_options_skip_positions() takes */
} portloop_result;

/* Writes "10.0.0.1" or "fe80::1%2" and a NUL into `text` of `size` bytes (64 always suffice). UV_ENOSPC; UV_EINVAL for
 * another family; UV_ENOMEM. Any thread, like the others that take no scan. */
PORTLOOP_API int portloop_format_address(const struct sockaddr* address, char* text, size_t size);
/* "open", ...; "syn-ack", ...: static, never NULL; any number is allowed. */
PORTLOOP_API const char* portloop_state_name(enum portloop_state state);
PORTLOOP_API const char* portloop_reason_name(enum portloop_reason reason);
/* The service name of a TCP port in portloop's own list; "" where it has none. Static. */
PORTLOOP_API const char* portloop_service_name(uint16_t port);

/* ---- A scan ---- */

typedef struct portloop_scan portloop_scan;

/* One call for each probe but those that stop_after left out, until done, and none after portloop_scan_close() was
 * called. Every function below may be called from inside, for this scan and others. */
typedef void (*portloop_result_cb)(portloop_scan* scan, const portloop_result* result);
/* Exactly once for each successful start: 0 when every probe had its result; UV_ECANCELED when it was stopped or
 * closed first, and connects that were pending ended without a result; UV_ENOMEM when memory ran out and the scan
 * stopped itself. From then on the scan keeps no loop alive. Every function below may be called from inside. */
typedef void (*portloop_done_cb)(portloop_scan* scan, int status);
/* The last call for this scan: its memory is gone when this returns. */
typedef void (*portloop_close_cb)(portloop_scan* scan);

/* Makes a scan on `loop`; *scan is owned by you until its close callback, and must be closed. UV_ENOMEM: *scan is
 * NULL then. */
PORTLOOP_API int portloop_scan_init(uv_loop_t* loop, portloop_scan** scan);
/* Starts it, once. Either callback may be NULL. UV_EINVAL: no target, no port, or more than 2^63 probes
 * (portloop_options_error() says which); it may be tried again. UV_EALREADY: started or closed before. UV_EMFILE,
 * UV_ENOMEM and the like: after these only close is left. `options` may be freed or changed when this returns. */
PORTLOOP_API int portloop_scan_start(portloop_scan* scan, portloop_options* options, portloop_result_cb on_result,
                                     portloop_done_cb on_done);
/* Ends it early: no more connects; what was found already is told (open ports with what came of their banner, and
 * what waits from loop threads), then done. Does nothing where it isn't running. */
PORTLOOP_API void portloop_scan_stop(portloop_scan* scan);
/* Ends it where needed, without another result (done is called first), frees everything, then calls back from the
 * loop; NULL is allowed. Once: closing it again is a mistake, and may end the program. Until it has called back the
 * scan keeps the loop alive, unreferenced or not. */
PORTLOOP_API void portloop_scan_close(portloop_scan* scan, portloop_close_cb on_closed);

/* Whether the running scan alone keeps the loop alive. It does by default. Before start, or while it runs; afterwards
 * they do nothing. Not counted: one ref undoes any number of unrefs. */
PORTLOOP_API void portloop_scan_ref(portloop_scan* scan);
PORTLOOP_API void portloop_scan_unref(portloop_scan* scan);

/* A pointer of yours; NULL at first. */
PORTLOOP_API void portloop_scan_set_data(portloop_scan* scan, void* data);
PORTLOOP_API void* portloop_scan_data(const portloop_scan* scan);

/* What has been done so far. Later versions may add fields at the end. */
typedef struct portloop_stats {
  uint64_t probes;                          /* addresses x ports of this scan's shard */
  uint64_t connects;                        /* connect calls made, retries included */
  uint64_t open, closed, filtered, unknown; /* results so far */
  uint64_t local_failures;                  /* connects put back because this machine lacked something */
  uint32_t in_flight;                       /* connects outstanding now */
  uint32_t peak_in_flight;                  /* the most there were; with loops > 1 the sum of each loop's */
  uint32_t loops;                           /* loop threads; 1 for your own loop */
  uint64_t skipped;                         /* of the probes, those that portloop_options_skip_positions() left out */
  uint64_t not_probed;                      /* probes of hosts that had stop_after open ports: they get no result */
} portloop_stats;

/* Fills `size` bytes: pass sizeof *stats. Fields that this library doesn't know yet are 0. From other threads only
 * between a successful start and the close call. */
PORTLOOP_API void portloop_scan_stats(const portloop_scan* scan, portloop_stats* stats, size_t size);

/* "0.1.0": of the library that runs, not of the header. */
PORTLOOP_API const char* portloop_version(void);

#ifdef __cplusplus
}
#endif

#endif
