/* How long to go on trying, and how soon to try again. */
#ifndef TISKTASK_PATIENCE_H
#define TISKTASK_PATIENCE_H

#include <stdbool.h>

typedef struct {
    long seconds_max;
    /* Of the trouble that is not over yet. */
    bool is_in_trouble;
    double trouble_began;
    double pause_seconds;
    bool has_told;
} Patience;

double patience_now(void);

/* Wait before the next try. False: it has lasted too long. */
bool patience_wait(Patience *patience, const char *reason);

/* The trouble is over. */
void patience_renew(Patience *patience);

#endif
