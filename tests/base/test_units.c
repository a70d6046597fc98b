/* Units: what every family reads, what it refuses, and that printed values read back. */
#include "tests/support.h"

typedef struct reading {
    unit_family family;
    const char *text;
    double value;
} reading;

static const reading GOOD[] = {
    {UNIT_PURE, "0", 0},
    {UNIT_PURE, "0.8", 0.8},
    {UNIT_PURE, ".5", 0.5},
    {UNIT_PURE, "5.", 5},
    {UNIT_PURE, "+3", 3},
    {UNIT_PURE, "-2.5", -2.5},
    {UNIT_PURE, "1e6", 1e6},
    {UNIT_PURE, "1E-3", 1e-3},
    {UNIT_PURE, "1e-400", 0},
    {UNIT_PURE, "1/12", 1.0 / 12},
    {UNIT_PURE, "-1/4", -0.25},
    {UNIT_PURE, "3/-2", -1.5},
    {UNIT_PURE, "1.5/0.5", 3},
    {UNIT_PURE, "1 /4", 0.25},
    {UNIT_SPEED, "40Gf", 40e9},
    {UNIT_SPEED, "40 Gf", 40e9},
    {UNIT_SPEED, "1f", 1},
    {UNIT_SPEED, "2kf", 2e3},
    {UNIT_SPEED, "2Kf", 2e3},
    {UNIT_SPEED, "2kif", 2048},
    {UNIT_SPEED, "2Kif", 2048},
    {UNIT_SPEED, "1.5Tf", 1.5e12},
    {UNIT_SPEED, "1Pf", 1e15},
    {UNIT_SPEED, "1Ef", 1e18},
    {UNIT_BANDWIDTH, "8bps", 1},
    {UNIT_BANDWIDTH, "8Bps", 8},
    {UNIT_BANDWIDTH, "10Mbps", 1.25e6},
    {UNIT_BANDWIDTH, "10MBps", 1e7},
    {UNIT_BANDWIDTH, "1Mibps", 131072},
    {UNIT_BANDWIDTH, "1GiBps", 1073741824},
    {UNIT_TIME, "5ns", 5e-9},
    {UNIT_TIME, "5us", 5e-6},
    {UNIT_TIME, "5ms", 5e-3},
    {UNIT_TIME, "5s", 5},
    {UNIT_TIME, "5m", 300},
    {UNIT_TIME, "5min", 300},
    {UNIT_TIME, "5h", 18000},
    {UNIT_TIME, "2d", 172800},
    {UNIT_TIME, "1w", 604800},
    {UNIT_TIME, "-1s", -1},
    {UNIT_TIME, "0s", 0},
    {UNIT_SIZE, "64B", 64},
    {UNIT_SIZE, "64b", 8},
    {UNIT_SIZE, "64kB", 64e3},
    {UNIT_SIZE, "64kiB", 65536},
    {UNIT_SIZE, "64KiB", 65536},
    {UNIT_SIZE, "4MiB", 4194304},
    {UNIT_SIZE, "1GiB", 1073741824},
    {UNIT_SIZE, "1TiB", 1099511627776.0},
    {UNIT_SIZE, "8Mib", 1048576},
    {UNIT_POWER, "2.5W", 2.5},
    {UNIT_POWER, "800mW", 0.8},
    {UNIT_POWER, "1MW", 1e6},
    {UNIT_POWER, "3uW", 3e-6},
    {UNIT_POWER, "3nW", 3e-9},
    {UNIT_POWER, "3pW", 3e-12},
    {UNIT_ENERGY_PER_BYTE, "3.5uJ/B", 3.5e-6},
    {UNIT_ENERGY_PER_BYTE, "1J/B", 1},
    {UNIT_ENERGY_PER_BYTE, "2nJ/B", 2e-9},
    {UNIT_RATE, "0.5/s", 0.5},
    {UNIT_RATE, "30/min", 0.5},
    {UNIT_RATE, "3600/h", 1},
    {UNIT_RATE, "86400/d", 1},
    {UNIT_PRICE, "3.6USD/h", 0.001},
    {UNIT_PRICE, "0.5USD/s", 0.5},
};

