/* Writes requests. */
#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define TOKEN_BYTES 16
#define HEAD_CHARACTERS_MAX 32

static bool name_request(Request *request);
static bool append_word(Request *request, const char *word, size_t length);
static bool append_input(Request *request);
static bool append_head(Request *request, char kind, size_t count);
static bool append(Request *request, const char *bytes, size_t count);

bool request_make(Request *request, int count, char *const *words, bool reads_input) {
    *request = (Request){0};
    if (!append_head(request, '*', 2) || !append_word(request, "HELLO", 5) || !append_word(request, "3", 1)) {
        return false;
    }
    if (!name_request(request) || !append_head(request, '*', (size_t)count + (reads_input ? 1 : 0))) {
        return false;
    }
    for (int number = 0; number < count; number++) {
        if (!append_word(request, words[number], strlen(words[number]))) {
            return false;
        }
    }
    return !reads_input || append_input(request);
}

void request_free(Request *request) {
    free(request->bytes);
    request->bytes = NULL;
}

static bool name_request(Request *request) {
    unsigned char random[TOKEN_BYTES];
    char token[2 * TOKEN_BYTES + 1];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return false;
    }
    for (size_t number = 0; number < sizeof random; number++) {
        snprintf(token + 2 * number, 3, "%02x", random[number]);
    }
    return append_head(request, '*', 2) && append_word(request, "REQUESTID", 9) &&
           append_word(request, token, strlen(token));
}

static bool append_word(Request *request, const char *word, size_t length) {
    return append_head(request, '$', length) && append(request, word, length) && append(request, "\r\n", 2);
}

static bool append_input(Request *request) {
    size_t capacity = 65536;
    size_t length = 0;
    char *input = malloc(capacity);
    while (input != NULL) {
        ssize_t count = read(STDIN_FILENO, input + length, capacity - length);
        if (count == 0) {
            break;
        }
        if (count < 0 && errno != EINTR) {
            free(input);
            return false;
        }
        length += count > 0 ? (size_t)count : 0;
        if (length > REQUEST_INPUT_BYTES_MAX) {
            free(input);
            errno = EFBIG;
            return false;
        }
        if (length == capacity) {
            capacity *= 2;
            char *larger = realloc(input, capacity);
            if (larger == NULL) {
                free(input);
            }
            input = larger;
        }
    }
    bool is_made = input != NULL && append_word(request, input, length);
    free(input);
    return is_made;
}

static bool append_head(Request *request, char kind, size_t count) {
    char head[HEAD_CHARACTERS_MAX];
    int length = snprintf(head, sizeof head, "%c%zu\r\n", kind, count);
    return append(request, head, (size_t)length);
}

static bool append(Request *request, const char *bytes, size_t count) {
    /* Few appends, of which one may be large. */
    char *larger = realloc(request->bytes, request->length + count + 1);
    if (larger == NULL) {
        return false;
    }
    request->bytes = larger;
    memcpy(larger + request->length, bytes, count);
    request->length += count;
    return true;
}
