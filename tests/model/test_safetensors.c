/* safetensors files: round trips, every way in which a file may be broken, and numbers of 16 bits. */
#include <fcntl.h>
#include <float.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "model/model.h"
#include "tests/support.h"

static const char PATH[] = "test.safetensors";

/* ---- Making files ---- */

static void write_bytes(const char *path, const void *data, size_t size) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
    file_own(path);
}

/* A file of a header and `room` bytes behind it; the length in front is as given. */
static void write_file(uint64_t length, const char *header, size_t room) {
    size_t text = strlen(header);
    unsigned char *bytes = calloc(1, 8 + text + room);
    assert_non_null(bytes);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, text);
    write_bytes(PATH, bytes, 8 + text + room);
    free(bytes);
}

/* The file is refused with a message that contains `fragment`. */
static void expect_refusal(const char *path, const char *fragment) {
    portolan_error err = {0};
    safetensors *file = safetensors_open(path, &err);
    assert_null(file);
    assert_string_equal(err.file, path);
    assert_input_error(&err, 0, 0, fragment);
}

static safetensors *open_good(const char *path) {
    portolan_error err = {0};
    safetensors *file = safetensors_open(path, &err);
    if (!file) error_print(&err, stderr);
    assert_non_null(file);
    return file;
}

/* ---- Reading ---- */

TEST(reads_a_file_written_by_hand) {
    static const char
        HEADER[] = "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"F16\",\"shape\":[3],"
                   "\"data_offsets\":[8,14]},\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
                   "\"none\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[8,8]},"
                   "\"one\":{\"data_offsets\":[14,16],\"shape\":[],\"dtype\":\"BF16\"},"
                   "\"position_ids\":{\"dtype\":\"I64\",\"shape\":[1,2],\"data_offsets\":[16,32]}}   ";
    float a[2] = {1.5f, -2};
    uint16_t halves[4] = {0x3c00, 0x0001, 0xc000, 0x4049};
    unsigned char bytes[8 + sizeof HEADER - 1 + 32] = {0};
    uint64_t length = sizeof HEADER - 1;
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, HEADER, length);
    memcpy(bytes + 8 + length, a, 8);
    memcpy(bytes + 16 + length, halves, 8);
    write_bytes(PATH, bytes, sizeof bytes);

    safetensors *file = open_good(PATH);
    size_t count;
    const tensor *all = safetensors_all(file, &count);
    assert_int_equal(count, 4); /* position_ids are no weights */
    assert_string_equal(all[0].name, "a");
    assert_string_equal(all[1].name, "none");
    assert_string_equal(all[2].name, "b");
    assert_string_equal(all[3].name, "one");
    assert_string_equal(safetensors_path(file), PATH);
    assert_null(safetensors_find(file, "position_ids"));
    assert_null(safetensors_find(file, "c"));
    assert_ptr_equal(safetensors_find(file, "one"), &all[3]);
    assert_int_equal(all[1].elements, 0);
    assert_int_equal(all[3].rank, 0);
    assert_int_equal(all[3].elements, 1);

    float out[3];
    portolan_error err = {0};
    assert_true(tensor_read(file, &all[0], false, out, &err));
    assert_true(out[0] == 1.5f && out[1] == -2);
    assert_true(tensor_read(file, &all[1], true, out, &err));
    assert_true(tensor_read(file, &all[2], false, out, &err));
    assert_true(out[0] == 1 && out[1] == 0x1p-24f && out[2] == -2);
    assert_true(tensor_read(file, &all[3], true, out, &err));
    assert_true(out[0] == 3.140625f);
    safetensors_close(file);
}

/* `n` elements of a type that float can tell apart, as they lie in a file. */
static void make_elements(tensor_type type, size_t n, void *data, float *values) {
    for (size_t i = 0; i < n; i++) {
        float x = (float)((i * 7919) % 251) - 125; /* exact in all types */
        values[i] = x;
        uint16_t narrow = type == TENSOR_F16 ? half_from_float(x) : bfloat16_from_float(x);
        if (type == TENSOR_F32)
            memcpy((char *)data + 4 * i, &x, 4);
        else
            memcpy((char *)data + 2 * i, &narrow, 2);
    }
}

