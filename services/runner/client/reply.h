/* Reads replies (RESP2 and RESP3) and writes them in the form that shells like. */
#ifndef TISKTASK_REPLY_H
#define TISKTASK_REPLY_H

#include <stdbool.h>

#include "connection.h"
#include "output.h"

#define REPLY_ERROR_BYTES 16384

typedef enum {
    REPLY_VALUE,
    REPLY_INTEGER,
    REPLY_NULL,
    REPLY_ERROR,
} ReplyKind;

typedef struct {
    ReplyKind kind;
    long long integer;
    /* Of an error: its code and sentence, cut if it is too long. */
    char error[REPLY_ERROR_BYTES];
    /* Among the elements of an array there is an error. */
    bool has_errors;
} Reply;

typedef struct {
    /* Null: the reply is only read. */
    Output *output;
    /* A line end behind a value that stands alone. */
    bool ends_lines;
} ReplyForm;

/* A value that stands alone is written as it is; an array has an element per line, a map a key, a tab and a value; what
 * is in it is separated by tabs. Integers are not written: the caller knows what they mean. */
Reading reply_read(Connection *connection, ReplyForm form, Reply *reply);

/* What a subscriber hears: the message, in a line of its own, behind its channel and a tab if asked for. Confirmations
 * are read and not written. An error is told in `reply`. */
Reading message_read(Connection *connection, Output *output, bool with_channel, Reply *reply);

#endif
