/* Another clock on the wall, for one process and its children: LD_PRELOAD it. Clocks that only run forward stay true.

   CLOCK_SHIFT: seconds ahead of the true time, all along.
   CLOCK_JUMPS: when set, all processes together jump every 30 ms: a month ahead, a year back, and home again. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static int true_time(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    return real(clock, at);
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    static const long jumps[] = {0, 31 * 86400L, -365 * 86400L};
    int failed = true_time(clock, at);
    if (failed || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return failed;
    if (getenv("CLOCK_SHIFT")) at->tv_sec += atol(getenv("CLOCK_SHIFT"));
    if (getenv("CLOCK_JUMPS")) {
        struct timespec runs;
        true_time(CLOCK_MONOTONIC, &runs);
        at->tv_sec += jumps[(runs.tv_sec * 1000 + runs.tv_nsec / 1000000) / 30 % 3];
    }
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
