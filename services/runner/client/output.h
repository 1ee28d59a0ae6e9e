/* Standard output. What fits is held back until its reply is complete, so that a reply that breaks off leaves nothing. */
#ifndef TISKTASK_OUTPUT_H
#define TISKTASK_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Untouched pages cost nothing. */
#define OUTPUT_HELD_BYTES (1024 * 1024)

typedef struct {
    int descriptor;
    /* Some of the reply had to be written already: it can not be taken back. */
    bool has_left;
    size_t held;
    char buffer[OUTPUT_HELD_BYTES];
} Output;

/* Nobody may be there to read it: then the program ends. */
void output_put(Output *output, const char *bytes, size_t count);
void output_release(Output *output);

/* Take back what was put since the last release. False: some of it has left. */
bool output_take_back(Output *output);

#endif