TEST(every_family_reads) {
    bool seen[UNIT_FAMILIES] = {false};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        double value = NAN;
        char why[256] = "";
        if (!unit_parse(GOOD[i].text, GOOD[i].family, &value, why, sizeof why))
            fail_msg("'%s' was refused: %s", GOOD[i].text, why);
        assert_near(value, GOOD[i].value, 4e-16);
        seen[GOOD[i].family] = true;
    }
    for (int f = 0; f < UNIT_FAMILIES; f++) assert_true(seen[f]);
}

typedef struct refusal {
    unit_family family;
    const char *text, *why;
} refusal;

static const refusal BAD[] = {
    {UNIT_PURE, "", "not a finite number"},
    {UNIT_PURE, "many", "not a finite number"},
    {UNIT_PURE, "nan", "not a finite number"},
    {UNIT_PURE, "NaN(1)", "not a finite number"},
    {UNIT_PURE, "inf", "not a finite number"},
    {UNIT_PURE, "-inf", "not a finite number"},
    {UNIT_PURE, "infinity", "not a finite number"},
    {UNIT_PURE, "1e400", "not a finite number"},
    {UNIT_PURE, "-1e400", "not a finite number"},
    {UNIT_PURE, "0x10", "not a finite number"},
    {UNIT_PURE, "-0X1p3", "not a finite number"},
    {UNIT_PURE, "--1", "not a finite number"},
    {UNIT_PURE, " 1", "not a finite number"},
    {UNIT_PURE, ".", "not a finite number"},
    {UNIT_PURE, "1/0", "division by zero"},
    {UNIT_PURE, "1/-0.0", "division by zero"},
    {UNIT_PURE, "0/0", "division by zero"},
    {UNIT_PURE, "1/1e400", "whose unit '/1e400'"},
    {UNIT_PURE, "1/0x10", "whose unit"},
    {UNIT_PURE, "1/nan", "whose unit"},
    {UNIT_PURE, "1/", "whose unit '/'"},
    {UNIT_PURE, "1/.", "whose unit"},
    {UNIT_PURE, "1/2/3", "whose unit '/3'"},
    {UNIT_PURE, "1e300/1e-300", "too large"},
    {UNIT_PURE, "5s", "whose unit 's'"},
    {UNIT_PURE, "5%", "whose unit '%'"},
    {UNIT_PURE, "1,5", "whose unit ',5'"},
    {UNIT_SPEED, "40", "without a unit; write a speed like 40Gf"},
    {UNIT_SPEED, "40G", "whose unit 'G'"},
    {UNIT_SPEED, "40Gbps", "whose unit 'Gbps'"},
    {UNIT_SPEED, "40gf", "whose unit 'gf'"},
    {UNIT_SPEED, "40mf", "whose unit 'mf'"},
    {UNIT_SPEED, "1/2Gf", "whose unit '/2Gf'"},
    {UNIT_SPEED, "1e300Ef", "too large"},
    {UNIT_SPEED, "nanf", "not a finite number with a unit"},
    {UNIT_BANDWIDTH, "10", "without a unit; write a bandwidth like 10Mbps"},
    {UNIT_BANDWIDTH, "10Mb", "whose unit 'Mb'"},
    {UNIT_BANDWIDTH, "10mbps", "whose unit 'mbps'"},
    {UNIT_BANDWIDTH, "10MBPS", "whose unit 'MBPS'"},
    {UNIT_BANDWIDTH, "10kMbps", "whose unit 'kMbps'"},
    {UNIT_TIME, "5", "without a unit; write a time like 5ms"},
    {UNIT_TIME, "5 ", "without a unit"},
    {UNIT_TIME, "5ks", "whose unit 'ks'"},
    {UNIT_TIME, "5sec", "whose unit 'sec'"},
    {UNIT_TIME, "5ms ", "whose unit"},
    {UNIT_TIME, "1min30s", "whose unit 'min30s'"},
    {UNIT_SIZE, "64", "without a unit; write a size like 64kiB"},
    {UNIT_SIZE, "64mB", "whose unit 'mB'"},
    {UNIT_SIZE, "64k", "whose unit 'k'"},
    {UNIT_POWER, "2.5", "without a unit; write a power like 2.5W"},
    {UNIT_POWER, "2.5J", "whose unit 'J'"},
    {UNIT_ENERGY_PER_BYTE, "1e-6", "without a unit; write an energy per byte like 3.5uJ/B"},
    {UNIT_ENERGY_PER_BYTE, "1uJ/b", "whose unit 'uJ/b'"},
    {UNIT_RATE, "2", "without a unit; write a rate like 0.5/s"},
    {UNIT_RATE, "2Hz", "whose unit 'Hz'"},
    {UNIT_RATE, "1/2/s", "whose unit '/2/s'"},
    {UNIT_PRICE, "0.5", "without a unit; write a price like 0.53USD/h"},
    {UNIT_PRICE, "0.5EUR/h", "whose unit 'EUR/h'"},
    {UNIT_PRICE, "0.5USD", "whose unit 'USD'"},
};

