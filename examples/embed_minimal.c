/* The smallest embedding program: one scan on its own loop, and a line for each open port.
 *
 *   embed_minimal 127.0.0.1 1-1024
 */
#include <portloop/portloop.h>
#include <stdio.h>

static void on_result(portloop_scan* scan, const portloop_result* result) {
  char address[64];
  (void)scan;
  if (result->state != PORTLOOP_OPEN) return;
  if (portloop_format_address((const struct sockaddr*)&result->address, address, sizeof address) != 0) return;
  printf("%s %u %s\n", address, (unsigned)result->port, portloop_service_name(result->port));
}

static void on_done(portloop_scan* scan, int status) {
  portloop_stats stats;
  portloop_scan_stats(scan, &stats, sizeof stats);
  printf("%llu of %llu ports are open%s%s\n", (unsigned long long)stats.open, (unsigned long long)stats.probes,
         status == 0 ? "" : ", and the scan ended early: ", status == 0 ? "" : uv_strerror(status));
  *(int*)portloop_scan_data(scan) = status;
  portloop_scan_close(scan, NULL);
}

int main(int argc, char** argv) {
  uv_loop_t* loop = uv_default_loop();
  portloop_options* options;
  portloop_scan* scan = NULL;
  int error, status = 0;
  if (argc != 3) {
    fprintf(stderr, "usage: embed_minimal ADDRESS PORTS\n");
    return 2;
  }
  options = portloop_options_new();
  if (loop == NULL || options == NULL) return 1;
  error = portloop_options_add_target(options, argv[1]);
  if (error == 0) error = portloop_options_set_ports(options, argv[2]);
  if (error == 0) error = portloop_scan_init(loop, &scan);
  if (error == 0) {
    portloop_scan_set_data(scan, &status);
    error = portloop_scan_start(scan, options, on_result, on_done);
    if (error != 0) portloop_scan_close(scan, NULL); /* otherwise on_done closes it */
  }
  if (error != 0) {
    const char* why = portloop_options_error(options); /* "" if no option was wrong */
    fprintf(stderr, "embed_minimal: %s\n", *why != '\0' ? why : uv_strerror(error));
  }
  portloop_options_free(options);
  uv_run(loop, UV_RUN_DEFAULT);
  if (uv_loop_close(loop) != 0) return 1;
  if (fflush(stdout) != 0) return 1; /* a full disk, for example */
  return error == UV_EINVAL ? 2 : error != 0 || status != 0;
}
