/* Checkpoints of training: a header, the weights and AdamW's moments, the metrics so far, and a SHA-256 of all these bytes.
 * What is read back is taken for damaged until it is checked, since a wrong number in it would silently become a wrong
 * model. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sha2.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/replacement.h"
#include "files.h"

typedef struct checkpoint_header {
    char magic[8];
    uint32_t epoch, real_size;
    uint32_t depth_limit, arithmetic_count;
    uint64_t parameters, metrics;
    uint8_t hash[SHA256_DIGEST_LENGTH]; /* of settings and data */
    train_arithmetic arithmetic[TRAIN_ARITHMETICS];
} checkpoint_header;

/* The last character is the format's version. */
static const char MAGIC[8] = "PortolC3";

static void hash_set(SHA2_CTX *context, const token_set *set) {
    if (!set) return;
    size_t last = set->samples - 1;
    SHA256Update(context, (const uint8_t *)set->lengths, set->samples * sizeof *set->lengths);
    SHA256Update(context, (const uint8_t *)set->labels, set->samples * sizeof *set->labels);
    SHA256Update(context, (const uint8_t *)set->ids, (set->first[last] + set->lengths[last]) * sizeof *set->ids);
}

/* Hash of all that decides what training computes; the number of threads is not among it. Fails where memory is short, which
 * so long a text may need. */
static bool hash_inputs(const trainer *t, uint8_t digest[SHA256_DIGEST_LENGTH], portolan_error *err) {
    const train_settings *s = t->s;
    const encoder_config *c = &s->config;
    char text[2048];
    int n = snprintf(text, sizeof text,
                     "%" PRIu64 " %a %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %a %a %a %a %a %a %a %a %a %d %a"
                     " | %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                     " %a %d %d %d ",
                     s->seed, s->init_scale, s->epochs, s->exit_epochs, s->batch, s->shards, s->rate, s->warmup,
                     s->cooldown, s->decay, s->clip, s->dropout, s->beta1, s->beta2, s->eps, s->loss, s->curriculum,
                     c->shape.layers, c->shape.hidden, c->shape.feed_forward, c->shape.classes, c->shape.vocabulary,
                     c->heads, c->positions, c->segments, c->norm_eps, c->pre_norm, c->pooling, c->has_pooler);
    if (n < 0 || (size_t)n >= sizeof text) return error_memory(err, sizeof text);
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, (const uint8_t *)text, (size_t)n);
    SHA256Update(&context, (const uint8_t *)c->exits, sizeof c->exits);
    if (s->start) SHA256Update(&context, (const uint8_t *)s->start, strlen(s->start));
    if (s->word_vectors) SHA256Update(&context, (const uint8_t *)s->word_vectors, strlen(s->word_vectors));
    hash_set(&context, t->train);
    hash_set(&context, t->dev);
    SHA256Final(digest, &context);
    return true;
}

/* ---- Writing ---- */

/* Bytes to the file and into its checksum. */
typedef struct sink {
    FILE *out;
    SHA2_CTX checksum;
    bool ok;
} sink;

static void put(sink *s, const void *bytes, size_t size) {
    if (!size) return;
    SHA256Update(&s->checksum, bytes, size);
    s->ok = s->ok && fwrite(bytes, 1, size, s->out) == size;
}

static bool write_all(const trainer *t, const checkpoint_header *h, FILE *out) {
    sink s = {.out = out, .ok = true};
    uint8_t checksum[SHA256_DIGEST_LENGTH];
    size_t bytes = t->p.count * sizeof(real);
    SHA256Init(&s.checksum);
    put(&s, h, sizeof *h);
    put(&s, t->values, bytes);
    put(&s, t->m, bytes);
    put(&s, t->v, bytes);
    put(&s, t->metrics, t->metric_count * sizeof *t->metrics);
    SHA256Final(checksum, &s.checksum);
    return s.ok && fwrite(checksum, 1, sizeof checksum, out) == sizeof checksum;
}