static void check_round_trip(tensor_type type, uint64_t rows, uint64_t columns) {
    size_t n = rows * columns;
    void *data = malloc(4 * n + 1);
    float *values = malloc(4 * n + 1), *out = malloc(4 * n + 1);
    make_elements(type, n, data, values);
    /* one byte-sized odd tensor in front, so that the data is not aligned to pages */
    tensor list[2] = {{"first", TENSOR_F16, 1, {3}, 3, "abcdef"}, {"t", type, 2, {rows, columns}, n, data}};
    portolan_error err = {0};
    assert_true(safetensors_write(PATH, list, 2, NULL, &err));
    safetensors *file = open_good(PATH);
    const tensor *t = safetensors_find(file, "t");
    assert_non_null(t);
    assert_int_equal(t->type, type);
    for (int again = 0; again < 2; again++) { /* pages given back come again */
        assert_true(tensor_read(file, t, false, out, &err));
        for (size_t i = 0; i < n; i++) assert_true(out[i] == values[i]);
        assert_true(tensor_read(file, t, true, out, &err));
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++) assert_true(out[c * rows + r] == values[r * columns + c]);
    }
    safetensors_close(file);
    free(data);
    free(values);
    free(out);
}

TEST(types_and_transposition_round_trip) {
    static const uint64_t SIZES[][2] = {{1, 1},   {1, 100}, {100, 1},  {3, 5}, {31, 33},
                                        {32, 32}, {64, 96}, {65, 129}, {0, 4}, {200, 77}};
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
        for (int type = TENSOR_F32; type <= TENSOR_BF16; type++)
            check_round_trip((tensor_type)type, SIZES[i][0], SIZES[i][1]);
}

TEST(many_tensors_are_found_by_name) {
    enum { COUNT = 500 };
    static char names[COUNT][16];
    static float values[COUNT];
    tensor list[COUNT];
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "t%d", (i * 37) % COUNT);
        values[i] = (float)i;
        list[i] = (tensor){names[i], TENSOR_F32, 1, {1}, 1, &values[i]};
    }
    portolan_error err = {0};
    assert_true(safetensors_write(PATH, list, COUNT, NULL, &err));
    safetensors *file = open_good(PATH);
    size_t count;
    const tensor *all = safetensors_all(file, &count);
    assert_int_equal(count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        const tensor *t = safetensors_find(file, names[i]);
        float x;
        assert_non_null(t);
        assert_ptr_equal(t, &all[i]); /* the order of writing */
        assert_true(tensor_read(file, t, false, &x, &err) && x == values[i]);
    }
    safetensors_close(file);
}

TEST(nan_and_infinity_are_refused) {
    static const float BAD[] = {NAN, INFINITY, -INFINITY};
    static const char *const WORDS[] = {"NaN", "infinite", "infinite"};
    for (size_t b = 0; b < 3; b++) {
        for (int type = TENSOR_F32; type <= TENSOR_BF16; type++) {
            float data[40 * 35] = {0}, out[40 * 35];
            uint16_t narrow = type == TENSOR_F16 ? half_from_float(BAD[b]) : bfloat16_from_float(BAD[b]);
            if (type == TENSOR_F32)
                data[1234] = BAD[b];
            else
                memcpy((char *)data + 2 * 1234, &narrow, 2);
            tensor t = {"weights", (tensor_type)type, 2, {40, 35}, 40 * 35, data};
            portolan_error err = {0};
            assert_true(safetensors_write(PATH, &t, 1, NULL, &err));
            safetensors *file = open_good(PATH);
            for (int transpose = 0; transpose < 2; transpose++) {
                char wanted[80];
                snprintf(wanted, sizeof wanted, "tensor 'weights': element 1234 of 1400 (from 0) is %s", WORDS[b]);
                err = (portolan_error){0};
                assert_false(tensor_read(file, safetensors_find(file, "weights"), transpose, out, &err));
                assert_input_error(&err, 0, 0, wanted);
            }
            safetensors_close(file);
        }
    }
}

