/* The parser. It trusts nothing: depth, lengths and numbers are checked, and nothing is kept but one line. */
#include "reader.h"

#include <string.h>

#define DEPTH_MAX 16
#define BULK_READ_BYTES_MAX (1LL << 30)

static Reading read_bulk(Reader *reader, const Head *head, unsigned depth);
static Reading read_bulk_bytes(Reader *reader, char kind, unsigned depth, long long left);
static Reading read_items(Reader *reader, const Head *head, unsigned depth);
static void put_null(Reader *reader, unsigned depth);
static void put_error(Reader *reader, unsigned depth, const char *bytes, size_t count);

Reading reader_value(Reader *reader, unsigned depth) {
    if (depth > DEPTH_MAX) {
        return READING_GARBLED;
    }
    Head head;
    Reading reading = reader_head(reader, depth, &head);
    return reading == READING_OK ? reader_behind(reader, &head, depth) : reading;
}

/* Passes over what was not asked for: pushes, and attributes of what follows. */
Reading reader_head(Reader *reader, unsigned depth, Head *head) {
    for (;;) {
        Reading reading = head_read(reader->connection, head);
        if (reading != READING_OK || (head->kind != '>' && head->kind != '|')) {
            return reading;
        }
        long long count;
        if (!head_number(head, 0, READER_COUNT_MAX, &count)) {
            return READING_GARBLED;
        }
        reading = reader_skip(reader, head->kind == '|' ? 2 * count : count, depth + 1);
        if (reading != READING_OK) {
            return reading;
        }
    }
}

Reading reader_behind(Reader *reader, const Head *head, unsigned depth) {
    Reply *reply = reader->reply;
    switch (head->kind) {
    case ':':
        if (!head_number(head, LLONG_MIN, LLONG_MAX, &reply->integer)) {
            return READING_GARBLED;
        }
        reply->kind = depth == 0 ? REPLY_INTEGER : reply->kind;
        if (depth > 0) {
            reader_put(reader, head->text, head->length);
        }
        return READING_OK;
    case '+':
    case ',':
    case '(':
        reader_put(reader, head->text, head->length);
        return READING_OK;
    case '#':
        reader_put(reader, head->length == 1 && head->text[0] == 't' ? "1" : "0", 1);
        return READING_OK;
    case '-':
        put_error(reader, depth, head->text, head->length);
        return READING_OK;
    case '_':
        put_null(reader, depth);
        return READING_OK;
    case '$':
    case '=':
    case '!':
        return read_bulk(reader, head, depth);
    case '*':
    case '~':
    case '%':
        return read_items(reader, head, depth);
    default:
        return READING_GARBLED;
    }
}

static Reading read_bulk(Reader *reader, const Head *head, unsigned depth) {
    char kind = head->kind;
    long long length;
    if (!head_number(head, -1, LLONG_MAX, &length)) {
        return READING_GARBLED;
    }
    if (length < 0) {
        put_null(reader, depth);
        return READING_OK;
    }
    if (kind == '!') {
        put_error(reader, depth, "", 0);
    }
    Reading reading = read_bulk_bytes(reader, kind, depth, length);
    if (reading != READING_OK) {
        return reading;
    }
    const char *rest;
    size_t rest_length;
    reading = connection_read_line(reader->connection, &rest, &rest_length);
    return reading == READING_OK && rest_length > 0 ? READING_GARBLED : reading;
}

static Reading read_bulk_bytes(Reader *reader, char kind, unsigned depth, long long left) {
    /* Of a verbatim string the first bytes tell its format: `txt:`. */
    long long hidden = kind == '=' ? 4 : 0;
    while (left > 0) {
        long long wanted = hidden > 0 && hidden < left ? hidden : left;
        const char *bytes;
        size_t count;
        Reading reading = connection_read_some(
            reader->connection, (size_t)(wanted < BULK_READ_BYTES_MAX ? wanted : BULK_READ_BYTES_MAX), &bytes, &count);
        if (reading != READING_OK) {
            return reading;
        }
        left -= (long long)count;
        if (hidden > 0) {
            hidden -= (long long)count;
        } else if (kind == '!') {
            put_error(reader, depth, bytes, count);
        } else {
            reader_put(reader, bytes, count);
        }
    }
    return READING_OK;
}

static Reading read_items(Reader *reader, const Head *head, unsigned depth) {
    bool is_map = head->kind == '%';
    long long count;
    if (!head_number(head, -1, READER_COUNT_MAX, &count)) {
        return READING_GARBLED;
    }
    if (count < 0) {
        put_null(reader, depth);
        return READING_OK;
    }
    long long values = is_map ? 2 * count : count;
    for (long long number = 0; number < values; number++) {
        if (depth > 0 && number > 0) {
            reader_put(reader, "\t", 1);
        }
        Reading reading = reader_value(reader, depth + 1);
        if (reading != READING_OK) {
            return reading;
        }
        if (depth == 0) {
            reader_put(reader, is_map && number % 2 == 0 ? "\t" : "\n", 1);
        }
    }
    return READING_OK;
}

Reading reader_skip(Reader *reader, long long count, unsigned depth) {
    Output *output = reader->output;
    reader->output = NULL;
    Reading reading = READING_OK;
    for (; reading == READING_OK && count > 0; count--) {
        reading = reader_value(reader, depth);
    }
    reader->output = output;
    return reading;
}

void reader_put(Reader *reader, const char *bytes, size_t count) {
    if (reader->output != NULL) {
        output_put(reader->output, bytes, count);
    }
}

static void put_null(Reader *reader, unsigned depth) {
    if (depth == 0) {
        reader->reply->kind = REPLY_NULL;
    }
}

/* An error that stands alone is kept for the caller, one among others is shown in its place. */
static void put_error(Reader *reader, unsigned depth, const char *bytes, size_t count) {
    Reply *reply = reader->reply;
    if (depth > 0) {
        reply->has_errors = reply->has_errors || reader->output != NULL;
        reader_put(reader, bytes, count);
        return;
    }
    reply->kind = REPLY_ERROR;
    size_t held = strlen(reply->error);
    size_t room = sizeof reply->error - 1 - held;
    size_t taken = count < room ? count : room;
    memcpy(reply->error + held, bytes, taken);
    reply->error[held + taken] = '\0';
}
