/* How to test a program that embeds portloop, without a network: a script decides what each connect ends with.
 *
 * The program under test is find_web_servers(). Its test plays a host that answers slowly, one that is silent, and one
 * that this machine may not connect to. Nothing is sent, no time passes, and each run gives the same results.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <portloop/portloop.h>

/* ---- The program: the web servers of a block of addresses ---- */

typedef struct {
  unsigned found[8]; /* the last octets of their addresses, in the order in which they answered */
  int count;
  int unknown;
} web_servers;

static void on_result(portloop_scan* scan, const portloop_result* result) {
  web_servers* servers = portloop_scan_data(scan);
  const struct sockaddr_in* address = (const struct sockaddr_in*)&result->address;
  if (result->state == PORTLOOP_UNKNOWN) ++servers->unknown;
  if (result->state == PORTLOOP_OPEN && servers->count < 8)
    servers->found[servers->count++] = ntohl(address->sin_addr.s_addr) & 255;
}

static void on_done(portloop_scan* scan, int status) {
  (void)status;
  portloop_scan_close(scan, NULL);
}

/* The options are an argument, so that a test can add its script to them. */
static int find_web_servers(uv_loop_t* loop, portloop_options* options, web_servers* servers) {
  portloop_scan* scan;
  int error = portloop_options_add_target(options, "192.0.2.1-4");
  if (error == 0) error = portloop_options_set_ports(options, "80");
  if (error == 0) error = portloop_scan_init(loop, &scan);
  if (error != 0) return error;
  portloop_scan_set_data(scan, servers);
  error = portloop_scan_start(scan, options, on_result, on_done);
  if (error != 0) portloop_scan_close(scan, NULL);
  return error;
}

/* ---- Its test ---- */

static void script(void* data, const struct sockaddr* endpoint, portloop_script_answer* answer) {
  (void)data;
  switch (ntohl(((const struct sockaddr_in*)endpoint)->sin_addr.s_addr) & 255) {
    case 1: answer->delay_us = 250000; break; /* open, after a quarter of a second of the virtual clock */
    case 2: answer->error = UV_ETIMEDOUT; break;
    case 3: answer->error = UV_EPERM; break;
    default: break; /* open, at once */
  }
}

int main(void) {
  web_servers servers = {{0}, 0, 0};
  uv_loop_t* loop = uv_default_loop();
  portloop_options* options = portloop_options_new();
  if (loop == NULL || options == NULL) return 1;
  if (portloop_options_set_script(options, script, NULL) != 0) return 1;
  portloop_options_set_adaptive(options, 0); /* the same order in each run */
  if (find_web_servers(loop, options, &servers) != 0) return 1;
  portloop_options_free(options);
  uv_run(loop, UV_RUN_DEFAULT);
  if (uv_loop_close(loop) != 0) return 1;
  return servers.count != 2 || servers.found[0] != 4 || servers.found[1] != 1 || servers.unknown != 1;
}