TEST(the_largest_finite_numbers_are_read) {
    float data[4] = {FLT_MAX, -FLT_MAX, FLT_TRUE_MIN, -0.0f}, out[4];
    tensor t = {"t", TENSOR_F32, 1, {4}, 4, data};
    portolan_error err = {0};
    assert_true(safetensors_write(PATH, &t, 1, NULL, &err));
    safetensors *file = open_good(PATH);
    assert_true(tensor_read(file, safetensors_find(file, "t"), false, out, &err));
    assert_memory_equal(out, data, sizeof data);
    safetensors_close(file);
}

/* ---- Broken files ---- */

typedef struct broken_header {
    const char *header;
    size_t room; /* bytes behind it */
    const char *fragment;
} broken_header;

#define OBJECT(type, shape, offsets) "{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const broken_header BROKEN[] = {
    {"[]", 0, "does not begin with '{'"},
    {" {}", 0, "does not begin with '{'"},
    {"{", 0, "does not begin with '{'"},
    {"{]", 0, "not JSON"},
    {"{} x", 0, "not JSON"},
    {"{\"a\":", 0, "not JSON"},
    {"{\"a\":nul}", 0, "not JSON"},
    {"{\"\\ud800\":1}", 0, "not JSON"},
    {"{\"\xff\":1}", 0, "not JSON"},
    {"{\"a\\u0000b\":1}", 0, "not JSON"},
    {"{\"a\":" OBJECT("F32", "[1]", "[0,4]") ",\"a\":" OBJECT("F32", "[1]", "[4,8]") "}", 8, "duplicate"},
    {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "duplicate"},
    {"{\"a\":" OBJECT("F32", "[99999999999999999999]", "[0,4]") "}", 4, "too big integer"},
    {"{\"\":" OBJECT("F32", "[1]", "[0,4]") "}", 4, "a name of 0 bytes"},
    {"{\"a\\nb\":" OBJECT("F32", "[1]", "[0,4]") "}", 4, "control character (0x0a)"},
    {"{\"a\":7}", 0, "tensor 'a': is not described by an object"},
    {"{\"a\":[1]}", 0, "tensor 'a': is not described by an object"},
    {"{\"a\":{}}", 0, "tensor 'a': has no dtype"},
    {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "tensor 'a': has no shape"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "tensor 'a': has no data_offsets"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"stride\":1}}", 4, "unknown key 'stride'"},
    {"{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "a dtype that is not a string"},
    {"{\"a\":" OBJECT("F64", "[1]", "[0,8]") "}", 8, "dtype 'F64'; F32, F16 and BF16 are allowed"},
    {"{\"a\":" OBJECT("I8", "[8]", "[0,8]") "}", 8, "dtype 'I8'; F32, F16 and BF16 are allowed"},
    {"{\"a\":" OBJECT("f32", "[1]", "[0,4]") "}", 4, "dtype 'f32'"},
    {"{\"a\":" OBJECT("F32", "4", "[0,4]") "}", 4, "a shape that is not a list"},
    {"{\"a\":" OBJECT("F32", "[1,1,1,1,1]", "[0,4]") "}", 4, "5 dimensions; at most 4"},
    {"{\"a\":" OBJECT("F32", "[-1]", "[0,4]") "}", 4, "not a whole number"},
    {"{\"a\":" OBJECT("F32", "[1.0]", "[0,4]") "}", 4, "not a whole number"},
    {"{\"a\":" OBJECT("F32", "[\"1\"]", "[0,4]") "}", 4, "not a whole number"},
    {"{\"a\":" OBJECT("F32", "[4294967296,4294967296]", "[0,0]") "}", 0, "product exceeds 64 bits"},
    {"{\"a\":" OBJECT("F32", "[4294967296,4294967296,0]", "[0,0]") "}", 0, "product exceeds 64 bits"},
    {"{\"a\":" OBJECT("F32", "[4611686018427387904]", "[0,0]") "}", 0, "bytes exceed 64 bits"},
    {"{\"a\":" OBJECT("F32", "[1]", "4") "}", 4, "data_offsets that are not [begin, end]"},
    {"{\"a\":" OBJECT("F32", "[1]", "[0]") "}", 4, "data_offsets that are not [begin, end]"},
    {"{\"a\":" OBJECT("F32", "[1]", "[0,4,8]") "}", 4, "data_offsets that are not [begin, end]"},
    {"{\"a\":" OBJECT("F32", "[1]", "[-4,0]") "}", 4, "data_offsets that are not [begin, end]"},
    {"{\"a\":" OBJECT("F32", "[1]", "[4,0]") "}", 4, "data_offsets that are not [begin, end]"},
    {"{\"a\":" OBJECT("F32", "[1]", "[0,4.5]") "}", 4, "data_offsets that are not [begin, end]"},
    {"{\"a\":" OBJECT("F32", "[1]", "[0,4]") "}", 3, "ends at byte 4, but only 3 follow"},
    {"{\"a\":" OBJECT("F32", "[1]", "[9223372036854775803,9223372036854775807]") "}", 4, "but only 4 follow"},
    {"{\"a\":" OBJECT("F32", "[2]", "[0,4]") "}", 4, "has 4 bytes; its shape and dtype need 8"},
    {"{\"a\":" OBJECT("F16", "[2]", "[0,8]") "}", 8, "has 8 bytes; its shape and dtype need 4"},
    {"{\"a\":" OBJECT("I64", "[2]", "[0,8]") "}", 8, "has 8 bytes; its shape and dtype need 16"},
    {"{\"a\":" OBJECT("F32", "[2]", "[0,8]") ",\"b\":" OBJECT("F32", "[2]", "[4,12]") "}", 12,
     "tensor 'b': begins at byte 4, inside tensor 'a', which ends at byte 8"},
    {"{\"a\":" OBJECT("F32", "[2]", "[0,8]") ",\"b\":" OBJECT("F32", "[2]", "[0,8]") "}", 8, "inside tensor 'a'"},
    {"{\"a\":" OBJECT("F32", "[2]", "[0,8]") ",\"b\":" OBJECT("F32", "[0]", "[4,4]") "}", 8, "inside tensor 'a'"},
    {"{\"a\":" OBJECT("F32", "[1]", "[0,4]") ",\"b\":" OBJECT("F32", "[1]", "[8,12]") "}", 12,
     "tensor 'b': begins at byte 8, but the bytes from 4 on belong to no tensor"},
    {"{\"a\":" OBJECT("F32", "[1]", "[4,8]") "}", 8, "the bytes from 0 on belong to no tensor"},
    {"{\"a\":" OBJECT("F32", "[1]", "[0,4]") "}", 7, "has 3 bytes behind its last tensor"},
    {"{}", 1, "has 1 bytes behind its last tensor"},
    {"{\"__metadata__\":7}", 0, "__metadata__ that is not an object"},
    {"{\"__metadata__\":{\"a\":7}}", 0, "__metadata__ entry 'a' that is not a string"},
};

