/* tisktask-cmd: asks the job's socket for one thing, and answers in the way of a shell. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "conversation.h"

/* Tells which source it was made from: given by who compiles it. */
#ifndef TISKTASK_SOURCE
#define TISKTASK_SOURCE "of unknown source"
#endif

#define SOCKET_PATH_DEFAULT "/run/tisktask/command.sock"
#define RETRY_SECONDS_DEFAULT 300
#define RETRY_SECONDS_MAX 86400

enum {
    EXIT_OK = 0,
    EXIT_ERROR = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3,
    EXIT_NOTHING = 4,
    EXIT_STATUS_MAX = 255,
};

typedef struct {
    int count;
    char **words;
    bool reads_input;
    bool ends_lines;
} Order;

static const char *const usage =
    "usage: tisktask-cmd [-n] [-x] [--] COMMAND [argument ...]\n"
    "\n"
    "Sends a command to this job's socket and prints the reply.\n"
    "\n"
    "  tisktask-cmd EXECJOB push/lint         run another job of this commit; exits with its exit code\n"
    "  id=$(tisktask-cmd SPAWNJOB push/lint)  start it, and go on\n"
    "  tisktask-cmd SUMMARY - < report.md     a last argument - is read from standard input\n"
    "  tisktask-cmd HELP                      all commands;  HELP SPAWNJOB: about one\n"
    "\n"
    "  -x   the last argument, besides those that are given, is read from standard input\n"
    "  -n   no line end behind a reply that is a single value\n"
    "  --   what follows is the command, and a last - means itself\n"
    "\n"
    "A single value is printed as it is, an array with one element per line, a map with a key, a tab and the value per\n"
    "line; what they contain is separated by tabs. SUBSCRIBE prints a message per line (if there are more channels than\n"
    "one, behind the channel and a tab).\n"
    "\n"
    "Exit status: 0; of EXECJOB the job's exit code; 1 the reply is an error, which goes to standard error; 2 usage;\n"
    "3 no connection; 4 there is nothing (the reply is null), and nothing is printed.\n"
    "\n"
    "A connection that breaks, as when the runner is restarted, is made again and the command repeated, for up to\n"
    "$TISKTASK_CMD_RETRY_SECONDS (300); nothing is done twice. $TISKTASK_SOCKET_PATH is the socket\n"
    "(" SOCKET_PATH_DEFAULT ").\n";

static Output output;
static Reply reply;

static int read_order(int count, char **words, Order *order);
static bool read_retry_seconds(long *seconds);
static int tell(const Order *order);
static int exit_status_of_job(long long exit_code);

int main(int count, char **words) {
    output.descriptor = STDOUT_FILENO;
    Order order = {.ends_lines = true};
    int status = read_order(count, words, &order);
    if (status >= 0) {
        return status;
    }
    const char *path = getenv("TISKTASK_SOCKET_PATH");
    const char *name = order.words[0];
    Request request;
    Conversation conversation = {
        .socket_path = path != NULL && path[0] != '\0' ? path : SOCKET_PATH_DEFAULT,
        .request = &request,
        .output = &output,
        .ends_lines = order.ends_lines,
        .is_subscription = strcasecmp(name, "SUBSCRIBE") == 0 || strcasecmp(name, "PSUBSCRIBE") == 0,
        .with_channel = order.count > 2 || strcasecmp(name, "PSUBSCRIBE") == 0,
    };
    if (!read_retry_seconds(&conversation.retry_seconds)) {
        return EXIT_USAGE;
    }
    if (!request_make(&request, order.count, order.words, order.reads_input)) {
        fprintf(stderr, "tisktask-cmd: cannot make the request: %s\n",
                errno == EFBIG ? "standard input holds more than 64 MiB" : strerror(errno));
        request_free(&request);
        return EXIT_ERROR;
    }
    Ending ending = converse(&conversation, &reply);
    request_free(&request);
    switch (ending) {
    case ENDING_ANSWERED:
        return tell(&order);
    case ENDING_UNREACHABLE:
        return EXIT_UNREACHABLE;
    case ENDING_GARBLED:
        break;
    }
    return EXIT_ERROR;
}

/* An exit status, or -1: there is something to ask. */
static int read_order(int count, char **words, Order *order) {
    int next = 1;
    bool is_literal = false;
    for (; next < count && words[next][0] == '-'; next++) {
        const char *word = words[next];
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            return fputs(usage, stdout) == EOF || fflush(stdout) == EOF ? EXIT_ERROR : EXIT_OK;
        }
        if (strcmp(word, "--version") == 0) {
            return puts("tisktask-cmd " TISKTASK_SOURCE) == EOF || fflush(stdout) == EOF ? EXIT_ERROR : EXIT_OK;
        }
        if (strcmp(word, "--") == 0) {
            is_literal = true;
            next++;
            break;
        }
        if (strcmp(word, "-x") == 0) {
            order->reads_input = true;
        } else if (strcmp(word, "-n") == 0) {
            order->ends_lines = false;
        } else {
            fprintf(stderr, "tisktask-cmd: there is no option %s\n%s", word, usage);
            return EXIT_USAGE;
        }
    }
    order->words = words + next;
    order->count = count - next;
    if (order->count <= 0 || order->words[0][0] == '\0') {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (!is_literal && !order->reads_input && order->count > 1 && strcmp(words[count - 1], "-") == 0) {
        order->reads_input = true;
        order->count--;
    }
    return -1;
}

static bool read_retry_seconds(long *seconds) {
    const char *text = getenv("TISKTASK_CMD_RETRY_SECONDS");
    *seconds = RETRY_SECONDS_DEFAULT;
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    char *end;
    errno = 0;
    *seconds = strtol(text, &end, 10);
    if (errno == 0 && *end == '\0' && *seconds >= 0 && *seconds <= RETRY_SECONDS_MAX) {
        return true;
    }
    fprintf(stderr, "tisktask-cmd: TISKTASK_CMD_RETRY_SECONDS is to be a number from 0 to %d, not %s\n",
            RETRY_SECONDS_MAX, text);
    return false;
}

static int tell(const Order *order) {
    bool is_job = strcasecmp(order->words[0], "EXECJOB") == 0;
    switch (reply.kind) {
    case REPLY_ERROR:
        fprintf(stderr, "tisktask-cmd: %s\n", reply.error);
        return EXIT_ERROR;
    case REPLY_NULL:
        return EXIT_NOTHING;
    case REPLY_INTEGER:
        if (is_job) {
            return exit_status_of_job(reply.integer);
        }
        char digits[32];
        int length = snprintf(digits, sizeof digits, "%lld%s", reply.integer, order->ends_lines ? "\n" : "");
        output_put(&output, digits, (size_t)length);
        break;
    case REPLY_VALUE:
        break;
    }
    output_release(&output);
    return reply.has_errors ? EXIT_ERROR : EXIT_OK;
}

/* Only a zero may become a success. */
static int exit_status_of_job(long long exit_code) {
    return exit_code >= 0 && exit_code <= EXIT_STATUS_MAX ? (int)exit_code : EXIT_STATUS_MAX;
}
