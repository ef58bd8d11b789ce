/* Preloaded (LD_PRELOAD) into a program under test: its wall clock jumps. The machine's clock stays as it is.
 *
 * PORTLOOP_CLOCK_STEP is N:SECONDS: from the N-th reading on, the clock is ahead by SECONDS, or behind if negative.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static atomic_long readings;

static time_t step(void) {
  static long number, seconds;
  const long reading = atomic_fetch_add(&readings, 1) + 1;
  if (reading == 1) {
    const char* text = getenv("PORTLOOP_CLOCK_STEP");
    if (text == NULL || sscanf(text, "%ld:%ld", &number, &seconds) != 2) abort();
  }
  return reading < number ? 0 : seconds;
}

#define REAL(name) ((__typeof__(&(name)))(size_t)dlsym(RTLD_NEXT, #name))

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's names are reserved ones

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int result = REAL(clock_gettime)(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += step();
  return result;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  const int result = REAL(gettimeofday)(now, zone);
  if (result == 0) now->tv_sec += step();
  return result;
}

time_t time(time_t* result) {
  const time_t now = REAL(time)(NULL) + step();
  if (result != NULL) *result = now;
  return now;
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
