/* One connection to the job's socket: what was sent is sent whole, what comes is read through a buffer. */
#ifndef TISKTASK_CONNECTION_H
#define TISKTASK_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

/* Also the longest line of a reply; what is longer comes in bulk strings, which are passed on piece by piece. */
#define CONNECTION_BUFFER_BYTES 65536

typedef struct {
    int socket;
    size_t start;
    size_t end;
    char buffer[CONNECTION_BUFFER_BYTES];
} Connection;

/* How reading went. */
typedef enum {
    READING_OK,
    /* The other side has gone: a new connection may help. */
    READING_DROPPED,
    /* What came is not the protocol: nothing helps. */
    READING_GARBLED,
} Reading;

/* False: not connected, see errno. */
bool connection_open(Connection *connection, const char *path);
void connection_adopt(Connection *connection, int socket);
void connection_close(Connection *connection);

/* False: not all was sent. What the server said before it closed can still be read. */
bool connection_send(Connection *connection, const char *bytes, size_t count);

/* A line without its end. It stays where it is until the next call. */
Reading connection_read_line(Connection *connection, const char **line, size_t *length);

/* Some of what has come, at most `wanted` and at least one. It stays where it is until the next call. */
Reading connection_read_some(Connection *connection, size_t wanted, const char **bytes, size_t *count);

#endif
