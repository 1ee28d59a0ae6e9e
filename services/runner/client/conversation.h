/* Asks until there is an answer: over as many connections as that takes. */
#ifndef TISKTASK_CONVERSATION_H
#define TISKTASK_CONVERSATION_H

#include <stdbool.h>

#include "output.h"
#include "reply.h"
#include "request.h"

typedef struct {
    const char *socket_path;
    const Request *request;
    long retry_seconds;
    Output *output;
    /* A line end behind a value that stands alone. */
    bool ends_lines;
    /* Messages follow, without end. */
    bool is_subscription;
    bool with_channel;
} Conversation;

typedef enum {
    ENDING_ANSWERED,
    ENDING_UNREACHABLE,
    ENDING_GARBLED,
} Ending;

/* Any other ending than an answer is told on standard error. */
Ending converse(const Conversation *conversation, Reply *reply);

#endif
