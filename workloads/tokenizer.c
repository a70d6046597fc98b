/* BERT's tokenizer: a text to the numbers of its WordPieces, those that Hugging Face's BertTokenizer gives
 * (the one written in Python, of the later transformers 4).
 *
 *   1. [PAD] [UNK] [CLS] [SEP] [MASK], written so, are cut out wherever they stand, inside words too, and
 *      keep their numbers ([MASK] only if the vocabulary has it). The text between them goes on:
 *   2. lower case, if wanted, a character at a time;
 *   3. control characters, unassigned ones and U+FFFD are dropped, whitespace becomes a blank, and every CJK
 *      ideograph a word of its own;
 *   4. Unicode normalisation: NFD without the non-spacing marks if `lowercase`, else NFC;
 *   5. words are split at blanks, and every punctuation mark becomes a word;
 *   6. a word is cut into the longest pieces of the vocabulary from the left, those after the first written
 *      ##piece; it is [UNK] if that leaves a rest, or if it has more than 100 characters.
 *
 * Google's first version differs in rare texts: special tokens inside words are not cut out, a capital sigma
 * at the end of a word becomes a final one (the lower case is taken of whole words), unassigned characters
 * stay, and there is no NFC. What is unassigned depends on the version of Unicode: here that of utf8proc. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/files.h"
#include "utf8.h"
#include "workloads.h"

enum {
    VOCABULARY_BYTES = 64 << 20, /* ours, as the next; multilingual BERT has 1 MB and 119,547 tokens */
    VOCABULARY_TOKENS = 1000000,
    WORD_CHARACTERS = 100, /* BERT's max_input_chars_per_word */
    WORD_BYTES = 4 * WORD_CHARACTERS,
};

typedef enum special { PAD, UNK, CLS, SEP, MASK, SPECIALS } special;

static const char *const SPECIAL_TOKENS[SPECIALS] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

static const uint32_t NONE = UINT32_MAX;

typedef struct token {
    uint32_t at, length; /* in the text of the vocabulary */
} token;

/* The vocabulary: its file as one text, its tokens as pieces of that text, found through a hash table with
 * open addressing and linear probing, at most half full. */
struct tokenizer {
    file_bytes text;
    token *tokens;                 /* [count] */
    uint32_t *slots;               /* [mask + 1]: a token's number + 1; 0 is free */
    uint32_t count, mask, longest; /* longest token in bytes */
    uint32_t specials[SPECIALS];   /* NONE if the vocabulary lacks it */
    bool lowercase;
};

/* ---- The hash table ---- */

/* FNV-1a, taken on byte by byte, so that the hashes of all beginnings of a word cost one pass. */
static const uint64_t HASH_START = 0xcbf29ce484222325;

static uint64_t hash_on(uint64_t hash, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3;
    return hash;
}

static uint32_t hash_slot(const tokenizer *t, uint64_t hash) { return (uint32_t)(hash ^ hash >> 32) & t->mask; }

/* The slot of the token that is `prefix` and then `text`, or the free one where it would stand; `hash` is
 * of both. */
static uint32_t find_slot(const tokenizer *t, uint64_t hash, const char *prefix, const char *text, size_t length) {
    size_t skip = strlen(prefix);
    uint32_t slot = hash_slot(t, hash);
    for (; t->slots[slot]; slot = (slot + 1) & t->mask) {
        const token *entry = &t->tokens[t->slots[slot] - 1];
        const char *known = t->text.data + entry->at;
        if (entry->length == skip + length && memcmp(known, prefix, skip) == 0 &&
            memcmp(known + skip, text, length) == 0)
            break;
    }
    return slot;
}

static uint32_t find_token(const tokenizer *t, const char *text) {
    size_t length = strlen(text);
    uint32_t slot = find_slot(t, hash_on(HASH_START, text, length), "", text, length);
    return t->slots[slot] ? t->slots[slot] - 1 : NONE;
}

/* ---- Reading a vocabulary ---- */

static bool add_token(tokenizer *t, text_mark mark, const char *text, size_t length, portolan_error *err) {
    size_t good = utf8_good(text, length);
    if (!length) return error_input(err, mark, "an empty line; a vocabulary has a token on every line");
    if (good < length) {
        mark.column += (unsigned)good;
        return error_input(err, mark, text[good] ? "not UTF-8: found the byte 0x%02x" : "found a NUL byte (0x%02x)",
                           (unsigned char)text[good]);
    }
    if (t->count == VOCABULARY_TOKENS)
        return error_input(err, mark, "the vocabulary has more than %d tokens", VOCABULARY_TOKENS);
    uint32_t slot = find_slot(t, hash_on(HASH_START, text, length), "", text, length);
    if (t->slots[slot])
        return error_input(err, mark, "the token '%.*s' stands twice; it was first at line %u",
                           (int)(length > 60 ? 60 : length), text, t->slots[slot]);
    t->tokens[t->count] = (token){(uint32_t)(text - t->text.data), (uint32_t)length};
    t->slots[slot] = ++t->count;
    if (length > t->longest) t->longest = (uint32_t)length;
    return true;
}