TEST(broken_headers_are_refused) {
    for (size_t i = 0; i < sizeof BROKEN / sizeof *BROKEN; i++) {
        write_file(strlen(BROKEN[i].header), BROKEN[i].header, BROKEN[i].room);
        expect_refusal(PATH, BROKEN[i].fragment);
    }
}

TEST(false_header_lengths_are_refused) {
    static const char GOOD[] = "{\"a\":" OBJECT("F32", "[1]", "[0,4]") "}";
    write_file(0, GOOD, 4);
    expect_refusal(PATH, "header of 0 bytes");
    write_file(1, GOOD, 4);
    expect_refusal(PATH, "header of 1 bytes");
    write_file(UINT64_C(1) << 63, GOOD, 4);
    expect_refusal(PATH, "header has 9223372036854775808 bytes; at most 100000000");
    write_file(UINT64_MAX, GOOD, 4);
    expect_refusal(PATH, "at most 100000000");
    write_file(100000001, GOOD, 4);
    expect_refusal(PATH, "at most 100000000");
    write_file(100000000, GOOD, 4);
    expect_refusal(PATH, "only 58 follow");
    write_file(strlen(GOOD) + 5, GOOD, 4);
    expect_refusal(PATH, "only 58 follow");
    write_file(strlen(GOOD) + 4, GOOD, 4); /* the data taken for a part of the header */
    expect_refusal(PATH, "not JSON");
    write_file(strlen(GOOD) - 1, GOOD, 4);
    expect_refusal(PATH, "not JSON");
}

