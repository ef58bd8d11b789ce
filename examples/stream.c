/* Scans what arrives on standard input while it arrives: lines of ADDRESS PORTS. Prints the open ports of each line,
 * with its number.
 *
 *   printf '127.0.0.1 22,80\n127.0.0.2 443\n' | stream
 */
#include <portloop/portloop.h>
#include <stdio.h>
#include <string.h>

/* While so many ranges wait, nothing is read: the pipe fills up, and its writer waits. */
#define MAX_WAITING 10000

typedef struct program {
  uv_pipe_t input;
  portloop_scan* scan;
  char bytes[65536];
  char line[256];
  size_t length; /* of the line so far */
  uint64_t lines;
  int reading, failed, status;
} program;

static void read_on(program* self);

static void add_line(program* self) {
  char ports[200] = "", address[64] = "";
  self->line[self->length < sizeof self->line ? self->length : sizeof self->line - 1] = '\0';
  self->length = 0;
  ++self->lines;
  if (sscanf(self->line, "%63s %199s", address, ports) < 1) return;
  if (portloop_scan_add_target(self->scan, address, *ports != '\0' ? ports : NULL, self->lines) == 0) return;
  fprintf(stderr, "stream: line %llu: %s\n", (unsigned long long)self->lines, portloop_scan_input_error(self->scan));
  self->failed = 1;
}

static uint64_t waiting(const program* self) {
  portloop_stats stats;
  portloop_scan_stats(self->scan, &stats, sizeof stats);
  return stats.waiting;
}

static void on_allocate(uv_handle_t* handle, size_t suggested, uv_buf_t* buffer) {
  program* self = (program*)handle->data;
  (void)suggested;
  *buffer = uv_buf_init(self->bytes, sizeof self->bytes);
}

static void on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t* buffer) {
  program* self = (program*)stream->data;
  ssize_t i;
  for (i = 0; i < length; ++i) {
    if (buffer->base[i] == '\n') {
      add_line(self);
    } else if (self->length < sizeof self->line) {
      self->line[self->length++] = buffer->base[i];
    }
  }
  if (length < 0) {
    if (self->length > 0) add_line(self);
    uv_close((uv_handle_t*)stream, NULL);
    portloop_scan_finish_input(self->scan);
  } else if (waiting(self) > MAX_WAITING) {
    uv_read_stop(stream);
    self->reading = 0;
  }
}

static void read_on(program* self) {
  self->reading = 1;
  uv_read_start((uv_stream_t*)&self->input, on_allocate, on_read);
}

static void on_result(portloop_scan* scan, const portloop_result* result) {
  program* self = (program*)portloop_scan_data(scan);
  char address[64];
  if (!self->reading && !uv_is_closing((uv_handle_t*)&self->input) && waiting(self) < MAX_WAITING / 2) read_on(self);
  if (result->state != PORTLOOP_OPEN) return;
  if (portloop_format_address((const struct sockaddr*)&result->address, address, sizeof address) != 0) return;
  printf("%llu: %s %u\n", (unsigned long long)result->tag, address, (unsigned)result->port);
}

static void on_done(portloop_scan* scan, int status) {
  ((program*)portloop_scan_data(scan))->status = status;
  portloop_scan_close(scan, NULL);
}

int main(void) {
  static program self;
  uv_loop_t* loop = uv_default_loop();
  portloop_options* options = portloop_options_new();
  int error;
  if (loop == NULL || options == NULL || uv_pipe_init(loop, &self.input, 0) != 0) return 1;
  self.input.data = &self;
  portloop_options_set_open_input(options, 1);
  error = portloop_scan_init(loop, &self.scan);
  if (error == 0) {
    portloop_scan_set_data(self.scan, &self);
    error = uv_pipe_open(&self.input, 0);
    if (error == 0) error = portloop_scan_start(self.scan, options, on_result, on_done);
    if (error != 0) portloop_scan_close(self.scan, NULL); /* otherwise on_done closes it */
  }
  if (error == 0) {
    read_on(&self);
  } else {
    fprintf(stderr, "stream: %s\n", uv_strerror(error));
    uv_close((uv_handle_t*)&self.input, NULL);
  }
  portloop_options_free(options);
  uv_run(loop, UV_RUN_DEFAULT);
  if (uv_loop_close(loop) != 0) return 1;
  return error != 0 || self.status != 0 || self.failed;
}
