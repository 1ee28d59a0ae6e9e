/* A command in the protocol's form, with what goes before it. */
#ifndef TISKTASK_REQUEST_H
#define TISKTASK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

/* Of an argument that is read from standard input. It is kept: it may have to be sent again. */
#define REQUEST_INPUT_BYTES_MAX (64UL * 1024 * 1024)

/* Replies that come before the command's own: to HELLO and to REQUESTID. */
#define REQUEST_PREAMBLE_REPLIES 2

typedef struct {
    char *bytes;
    size_t length;
} Request;

/* HELLO asks for RESP3, which tells maps from arrays. REQUESTID names the command, the same in every try, so that a
 * repeat has no second effect. False: see errno; EFBIG: standard input is too long. */
bool request_make(Request *request, int count, char *const *words, bool reads_input);
void request_free(Request *request);

#endif