TEST(long_names_are_refused) {
    for (size_t length = 255; length <= 256; length++) {
        char name[257] = {0}, header[400];
        memset(name, 'x', length);
        snprintf(header, sizeof header, "{\"%s\":" OBJECT("F32", "[1]", "[0,4]") "}", name);
        write_file(strlen(header), header, 4);
        if (length == 255)
            safetensors_close(open_good(PATH));
        else
            expect_refusal(PATH, "a name of 256 bytes");
    }
}

TEST(a_file_cut_anywhere_is_refused) {
    float data[6] = {0};
    tensor list[2] = {{"a", TENSOR_F32, 2, {2, 3}, 6, data}, {"b", TENSOR_F16, 1, {2}, 2, data}};
    portolan_error err = {0};
    assert_true(safetensors_write(PATH, list, 2, NULL, &err));
    unsigned char bytes[512];
    FILE *f = fopen(PATH, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t cut = 0; cut < size; cut++) {
        write_bytes(PATH, bytes, cut);
        expect_refusal(PATH, "");
    }
    bytes[size] = 0;
    write_bytes(PATH, bytes, size + 1);
    expect_refusal(PATH, "has 1 bytes behind its last tensor");
}

TEST(what_is_no_file_is_refused) {
    write_bytes(PATH, "", 0);
    expect_refusal(PATH, "has 0 bytes");
    mkdir("folder.safetensors", 0755);
    expect_refusal("folder.safetensors", "is not a regular file");
    rmdir("folder.safetensors");
    expect_refusal("missing.safetensors", "No such file");
    expect_refusal("/dev/null", "is not a regular file");
    assert_int_equal(mkfifo("pipe.safetensors", 0644), 0);
    expect_refusal("pipe.safetensors", "is not a regular file");
    unlink("pipe.safetensors");
    if (geteuid() == 0) return; /* root may read anything */
    chmod(PATH, 0);
    expect_refusal(PATH, "Permission denied");
    chmod(PATH, 0644);
}

/* ---- Writing ---- */

TEST(the_header_is_padded_and_the_data_aligned) {
    float wide[2] = {1, 2};
    uint16_t narrow[3] = {0};
    tensor list[3] = {{"h", TENSOR_F16, 1, {3}, 3, narrow},
                      {"f", TENSOR_F32, 1, {2}, 2, wide},
                      {"s", TENSOR_F32, 0, {0}, 1, wide}};
    static const char *const METADATA[] = {"format", "pt", "by", "a test", NULL};
    portolan_error err = {0};
    assert_true(safetensors_write(PATH, list, 3, METADATA, &err));
    char bytes[512] = {0};
    FILE *f = fopen(PATH, "rb");
    size_t size = fread(bytes, 1, sizeof bytes - 1, f);
    fclose(f);
    uint64_t length;
    memcpy(&length, bytes, 8);
    assert_int_equal(length % 8, 0);
    assert_int_equal(size, 8 + length + 4 * 3 + 2 * 3);
    static const char WANTED[] = "{\"__metadata__\":{\"format\":\"pt\",\"by\":\"a test\"},"
                                 "\"f\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                                 "\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]},"
                                 "\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[12,18]}}";
    assert_memory_equal(bytes + 8, WANTED, sizeof WANTED - 1);
    for (size_t i = sizeof WANTED - 1; i < length; i++) assert_int_equal(bytes[8 + i], ' ');
    safetensors_close(open_good(PATH));
}

TEST(an_empty_file_of_tensors_is_fine) {
    portolan_error err = {0};
    assert_true(safetensors_write(PATH, NULL, 0, NULL, &err));
    safetensors *file = open_good(PATH);
    size_t count;
    safetensors_all(file, &count);
    assert_int_equal(count, 0);
    assert_null(safetensors_find(file, "a"));
    safetensors_close(file);
}

