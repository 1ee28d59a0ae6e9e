/* Feeds byte strings to the parser: fuzz_replies FILE. In the file, each has its length (4 bytes, little endian) before
 * it. Whatever comes, it must end; the sanitizers see to the rest. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reply.h"

#define CASE_BYTES_MAX 65536

static Connection connection;
static Output output;
static Reply reply;
static unsigned long endings[3];

static Reading read_next(unsigned long number) {
    ReplyForm form = {.output = &output, .ends_lines = true};
    return number % 2 == 0 ? reply_read(&connection, form, &reply)
                           : message_read(&connection, &output, number % 4 == 1, &reply);
}

static void feed(const char *bytes, size_t count, unsigned long number) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        abort();
    }
    connection_adopt(&connection, ends[0]);
    Connection writing = {.socket = ends[1]};
    if (!connection_send(&writing, bytes, count)) {
        abort();
    }
    connection_close(&writing);
    Reading reading;
    while ((reading = read_next(number)) == READING_OK) {
        endings[READING_OK]++;
        output_release(&output);
    }
    endings[reading]++;
    output_take_back(&output);
    connection_close(&connection);
}

int main(int count, char **words) {
    static char bytes[CASE_BYTES_MAX];
    FILE *file = count == 2 ? fopen(words[1], "rb") : NULL;
    output.descriptor = open("/dev/null", O_WRONLY);
    if (file == NULL || output.descriptor < 0) {
        return EXIT_FAILURE;
    }
    uint32_t length;
    unsigned long number = 0;
    for (; fread(&length, sizeof length, 1, file) == 1; number++) {
        if (length > sizeof bytes || fread(bytes, 1, length, file) != length) {
            return EXIT_FAILURE;
        }
        feed(bytes, length, number);
    }
    fclose(file);
    close(output.descriptor);
    printf("%lu cases, %lu replies, %lu dropped, %lu garbled\n", number, endings[READING_OK], endings[READING_DROPPED],
           endings[READING_GARBLED]);
    return EXIT_SUCCESS;
}
