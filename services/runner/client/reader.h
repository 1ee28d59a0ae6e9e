/* Reads values of the protocol (RESP2 and RESP3) and writes them in the form that shells like. */
#ifndef TISKTASK_READER_H
#define TISKTASK_READER_H

#include <limits.h>
#include <stddef.h>

#include "connection.h"
#include "head.h"
#include "output.h"
#include "reply.h"

/* A map has two values for each that is counted. */
#define READER_COUNT_MAX (LLONG_MAX / 2)

typedef struct {
    Connection *connection;
    /* Null: what comes is read and not written. */
    Output *output;
    Reply *reply;
} Reader;

/* A value: depth 0 is the reply itself, 1 what is in it. */
Reading reader_value(Reader *reader, unsigned depth);

/* The same in two steps. */
Reading reader_head(Reader *reader, unsigned depth, Head *head);
Reading reader_behind(Reader *reader, const Head *head, unsigned depth);

Reading reader_skip(Reader *reader, long long count, unsigned depth);
void reader_put(Reader *reader, const char *bytes, size_t count);

#endif
