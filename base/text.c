/* UTF-8, and escapes for what is not to be printed. */
#include "text.h"

#include <stdint.h>
#include <string.h>

bool text_ends_in(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Table 3-7 of the Unicode Standard (well-formed byte sequences): no overlong forms, no surrogates. */
size_t utf8_length(const char *at) {
    const unsigned char *b = (const unsigned char *)at;
    if (b[0] < 0x80) return 1;
    if (b[0] < 0xc2 || b[0] > 0xf4) return 0;
    size_t length = b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
    unsigned char least = b[0] == 0xe0 ? 0xa0 : b[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char most = b[0] == 0xed ? 0x9f : b[0] == 0xf4 ? 0x8f : 0xbf;
    if (b[1] < least || b[1] > most) return 0;
    for (size_t i = 2; i < length; i++)
        if ((b[i] & 0xc0) != 0x80) return 0;
    return length;
}

static uint32_t code_point(const char *at, size_t length) {
    if (length == 1) return (unsigned char)*at;
    uint32_t code = (unsigned char)*at & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) code = code << 6 | ((unsigned char)at[i] & 0x3fU);
    return code;
}

/* C0, DEL and C1; line and paragraph separators; marks, embeddings and isolates of direction; the byte order mark. */
static bool is_unprintable(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

enum { LONGEST = 8 }; /* bytes of what stands for one character, with a NUL */

/* What is printed for the character at `*at`, which is passed. */
static void take(const char **at, char piece[LONGEST]) {
    static const char NAMED[] = "\t\n\r", NAMES[] = "tnr";
    size_t length = utf8_length(*at);
    uint32_t code = length ? code_point(*at, length) : (unsigned char)**at;
    const char *named = length == 1 ? strchr(NAMED, (int)code) : NULL;
    if (named)
        snprintf(piece, LONGEST, "\\%c", NAMES[named - NAMED]);
    else if (length && !is_unprintable(code))
        snprintf(piece, LONGEST, "%.*s", (int)length, *at);
    else
        snprintf(piece, LONGEST, length > 1 ? "\\u%04x" : "\\x%02x", code & 0xffff); /* none is beyond U+FFFF */
    *at += length ? length : 1;
}

void text_print(FILE *stream, const char *text) {
    char piece[LONGEST];
    while (*text) {
        take(&text, piece);
        fputs(piece, stream);
    }
}

const char *text_printable(char *into, size_t size, const char *text) {
    char piece[LONGEST];
    size_t used = 0;
    while (*text) {
        take(&text, piece);
        size_t length = strlen(piece);
        if (used + length >= size) break;
        memcpy(into + used, piece, length);
        used += length;
    }
    into[used] = '\0';
    return into;
}