bool train_write_checkpoint(const trainer *t, uint32_t epoch, portolan_error *err) {
    char path[1200];
    replacement file;
    checkpoint_header h;
    memset(&h, 0, sizeof h); /* gaps between members too */
    memcpy(h.magic, MAGIC, sizeof MAGIC);
    h.epoch = epoch;
    h.real_size = sizeof(real);
    h.depth_limit = t->curriculum.limit;
    h.parameters = t->p.count;
    h.metrics = t->metric_count;
    h.arithmetic_count = (uint32_t)t->arithmetic_count;
    memcpy(h.arithmetic, t->arithmetic, sizeof h.arithmetic);
    if (!hash_inputs(t, h.hash, err)) return false;
    snprintf(path, sizeof path, "%s/checkpoint.bin", t->out);
    if (!replacement_open(&file, path, err)) return false;
    bool ok = write_all(t, &h, file.stream);
    if (!ok) error_write(err, path);
    return replacement_finish(&file, ok, err);
}

/* ---- Reading ---- */

static bool fault(const char *path, portolan_error *err, const char *what) {
    return error_input(err, (text_mark){path, 0, 0}, "%s", what);
}

static bool damaged(const char *path, portolan_error *err, const char *where) {
    return error_input(err, (text_mark){path, 0, 0}, "is damaged: %s; train anew into another folder", where);
}

static bool check_magic(const checkpoint_header *h, const char *path, portolan_error *err) {
    enum { NAME = sizeof MAGIC - 1 };
    if (memcmp(h->magic, MAGIC, NAME) != 0) return fault(path, err, "is not a checkpoint of training");
    if (h->magic[NAME] == MAGIC[NAME]) return true;
    int found = h->magic[NAME] >= '0' && h->magic[NAME] <= '9' ? h->magic[NAME] : '?';
    return error_input(err, (text_mark){path, 0, 0},
                       "is a checkpoint of format %c; this version of Portolan reads format %c: "
                       "go on with the version that wrote it, or train anew into another folder",
                       found, MAGIC[NAME]);
}

/* Whether the last bytes of the file are the checksum of those before, of which there are `size`. */
static bool check_sum(FILE *in, size_t size, const char *path, portolan_error *err) {
    SHA2_CTX context;
    uint8_t checksum[SHA256_DIGEST_LENGTH], wanted[SHA256_DIGEST_LENGTH], buffer[1 << 14];
    SHA256Init(&context);
    rewind(in);
    while (size) {
        size_t n = fread(buffer, 1, size < sizeof buffer ? size : sizeof buffer, in);
        if (!n) return damaged(path, err, "it is cut short");
        SHA256Update(&context, buffer, n);
        size -= n;
    }
    SHA256Final(checksum, &context);
    if (fread(wanted, 1, sizeof wanted, in) != sizeof wanted) return damaged(path, err, "it is cut short");
    return memcmp(checksum, wanted, sizeof wanted) == 0 ||
           damaged(path, err, "its checksum is not that of its content");
}

static bool check_header(const trainer *t, const checkpoint_header *h, const char *path, portolan_error *err) {
    uint8_t hash[SHA256_DIGEST_LENGTH];
    if (!hash_inputs(t, hash, err)) return false;
    if (h->real_size != sizeof(real)) return fault(path, err, "is not a checkpoint of this program");
    if (memcmp(h->hash, hash, sizeof hash) != 0 || h->parameters != t->p.count)
        return fault(path, err, "is from other settings or other data; train into another folder, or undo the change");
    uint64_t exits = 0;
    for (uint64_t i = 0; i < t->s->config.shape.layers; i++) exits += t->s->config.exits[i];
    if (h->epoch > train_epochs(t->s) || h->metrics != h->epoch * exits)
        return damaged(path, err, "its epochs and its metrics do not agree");
    if (h->depth_limit < t->curriculum.limit || h->depth_limit > t->curriculum.deepest)
        return damaged(path, err, "its curriculum is at a depth that the data has not");
    if (!h->arithmetic_count || h->arithmetic_count > TRAIN_ARITHMETICS)
        return damaged(path, err, "it does not say with which arithmetic it was made");
    for (uint32_t i = 0; i < h->arithmetic_count; i++) {
        const char *name = h->arithmetic[i].name, *end = memchr(name, '\0', sizeof h->arithmetic[i].name);
        if (!end || !class_name_is_plain(name, (size_t)(end - name)))
            return damaged(path, err, "it does not say with which arithmetic it was made");
    }
    return true;
}

