/* Pauses that grow. */
#include "patience.h"

#include <stdio.h>
#include <time.h>

#define PAUSE_SECONDS_MIN 0.05
#define PAUSE_SECONDS_MAX 2.0
/* A restart takes a second or two: that is not worth a word. */
#define QUIET_SECONDS 5.0

static void pause_for(double seconds);

double patience_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool patience_wait(Patience *patience, const char *reason) {
    double now = patience_now();
    if (!patience->is_in_trouble) {
        patience->is_in_trouble = true;
        patience->trouble_began = now;
        patience->pause_seconds = PAUSE_SECONDS_MIN;
    }
    double left = patience->trouble_began + (double)patience->seconds_max - now;
    if (left <= 0) {
        return false;
    }
    if (now - patience->trouble_began > QUIET_SECONDS && !patience->has_told) {
        fprintf(stderr, "tisktask-cmd: %s; trying again for up to %ld s\n", reason, patience->seconds_max);
        patience->has_told = true;
    }
    pause_for(patience->pause_seconds < left ? patience->pause_seconds : left);
    double longer = 2 * patience->pause_seconds;
    patience->pause_seconds = longer < PAUSE_SECONDS_MAX ? longer : PAUSE_SECONDS_MAX;
    return true;
}

void patience_renew(Patience *patience) {
    patience->is_in_trouble = false;
    patience->has_told = false;
}

static void pause_for(double seconds) {
    struct timespec pause = {.tv_sec = (time_t)seconds};
    pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
    nanosleep(&pause, NULL);
}
