/* Reads the first line of a value. */
#include "head.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sign and digits of the greatest number. */
#define NUMBER_CHARACTERS_MAX 20

Reading head_read(Connection *connection, Head *head) {
    const char *line;
    size_t length;
    Reading reading = connection_read_line(connection, &line, &length);
    if (reading != READING_OK) {
        return reading;
    }
    if (length == 0) {
        return READING_GARBLED;
    }
    *head = (Head){.kind = line[0], .text = line + 1, .length = length - 1};
    return READING_OK;
}

bool head_number(const Head *head, long long minimum, long long maximum, long long *number) {
    char digits[NUMBER_CHARACTERS_MAX + 1];
    if (head->length == 0 || head->length > NUMBER_CHARACTERS_MAX) {
        return false;
    }
    memcpy(digits, head->text, head->length);
    digits[head->length] = '\0';
    size_t first = digits[0] == '-' || digits[0] == '+' ? 1 : 0;
    if (digits[first] < '0' || digits[first] > '9') {
        return false;
    }
    char *end;
    errno = 0;
    *number = strtoll(digits, &end, 10);
    return errno == 0 && end == digits + head->length && *number >= minimum && *number <= maximum;
}
