/* One try after the other. Repeats are safe: every try names the request alike, and the server knows what it has done. */
#include "conversation.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connection.h"
#include "patience.h"

#define REASON_BYTES 512
/* A connection that has held for so long was no part of the trouble before it. */
#define SOUND_SECONDS 30.0

typedef enum {
    TRY_ANSWERED,
    TRY_AGAIN,
    TRY_HOPELESS,
    TRY_GARBLED,
} Try;

typedef struct {
    Try outcome;
    /* Why there is no answer. */
    char reason[REASON_BYTES];
} Attempt;

static Connection connection;

static void attempt(const Conversation *conversation, Reply *reply, Attempt *attempt);
static bool is_worth_waiting(const char *socket_path, int error);
static Reading ask(const Conversation *conversation, Reply *reply, Attempt *attempt, bool *is_repeatable);
static Reading listen_to_messages(const Conversation *conversation, Reply *reply);
static void judge_drop(const Conversation *conversation, Attempt *attempt, bool is_repeatable);

Ending converse(const Conversation *conversation, Reply *reply) {
    Patience patience = {.seconds_max = conversation->retry_seconds};
    for (;;) {
        Attempt last = {.outcome = TRY_AGAIN};
        double began = patience_now();
        attempt(conversation, reply, &last);
        if (last.outcome == TRY_ANSWERED) {
            return ENDING_ANSWERED;
        }
        /* An error as answer comes late because the server has tried for long: that is still trouble. */
        if (reply->kind != REPLY_ERROR && patience_now() - began > SOUND_SECONDS) {
            patience_renew(&patience);
        }
        if (last.outcome == TRY_AGAIN && patience_wait(&patience, last.reason)) {
            continue;
        }
        if (last.outcome == TRY_AGAIN && reply->kind == REPLY_ERROR) {
            return ENDING_ANSWERED;
        }
        fprintf(stderr, "tisktask-cmd: %s\n", last.reason);
        return last.outcome == TRY_GARBLED ? ENDING_GARBLED : ENDING_UNREACHABLE;
    }
}

static void attempt(const Conversation *conversation, Reply *reply, Attempt *attempt) {
    const char *path = conversation->socket_path;
    reply->kind = REPLY_VALUE;
    if (!connection_open(&connection, path)) {
        int error = errno;
        bool is_worth = is_worth_waiting(path, error);
        attempt->outcome = is_worth ? TRY_AGAIN : TRY_HOPELESS;
        snprintf(attempt->reason, sizeof attempt->reason, "cannot connect to %s: %s%s", path, strerror(error),
                 is_worth ? "" : " (only a job of Tisktask has this socket; $TISKTASK_SOCKET_PATH tells where)");
        return;
    }
    bool is_repeatable = true;
    Reading reading = ask(conversation, reply, attempt, &is_repeatable);
    connection_close(&connection);
    switch (reading) {
    case READING_OK:
        attempt->outcome = TRY_ANSWERED;
        if (reply->kind == REPLY_ERROR && strncmp(reply->error, "TRYAGAIN", 8) == 0 && is_repeatable) {
            attempt->outcome = TRY_AGAIN;
            snprintf(attempt->reason, sizeof attempt->reason, "%.*s", REASON_BYTES - 1, reply->error);
        }
        return;
    case READING_DROPPED:
        judge_drop(conversation, attempt, is_repeatable);
        return;
    case READING_GARBLED:
        attempt->outcome = TRY_GARBLED;
        snprintf(attempt->reason, sizeof attempt->reason, "what answers at %s does not speak the Redis protocol", path);
        return;
    }
}

/* While a runner is restarted its socket is away, or nobody listens to it. The folder is there as long as the job. */
static bool is_worth_waiting(const char *socket_path, int error) {
    if (error != ENOENT) {
        return error == ECONNREFUSED || error == ECONNRESET || error == EAGAIN || error == EINTR;
    }
    char *copy = strdup(socket_path);
    bool has_folder = copy != NULL && access(dirname(copy), F_OK) == 0;
    free(copy);
    return has_folder;
}

static Reading ask(const Conversation *conversation, Reply *reply, Attempt *attempt, bool *is_repeatable) {
    ReplyForm silent = {.output = NULL};
    ReplyForm shown = {.output = conversation->output, .ends_lines = conversation->ends_lines};
    /* If not all could be sent, the server may have said why before it closed. */
    connection_send(&connection, conversation->request->bytes, conversation->request->length);
    for (int number = 0; number < REQUEST_PREAMBLE_REPLIES; number++) {
        Reading reading = reply_read(&connection, silent, reply);
        if (reading != READING_OK) {
            reply->kind = REPLY_VALUE;
            return reading;
        }
        if (reply->kind == REPLY_ERROR) {
            snprintf(attempt->reason, sizeof attempt->reason, "%.*s", REASON_BYTES - 1, reply->error);
            *is_repeatable = number == 0;
        }
    }
    Reading reading = conversation->is_subscription ? listen_to_messages(conversation, reply)
                                                    : reply_read(&connection, shown, reply);
    if (reading != READING_OK) {
        reply->kind = REPLY_VALUE;
    }
    return reading;
}

static Reading listen_to_messages(const Conversation *conversation, Reply *reply) {
    for (;;) {
        Reading reading = message_read(&connection, conversation->output, conversation->with_channel, reply);
        if (reading != READING_OK || reply->kind == REPLY_ERROR) {
            return reading;
        }
        output_release(conversation->output);
    }
}

static void judge_drop(const Conversation *conversation, Attempt *attempt, bool is_repeatable) {
    const char *path = conversation->socket_path;
    char said[REASON_BYTES];
    snprintf(said, sizeof said, "%s", attempt->reason);
    attempt->outcome = TRY_HOPELESS;
    if (!output_take_back(conversation->output)) {
        snprintf(attempt->reason, sizeof attempt->reason,
                 "the connection to %s was lost in the middle of a long reply: the output is not complete", path);
    } else if (!is_repeatable && !conversation->is_subscription) {
        snprintf(attempt->reason, sizeof attempt->reason,
                 "the connection to %s was lost. The server does not know REQUESTID, so the command is not repeated: it "
                 "may have been carried out or not",
                 path);
    } else {
        attempt->outcome = TRY_AGAIN;
        snprintf(attempt->reason, sizeof attempt->reason, "the connection to %.200s was lost%s%.200s", path,
                 said[0] != '\0' ? " after: " : "", said);
    }
}