static void expect_no_write(const tensor *list, size_t count, const char *const *metadata, const char *fragment) {
    portolan_error err = {0};
    unlink("unwritten.safetensors");
    assert_false(safetensors_write("unwritten.safetensors", list, count, metadata, &err));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, fragment));
    assert_int_not_equal(access("unwritten.safetensors", F_OK), 0);
}

TEST(what_cannot_be_described_is_not_written) {
    float x = 1;
    char long_name[300] = {0};
    memset(long_name, 'x', 256);
    tensor twice[2] = {{"a", TENSOR_F32, 1, {1}, 1, &x}, {"a", TENSOR_F32, 1, {1}, 1, &x}};
    tensor metadata = {"__metadata__", TENSOR_F32, 1, {1}, 1, &x}, unnamed = {"", TENSOR_F32, 1, {1}, 1, &x};
    tensor longest = {long_name, TENSOR_F32, 1, {1}, 1, &x}, binary = {"\xff", TENSOR_F32, 1, {1}, 1, &x};
    tensor wrong = {"a", TENSOR_F32, 1, {2}, 1, &x}, ranked = {"a", TENSOR_F32, 5, {1, 1, 1, 1}, 1, &x};
    tensor huge = {"a", TENSOR_F32, 2, {UINT64_C(1) << 33, UINT64_C(1) << 33}, 0, &x};
    static const char *const BAD[] = {"key", "\xff", NULL};
    expect_no_write(twice, 2, NULL, "its name stands twice");
    expect_no_write(&metadata, 1, NULL, "is not __metadata__");
    expect_no_write(&unnamed, 1, NULL, "a name has 1 to 255 bytes");
    expect_no_write(&longest, 1, NULL, "a name has 1 to 255 bytes");
    expect_no_write(&binary, 1, NULL, "not UTF-8");
    expect_no_write(&wrong, 1, NULL, "do not agree");
    expect_no_write(&ranked, 1, NULL, "do not agree");
    expect_no_write(&huge, 1, NULL, "do not agree");
    expect_no_write(twice, 1, BAD, "metadata");
}

TEST(a_failed_write_leaves_the_old_file) {
    enum { N = 20000 };
    static float data[N];
    tensor small = {"old", TENSOR_F32, 1, {1}, 1, data}, large = {"new", TENSOR_F32, 1, {N}, N, data};
    portolan_error err = {0};
    assert_true(safetensors_write(PATH, &small, 1, NULL, &err));
    struct rlimit limit, tight;
    getrlimit(RLIMIT_FSIZE, &limit);
    tight = limit;
    tight.rlim_cur = 10000; /* as good as a full disk */
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &tight);
    bool written = safetensors_write(PATH, &large, 1, NULL, &err);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_false(written);
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, "test.safetensors: cannot write: File too large"));
    safetensors *file = open_good(PATH);
    assert_non_null(safetensors_find(file, "old"));
    safetensors_close(file);
    char left[64];
    snprintf(left, sizeof left, "%s.unfinished", PATH);
    assert_int_not_equal(access(left, F_OK), 0);
}

TEST(a_folder_that_is_not_there_is_an_error) {
    float x = 1;
    tensor t = {"a", TENSOR_F32, 1, {1}, 1, &x};
    portolan_error err = {0};
    assert_false(safetensors_write("/dev/null/a.safetensors", &t, 1, NULL, &err));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, "/dev/null/a.safetensors: cannot write: Not a directory"));
}

/* ---- Numbers of 16 bits ---- */

/* The value of a half by its definition. */
static double half_value(unsigned bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
    double magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return bits & 0x8000 ? -magnitude : magnitude;
}

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}

