/* The least that an embedder writes: one scan on its own loop, a line for each open port.
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
  portloop_scan_close(scan, NULL);
}

int main(int argc, char** argv) {
  portloop_options* options;
  portloop_scan* scan = NULL;
  int error;
  if (argc != 3) {
    fprintf(stderr, "usage: embed_minimal ADDRESS PORTS\n");
    return 2;
  }
  options = portloop_options_new();
  if (options == NULL) return 1;
  if (portloop_options_add_target(options, argv[1]) != 0 || portloop_options_set_ports(options, argv[2]) != 0) {
    fprintf(stderr, "embed_minimal: %s\n", portloop_options_error(options));
    portloop_options_free(options);
    return 2;
  }
  error = portloop_scan_init(uv_default_loop(), &scan);
  if (error == 0) error = portloop_scan_start(scan, options, on_result, on_done);
  portloop_options_free(options);
  if (error != 0) fprintf(stderr, "embed_minimal: %s\n", uv_strerror(error));
  if (error != 0 && scan != NULL) portloop_scan_close(scan, NULL);
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return error == 0 && uv_loop_close(uv_default_loop()) == 0 ? 0 : 1;
}
