/* The Unix socket, and the buffer in front of it. */
#include "connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool connection_open(Connection *connection, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, path, strlen(path));
    int opened = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (opened < 0) {
        return false;
    }
    connection_adopt(connection, opened);
    if (connect(opened, (const struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        connection_close(connection);
        errno = error;
        return false;
    }
    return true;
}

void connection_adopt(Connection *connection, int socket) {
    connection->socket = socket;
    connection->start = 0;
    connection->end = 0;
}

void connection_close(Connection *connection) {
    close(connection->socket);
    connection->socket = -1;
}

bool connection_send(Connection *connection, const char *bytes, size_t count) {
    while (count > 0) {
        /* A signal would be the end of us: its default is kept for those who read our output. */
        ssize_t sent = send(connection->socket, bytes, count, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return false;
        }
        if (sent > 0) {
            bytes += sent;
            count -= (size_t)sent;
        }
    }
    return true;
}

/* Read more behind what is in the buffer. */
static Reading receive(Connection *connection) {
    if (connection->start > 0) {
        size_t held = connection->end - connection->start;
        memmove(connection->buffer, connection->buffer + connection->start, held);
        connection->start = 0;
        connection->end = held;
    }
    size_t room = sizeof connection->buffer - connection->end;
    if (room == 0) {
        return READING_GARBLED;
    }
    ssize_t received;
    do {
        received = recv(connection->socket, connection->buffer + connection->end, room, 0);
    } while (received < 0 && errno == EINTR);
    if (received <= 0) {
        return READING_DROPPED;
    }
    connection->end += (size_t)received;
    return READING_OK;
}

Reading connection_read_line(Connection *connection, const char **line, size_t *length) {
    size_t searched = 0;
    for (;;) {
        char *start = connection->buffer + connection->start;
        size_t held = connection->end - connection->start;
        char *end = held > searched ? memchr(start + searched, '\n', held - searched) : NULL;
        if (end != NULL) {
            if (end == start || end[-1] != '\r') {
                return READING_GARBLED;
            }
            *line = start;
            *length = (size_t)(end - start) - 1;
            connection->start += *length + 2;
            return READING_OK;
        }
        searched = held;
        Reading reading = receive(connection);
        if (reading != READING_OK) {
            return reading;
        }
    }
}

Reading connection_read_some(Connection *connection, size_t wanted, const char **bytes, size_t *count) {
    if (connection->start == connection->end) {
        Reading reading = receive(connection);
        if (reading != READING_OK) {
            return reading;
        }
    }
    size_t held = connection->end - connection->start;
    *bytes = connection->buffer + connection->start;
    *count = held < wanted ? held : wanted;
    connection->start += *count;
    return READING_OK;
}