TEST(every_half_is_read_exactly) {
    for (unsigned bits = 0; bits < 0x10000; bits++) {
        float x = float_from_half((uint16_t)bits);
        if ((bits & 0x7c00) == 0x7c00) {
            assert_true((bits & 0x3ff) ? isnan(x) : isinf(x));
        } else {
            assert_true((double)x == half_value(bits));
            assert_true(!signbit(x) == !(bits & 0x8000));
        }
        uint16_t back = half_from_float(x);
        if (isnan(x))
            assert_true((back & 0x7c00) == 0x7c00 && (back & 0x3ff));
        else
            assert_int_equal(back, bits);
    }
}

/* Around every boundary between two halves: below goes down, above goes up, the middle goes to the even one.
 */
TEST(floats_round_to_the_nearest_half) {
    for (unsigned bits = 0; bits < 0x7c00; bits++) {
        float middle = (float)((half_value(bits) + (bits == 0x7bff ? 65536 : half_value(bits + 1))) / 2);
        uint16_t even = (uint16_t)(bits & 1 ? bits + 1 : bits);
        assert_int_equal(half_from_float(nextafterf(middle, 0)), bits);
        assert_int_equal(half_from_float(middle), even);
        assert_int_equal(half_from_float(nextafterf(middle, INFINITY)), bits + 1);
        assert_int_equal(half_from_float(-middle), even | 0x8000);
    }
    assert_int_equal(half_from_float(FLT_MAX), 0x7c00);
    assert_int_equal(half_from_float(-INFINITY), 0xfc00);
    assert_int_equal(half_from_float(FLT_TRUE_MIN), 0);
    assert_int_equal(half_from_float(-FLT_TRUE_MIN), 0x8000);
}

/* bfloat16 is the upper half of a float, so neighbours differ by 2^16 in the bits. */
TEST(floats_round_to_the_nearest_bfloat16) {
    for (unsigned bits = 0; bits < 0x10000; bits++) {
        uint32_t whole = (uint32_t)bits << 16;
        float x = float_from_bfloat16((uint16_t)bits), near;
        assert_int_equal(bits_of(x), whole);
        if (isnan(x)) {
            uint16_t back = bfloat16_from_float(x);
            assert_true((back & 0x7f80) == 0x7f80 && (back & 0x7f));
            continue;
        }
        assert_int_equal(bfloat16_from_float(x), bits);
        if (isinf(x)) continue;
        uint32_t offsets[] = {0x7fff, 0x8000, 0x8001};
        for (unsigned i = 0; i < 3; i++) {
            uint32_t moved = whole + offsets[i];
            memcpy(&near, &moved, 4);
            unsigned wanted = i == 0 ? bits : i == 2 ? bits + 1 : bits + (bits & 1);
            assert_int_equal(bfloat16_from_float(near), wanted);
        }
    }
}

/* A sample of all floats against the compiler's own half type (all 2^32 agree, but take minutes). */
TEST(halves_agree_with_the_compiler) {
#ifdef __FLT16_MAX__
    __extension__ typedef _Float16 half;
    for (uint64_t i = 0; i < UINT64_C(1) << 32; i += 4099) {
        uint32_t bits = (uint32_t)i;
        uint16_t wanted;
        float x;
        memcpy(&x, &bits, 4);
        half h = (half)x;
        memcpy(&wanted, &h, 2);
        assert_int_equal(half_from_float(x), wanted);
    }
#else
    skip();
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_file_written_by_hand),
        cmocka_unit_test(types_and_transposition_round_trip),
        cmocka_unit_test(many_tensors_are_found_by_name),
        cmocka_unit_test(nan_and_infinity_are_refused),
        cmocka_unit_test(the_largest_finite_numbers_are_read),
        cmocka_unit_test(broken_headers_are_refused),
        cmocka_unit_test(false_header_lengths_are_refused),
        cmocka_unit_test(long_names_are_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(the_header_is_padded_and_the_data_aligned),
        cmocka_unit_test(an_empty_file_of_tensors_is_fine),
        cmocka_unit_test(what_cannot_be_described_is_not_written),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(every_half_is_read_exactly),
        cmocka_unit_test(floats_round_to_the_nearest_half),
        cmocka_unit_test(floats_round_to_the_nearest_bfloat16),
        cmocka_unit_test(halves_agree_with_the_compiler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
