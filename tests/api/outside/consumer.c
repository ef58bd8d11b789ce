/* A program outside the tree: scans a port of its own and prints the result. Also compiled as C++. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <portloop/portloop.h>

static int opened;

static void on_result(portloop_scan* scan, const portloop_result* result) {
  char address[64];
  (void)scan;
  if (portloop_format_address((const struct sockaddr*)&result->address, address, sizeof address) != 0) return;
  printf("%s %u %s %s\n", address, (unsigned)result->port, portloop_state_name(result->state),
         portloop_reason_name(result->reason));
  opened += result->state == PORTLOOP_OPEN;
}

static void on_done(portloop_scan* scan, int status) {
  (void)status;
  portloop_scan_close(scan, NULL);
}

int main(void) {
  struct sockaddr_in name;
  socklen_t size = sizeof name;
  char ports[16];
  uv_loop_t loop;
  portloop_scan* scan = NULL;
  portloop_options* options = portloop_options_new();
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  memset(&name, 0, sizeof name);
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr*)&name, size) != 0 || listen(listener, 1) != 0) return 1;
  if (getsockname(listener, (struct sockaddr*)&name, &size) != 0) return 1;
  snprintf(ports, sizeof ports, "%u", (unsigned)ntohs(name.sin_port));
  if (uv_loop_init(&loop) != 0 || options == NULL) return 1;
  if (portloop_options_add_target(options, "127.0.0.1") != 0 || portloop_options_set_ports(options, ports) != 0)
    return 1;
  if (portloop_scan_init(&loop, &scan) != 0 || portloop_scan_start(scan, options, on_result, on_done) != 0) return 1;
  portloop_options_free(options);
  uv_run(&loop, UV_RUN_DEFAULT);
  close(listener);
  printf("portloop %s\n", portloop_version());
  return uv_loop_close(&loop) == 0 && opened == 1 ? 0 : 1;
}