TEST(wrong_texts_are_refused) {
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        double value = 42;
        char why[256] = "";
        if (unit_parse(BAD[i].text, BAD[i].family, &value, why, sizeof why))
            fail_msg("'%s' was read as %g", BAD[i].text, value);
        if (!strstr(why, BAD[i].why)) fail_msg("'%s': \"%s\" lacks \"%s\"", BAD[i].text, why, BAD[i].why);
        assert_true(value == 42); /* the caller's value is left alone */
    }
}

TEST(long_texts_do_not_overflow) {
    char text[5000], why[64];
    double value;
    memset(text, '9', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(unit_parse(text, UNIT_TIME, &value, why, sizeof why));
    assert_true(strlen(why) < sizeof why);
    memset(text + 1, 'z', sizeof text - 2);
    assert_false(unit_parse(text, UNIT_TIME, &value, why, sizeof why));
}

TEST(every_example_reads) {
    for (int f = 0; f < UNIT_FAMILIES; f++) {
        char first[32], why[256];
        double value;
        snprintf(first, sizeof first, "%.*s", (int)strcspn(unit_example((unit_family)f), " "),
                 unit_example((unit_family)f));
        if (!unit_parse(first, (unit_family)f, &value, why, sizeof why)) fail_msg("%s", why);
        assert_true(strlen(unit_name((unit_family)f)) > 3);
    }
}

TEST(printed_values_read_back) {
    static const double MANTISSAS[] = {1, 1.25, 3.6, 9.999, 9.99996, 5.5, 0.0};
    for (int f = 0; f < UNIT_FAMILIES; f++) {
        for (int power = -9; power <= 18; power++) {
            for (size_t i = 0; i < sizeof MANTISSAS / sizeof *MANTISSAS; i++) {
                for (int sign = -1; sign <= 1; sign += 2) {
                    double value = sign * MANTISSAS[i] * pow(10, power), back = NAN;
                    char text[64], why[256] = "";
                    unit_format(text, sizeof text, value, (unit_family)f);
                    if (!unit_parse(text, (unit_family)f, &back, why, sizeof why)) fail_msg("%s", why);
                    assert_near(back, value, 5.1e-4); /* four digits are printed */
                }
            }
        }
    }
}

static void assert_format(double value, unit_family family, const char *wanted) {
    char text[64];
    unit_format(text, sizeof text, value, family);
    assert_string_equal(text, wanted);
}

TEST(printed_forms) {
    assert_format(1.25e6, UNIT_BANDWIDTH, "10Mbps");
    assert_format(125, UNIT_BANDWIDTH, "1kbps");
    assert_format(40e9, UNIT_SPEED, "40Gf");
    assert_format(5e-3, UNIT_TIME, "5ms");
    assert_format(90, UNIT_TIME, "1.5min");
    assert_format(0, UNIT_TIME, "0s");
    assert_format(2e-9, UNIT_TIME, "2e-09s");
    assert_format(64e9, UNIT_SIZE, "64GB");
    assert_format(0.8, UNIT_POWER, "0.8W");
    assert_format(0.001, UNIT_PRICE, "3.6USD/h");
    assert_format(0.5, UNIT_RATE, "0.5/s");
    assert_format(1.0 / 12, UNIT_PURE, "0.08333");
    char small[4];
    unit_format(small, sizeof small, 1.25e6, UNIT_BANDWIDTH);
    assert_string_equal(small, "10M"); /* cut, never overrun */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_reads),         cmocka_unit_test(wrong_texts_are_refused),
        cmocka_unit_test(long_texts_do_not_overflow), cmocka_unit_test(every_example_reads),
        cmocka_unit_test(printed_values_read_back),   cmocka_unit_test(printed_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
