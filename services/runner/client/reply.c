/* What a shell gets to see of a reply, and of messages. */
#include "reply.h"

#include <string.h>

#include "reader.h"

#define MESSAGE_KIND_BYTES 16

static Reading read_message(Reader *reader, Output *output, bool with_channel, long long count);
static Reading read_word(Reader *reader, char *word, size_t size);
static void begin(Reply *reply);

Reading reply_read(Connection *connection, ReplyForm form, Reply *reply) {
    Reader reader = {.connection = connection, .output = form.output, .reply = reply};
    begin(reply);
    Head head;
    Reading reading = reader_head(&reader, 0, &head);
    if (reading != READING_OK) {
        return reading;
    }
    reading = reader_behind(&reader, &head, 0);
    bool has_lines = head.kind == '*' || head.kind == '~' || head.kind == '%';
    if (reading == READING_OK && reply->kind == REPLY_VALUE && !has_lines && form.ends_lines) {
        reader_put(&reader, "\n", 1);
    }
    return reading;
}

Reading message_read(Connection *connection, Output *output, bool with_channel, Reply *reply) {
    Reader reader = {.connection = connection, .output = NULL, .reply = reply};
    begin(reply);
    Head head;
    Reading reading = head_read(connection, &head);
    if (reading != READING_OK) {
        return reading;
    }
    /* In RESP2 it is an array. */
    if (head.kind != '>' && head.kind != '*') {
        return reader_behind(&reader, &head, 0);
    }
    long long count;
    return head_number(&head, 1, READER_COUNT_MAX, &count) ? read_message(&reader, output, with_channel, count)
                                                    : READING_GARBLED;
}

static Reading read_message(Reader *reader, Output *output, bool with_channel, long long count) {
    char kind[MESSAGE_KIND_BYTES];
    Reading reading = read_word(reader, kind, sizeof kind);
    if (reading != READING_OK) {
        return reading;
    }
    bool is_of_pattern = strcmp(kind, "pmessage") == 0 && count == 4;
    if (!is_of_pattern && !(strcmp(kind, "message") == 0 && count == 3)) {
        return reader_skip(reader, count - 1, 1);
    }
    reading = reader_skip(reader, is_of_pattern ? 1 : 0, 1);
    if (reading == READING_OK) {
        reader->output = with_channel ? output : NULL;
        reading = reader_value(reader, 1);
        reader_put(reader, "\t", 1);
    }
    if (reading == READING_OK) {
        reader->output = output;
        reading = reader_value(reader, 1);
        reader_put(reader, "\n", 1);
    }
    return reading;
}

/* A short string; cut if it is long. */
static Reading read_word(Reader *reader, char *word, size_t size) {
    Head head;
    long long length;
    word[0] = '\0';
    Reading reading = head_read(reader->connection, &head);
    if (reading != READING_OK) {
        return reading;
    }
    if (head.kind != '$' || !head_number(&head, 0, (long long)size - 1, &length)) {
        return READING_GARBLED;
    }
    size_t filled = 0;
    while (filled < (size_t)length) {
        const char *bytes;
        size_t count;
        reading = connection_read_some(reader->connection, (size_t)length - filled, &bytes, &count);
        if (reading != READING_OK) {
            return reading;
        }
        memcpy(word + filled, bytes, count);
        filled += count;
    }
    word[filled] = '\0';
    const char *rest;
    size_t rest_length;
    reading = connection_read_line(reader->connection, &rest, &rest_length);
    return reading == READING_OK && rest_length > 0 ? READING_GARBLED : reading;
}

static void begin(Reply *reply) {
    reply->kind = REPLY_VALUE;
    reply->integer = 0;
    reply->has_errors = false;
    reply->error[0] = '\0';
}