/* Weights and moments must be finite: a step from others gives no number. */
static bool read_numbers(const trainer *t, FILE *in, real *into, const char *what, const char *path,
                         portolan_error *err) {
    if (fread(into, sizeof *into, t->p.count, in) != t->p.count) return damaged(path, err, "it is cut short");
    size_t bad = train_find_bad(into, t->p.count);
    if (bad == t->p.count) return true;
    char name[128];
    const parameter *n = train_parameter_at(t, bad);
    model_weight_name(n->weight, n->layer, name, sizeof name);
    return error_input(err, (text_mark){path, 0, 0},
                       "holds %s of '%s' that is no finite number: element %zu of %zu (from 0); "
                       "lower 'rate' and train anew into another folder",
                       what, name, bad - n->offset, n->count);
}

static bool read_metrics(const trainer *t, FILE *in, size_t count, const char *path, portolan_error *err) {
    if (fread(t->metrics, sizeof *t->metrics, count, in) != count) return damaged(path, err, "it is cut short");
    for (size_t i = 0; i < count; i++)
        if (t->metrics[i].epoch >= train_epochs(t->s) || !t->metrics[i].exit ||
            t->metrics[i].exit > t->s->config.shape.layers)
            return damaged(path, err, "its metrics are of an epoch or exit that there is not");
    return true;
}

static bool read_opened(trainer *t, FILE *in, size_t size, const char *path, uint32_t *epoch, portolan_error *err) {
    checkpoint_header h;
    if (fread(&h, 1, sizeof h, in) < sizeof h.magic) return damaged(path, err, "it is cut short");
    if (!check_magic(&h, path, err)) return false;
    if (size < sizeof h + SHA256_DIGEST_LENGTH) return damaged(path, err, "it is cut short");
    if (!check_sum(in, size - SHA256_DIGEST_LENGTH, path, err) || !check_header(t, &h, path, err)) return false;
    if (fseek(in, sizeof h, SEEK_SET) != 0) return damaged(path, err, "it is cut short");
    bool ok = read_numbers(t, in, t->values, "a weight", path, err) && read_numbers(t, in, t->m, "a mean", path, err) &&
              read_numbers(t, in, t->v, "a variance", path, err) && read_metrics(t, in, h.metrics, path, err);
    if (!ok) return false;
    if (ftell(in) != (long)(size - SHA256_DIGEST_LENGTH)) return damaged(path, err, "it is longer than it says");
    t->metric_count = h.metrics;
    t->curriculum.limit = h.depth_limit;
    memcpy(t->arithmetic, h.arithmetic, sizeof t->arithmetic);
    t->arithmetic_count = h.arithmetic_count;
    *epoch = h.epoch;
    return true;
}

bool train_read_checkpoint(trainer *t, uint32_t *epoch, portolan_error *err) {
    char path[1200];
    size_t size;
    snprintf(path, sizeof path, "%s/checkpoint.bin", t->out);
    if (access(path, F_OK) != 0 && errno == ENOENT) return true; /* killed before the first one: start anew */
    FILE *in = file_open(path, "a checkpoint", &size, err);
    if (!in) return false;
    file_own(path); /* the next one replaces it */
    bool ok = read_opened(t, in, size, path, epoch, err);
    fclose(in);
    return ok;
}
