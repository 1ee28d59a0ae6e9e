/* The first line of a value in RESP: its kind, and what stands behind that. */
#ifndef TISKTASK_HEAD_H
#define TISKTASK_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "connection.h"

typedef struct {
    char kind;
    /* In the connection's buffer: gone with the next read. */
    const char *text;
    size_t length;
} Head;

Reading head_read(Connection *connection, Head *head);

/* False: it is no number, or out of bounds. */
bool head_number(const Head *head, long long minimum, long long maximum, long long *number);

#endif