static bool read_tokens(tokenizer *t, const char *path, portolan_error *err) {
    const char *at = t->text.data, *end = at + t->text.length;
    if (t->text.length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) at += 3; /* a byte-order mark */
    for (unsigned line = 1; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        size_t length = (size_t)(stop - at);
        if (length && at[length - 1] == '\r') length--;
        if (!add_token(t, (text_mark){path, line, 1}, at, length, err)) return false;
        at = stop + 1;
    }
    return true;
}

static bool allocate(tokenizer *t, portolan_error *err) {
    size_t lines = 1, slots = 16;
    for (size_t i = 0; i < t->text.length; i++) lines += t->text.data[i] == '\n';
    if (lines > VOCABULARY_TOKENS) lines = VOCABULARY_TOKENS;
    while (slots < 2 * lines) slots *= 2;
    t->tokens = calloc(lines, sizeof *t->tokens);
    t->slots = calloc(slots, sizeof *t->slots);
    t->mask = (uint32_t)slots - 1;
    return (t->tokens && t->slots) || error_memory(err, lines * sizeof *t->tokens + slots * sizeof *t->slots);
}

static bool find_specials(tokenizer *t, const char *path, portolan_error *err) {
    for (int i = 0; i < SPECIALS; i++) {
        t->specials[i] = find_token(t, SPECIAL_TOKENS[i]);
        if (t->specials[i] == NONE && i != MASK)
            return error_input(err, (text_mark){path, 1, 1},
                               "%u tokens, but %s is not among them; BERT's vocabularies have [PAD], [UNK], "
                               "[CLS] and [SEP], each on its own line",
                               t->count, SPECIAL_TOKENS[i]);
    }
    return true;
}

/* Takes the bytes over. */
static tokenizer *from_bytes(const char *name, file_bytes bytes, bool lowercase, portolan_error *err) {
    tokenizer *t = calloc(1, sizeof *t);
    if (!t) {
        free(bytes.data);
        error_memory(err, sizeof *t);
        return NULL;
    }
    t->lowercase = lowercase;
    t->text = bytes;
    if (allocate(t, err) && read_tokens(t, name, err) && find_specials(t, name, err)) return t;
    tokenizer_free(t);
    return NULL;
}

tokenizer *tokenizer_load(const char *vocabulary, bool lowercase, portolan_error *err) {
    file_bytes bytes;
    if (!file_read(vocabulary, VOCABULARY_BYTES, &bytes, err)) return NULL;
    return from_bytes(vocabulary, bytes, lowercase, err);
}

tokenizer *tokenizer_parse(const char *name, const char *text, size_t length, bool lowercase, portolan_error *err) {
    file_bytes bytes = {malloc(length + 1), length};
    if (!bytes.data) {
        error_memory(err, length + 1);
        return NULL;
    }
    memcpy(bytes.data, text, length);
    bytes.data[length] = '\0';
    return from_bytes(name, bytes, lowercase, err);
}

void tokenizer_free(tokenizer *t) {
    if (!t) return;
    free(t->text.data);
    free(t->tokens);
    free(t->slots);
    free(t);
}

uint32_t tokenizer_vocabulary(const tokenizer *t) { return t->count; }

/* ---- Kinds of characters, as BERT sees them ---- */

static bool is_dropped(int32_t c) {
    if (c < 0x80) return c < ' ' ? c != '\t' && c != '\n' && c != '\r' : c == 0x7f;
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS: return true;
    default: return c == 0xfffd;
    }
}

static bool is_blank(int32_t c) {
    if (c < 0x80) return c == ' ' || c == '\t' || c == '\n' || c == '\r';
    return utf8proc_category(c) == UTF8PROC_CATEGORY_ZS;
}

/* What separates words in the cleaned text: the separators of lines and paragraphs are not cleaned away,
 * but split. */
static bool is_separator(int32_t c) { return c == ' ' || c == 0x2028 || c == 0x2029; }

