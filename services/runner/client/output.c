/* Holds output back, and writes it. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_held(Output *output) {
    size_t written = 0;
    while (written < output->held) {
        ssize_t count = write(output->descriptor, output->buffer + written, output->held - written);
        if (count < 0 && errno != EINTR) {
            fprintf(stderr, "tisktask-cmd: cannot write to standard output: %s\n", strerror(errno));
            exit(EXIT_FAILURE);
        }
        if (count > 0) {
            written += (size_t)count;
        }
    }
    output->held = 0;
}

void output_put(Output *output, const char *bytes, size_t count) {
    while (count > 0) {
        size_t room = sizeof output->buffer - output->held;
        size_t piece = count < room ? count : room;
        memcpy(output->buffer + output->held, bytes, piece);
        output->held += piece;
        bytes += piece;
        count -= piece;
        if (output->held == sizeof output->buffer) {
            output->has_left = true;
            write_held(output);
        }
    }
}

void output_release(Output *output) {
    write_held(output);
    output->has_left = false;
}

bool output_take_back(Output *output) {
    output->held = 0;
    return !output->has_left;
}