static bool is_ideograph(int32_t c) {
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
           (c >= 0x2a700 && c <= 0x2ceaf) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

/* All signs of ASCII count, also those that are symbols to Unicode: $ + < = > ^ ` | ~ */
static bool is_punctuation(int32_t c) {
    if (c < 0x80)
        return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
    utf8proc_category_t category = utf8proc_category(c);
    return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

static bool is_nonspacing_mark(int32_t c) { return c >= 0x80 && utf8proc_category(c) == UTF8PROC_CATEGORY_MN; }

/* ---- Words to pieces ---- */

/* Where the numbers of one text go; those beyond `room` are cut off. */
typedef struct piece_list {
    const tokenizer *t;
    uint32_t *ids, count, room;
} piece_list;

static void add_piece(piece_list *list, uint32_t id) {
    if (list->count < list->room) list->ids[list->count++] = id;
}

/* The longest token at the beginning of word[0 .. length - 1]; `after` says that it is not the word's
 * first. Returns its number, and how many bytes of the word it takes; NONE if there is none. A token is
 * whole characters, so the bytes it takes are too. */
static uint32_t longest_piece(const tokenizer *t, bool after, const char *word, size_t length, size_t *taken) {
    uint64_t hashes[WORD_BYTES + 1];
    const char *prefix = after ? "##" : "";
    size_t most = length < t->longest ? length : t->longest;
    hashes[0] = hash_on(HASH_START, prefix, strlen(prefix));
    for (size_t i = 0; i < most; i++) hashes[i + 1] = hash_on(hashes[i], word + i, 1);
    for (size_t n = most; n > 0; n--) {
        uint32_t slot = find_slot(t, hashes[n], prefix, word, n);
        if (!t->slots[slot]) continue;
        *taken = n;
        return t->slots[slot] - 1;
    }
    return NONE;
}

static void add_word(piece_list *list, const char *word, size_t length) {
    uint32_t pieces[WORD_CHARACTERS], count = 0;
    size_t taken = 0;
    for (size_t at = 0; at < length; at += taken) {
        uint32_t id = longest_piece(list->t, at > 0, word + at, length - at, &taken);
        if (id == NONE) {
            add_piece(list, list->t->specials[UNK]);
            return;
        }
        pieces[count++] = id;
    }
    for (uint32_t i = 0; i < count; i++) add_piece(list, pieces[i]);
}

static void add_characters(piece_list *list, const int32_t *characters, size_t count) {
    char word[WORD_BYTES];
    size_t length = 0;
    if (count > WORD_CHARACTERS) {
        add_piece(list, list->t->specials[UNK]);
        return;
    }
    for (size_t i = 0; i < count; i++)
        length += (size_t)utf8proc_encode_char(characters[i], (utf8proc_uint8_t *)word + length);
    add_word(list, word, length);
}

/* A special token that came out of the cleaning, as from "[MA\x01SK]": it stays whole. Lower case leaves
 * none. */
static bool add_special(piece_list *list, const int32_t *characters, size_t count) {
    if (list->t->lowercase || characters[0] != '[') return false;
    for (int s = 0; s < SPECIALS; s++) {
        size_t i = 0;
        if (strlen(SPECIAL_TOKENS[s]) != count || list->t->specials[s] == NONE) continue;
        while (i < count && characters[i] == SPECIAL_TOKENS[s][i]) i++;
        if (i < count) continue;
        add_piece(list, list->t->specials[s]);
        return true;
    }
    return false;
}

static void split_at_punctuation(piece_list *list, const int32_t *characters, size_t count) {
    if (add_special(list, characters, count)) return;
    for (size_t at = 0, end; at < count; at = end) {
        end = at + 1;
        if (!is_punctuation(characters[at]))
            while (end < count && !is_punctuation(characters[end])) end++;
        add_characters(list, characters + at, end - at);
    }
}

static void split_at_blanks(piece_list *list, const int32_t *characters, size_t count) {
    for (size_t at = 0, end; at < count && list->count < list->room; at = end) {
        end = at;
        while (end < count && !is_separator(characters[end])) end++;
        if (end > at)
            split_at_punctuation(list, characters + at, end - at);
        else
            end++;
    }
}

/* ---- Texts to characters ---- */

static int32_t ascii_lower(int32_t c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

/* Step 2 and 3: writes the cleaned text to `clean`, at most twice as long (a blank on both sides of an
 * ideograph of three bytes is the most), and returns its length. Bytes that are not UTF-8 are left out. */
static size_t clean_text(bool lowercase, const char *text, size_t length, utf8proc_uint8_t *clean, bool *ascii) {
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    utf8proc_uint8_t *to = clean;
    *ascii = true;
    for (size_t at = 0; at < length;) {
        int32_t c = bytes[at];
        utf8proc_ssize_t n = 1;
        if (c >= 0x80) n = utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(length - at), &c);
        at += n < 1 ? 1 : (size_t)n;
        if (n < 1 || is_dropped(c)) continue;
        if (is_blank(c)) c = ' ';
        if (c < 0x80) {
            *to++ = (utf8proc_uint8_t)(lowercase ? ascii_lower(c) : c);
            continue;
        }
        *ascii = false;
        if (is_ideograph(c)) *to++ = ' ';
        to += utf8proc_encode_char(lowercase ? utf8proc_tolower(c) : c, to);
        if (is_ideograph(c)) *to++ = ' ';
    }
    return (size_t)(to - clean);
}

/* Step 4 for more than ASCII; `clean` is good UTF-8. NULL if memory is short. */
static int32_t *normalize(bool lowercase, const utf8proc_uint8_t *clean, size_t length, size_t *count) {
    utf8proc_option_t form = UTF8PROC_STABLE | (lowercase ? UTF8PROC_DECOMPOSE : UTF8PROC_COMPOSE);
    utf8proc_ssize_t size = (utf8proc_ssize_t)length;
    utf8proc_ssize_t room = utf8proc_decompose(clean, size, NULL, 0, form);
    int32_t *characters = room < 0 ? NULL : malloc(((size_t)room + 1) * sizeof *characters);
    if (!characters) return NULL;
    room = utf8proc_decompose(clean, size, characters, room, form);
    if (!lowercase) {
        *count = (size_t)utf8proc_normalize_utf32(characters, room, form);
        return characters;
    }
    *count = 0;
    for (utf8proc_ssize_t i = 0; i < room; i++)
        if (!is_nonspacing_mark(characters[i])) characters[(*count)++] = characters[i];
    return characters;
}

static int32_t *widen(const utf8proc_uint8_t *clean, size_t length) {
    int32_t *characters = malloc((length + 1) * sizeof *characters);
    for (size_t i = 0; characters && i < length; i++) characters[i] = clean[i];
    return characters;
}

/* Text without special tokens; false if memory is short. */
static bool add_plain(piece_list *list, const char *text, size_t length) {
    bool ascii, lowercase = list->t->lowercase;
    utf8proc_uint8_t *clean = malloc(2 * length + 1);
    if (!clean) return false;
    size_t count = clean_text(lowercase, text, length, clean, &ascii);
    int32_t *characters = ascii ? widen(clean, count) : normalize(lowercase, clean, count, &count);
    if (characters) split_at_blanks(list, characters, count);
    free(clean);
    free(characters);
    return characters != NULL;
}

/* Step 1. */
static bool add_text(piece_list *list, const char *text) {
    const char *plain = text;
    for (const char *at = strchr(text, '['); at && list->count < list->room; at = strchr(at, '[')) {
        int s = 0;
        while (s < SPECIALS && strncmp(at, SPECIAL_TOKENS[s], strlen(SPECIAL_TOKENS[s])) != 0) s++;
        if (s == SPECIALS || list->t->specials[s] == NONE) {
            at++;
            continue;
        }
        if (at > plain && !add_plain(list, plain, (size_t)(at - plain))) return false;
        add_piece(list, list->t->specials[s]);
        plain = at += strlen(SPECIAL_TOKENS[s]);
    }
    return list->count == list->room || add_plain(list, plain, strlen(plain));
}

/* ---- One text or a pair ---- */

/* As Hugging Face's longest_first: token after token from the end of the longer text, from the second if
 * both are equal. Texts that were already cut to `room` end with the same lengths as whole ones. */
static void cut_longest_first(uint32_t *a, uint32_t *b, uint32_t room) {
    while (*a + *b > room) {
        if (*a > *b)
            --*a;
        else
            --*b;
    }
}

static uint32_t encode_single(const tokenizer *t, const char *a, uint32_t most, uint32_t *ids, uint8_t *segments) {
    piece_list first = {.t = t, .ids = ids + 1, .room = most - 2};
    if (!add_text(&first, a)) return 0;
    ids[0] = t->specials[CLS];
    ids[first.count + 1] = t->specials[SEP];
    memset(segments, 0, first.count + 2);
    return first.count + 2;
}

static uint32_t encode_pair(const tokenizer *t, const char *a, const char *b, uint32_t most, uint32_t *ids,
                            uint8_t *segments) {
    piece_list first = {.t = t, .ids = ids + 1, .room = most - 3};
    piece_list second = {.t = t, .ids = malloc((most - 3) * sizeof *ids), .room = most - 3};
    uint32_t count = 0;
    if (second.ids && add_text(&first, a) && add_text(&second, b)) {
        cut_longest_first(&first.count, &second.count, most - 3);
        count = first.count + second.count + 3;
        ids[0] = t->specials[CLS];
        ids[first.count + 1] = t->specials[SEP];
        memcpy(ids + first.count + 2, second.ids, second.count * sizeof *ids);
        ids[count - 1] = t->specials[SEP];
        memset(segments, 0, first.count + 2);
        memset(segments + first.count + 2, 1, second.count + 1);
    }
    free(second.ids);
    return count;
}

uint32_t tokenizer_encode(const tokenizer *t, const char *a, const char *b, uint32_t most, uint32_t *ids,
                          uint8_t *segments) {
    if (most < (b ? TOKENS_LEAST_PAIR : TOKENS_LEAST)) return 0;
    return b ? encode_pair(t, a, b, most, ids, segments) : encode_single(t, a, most, ids, segments);
}
