/* Numbers of 16 bits: IEEE 754 binary16, and bfloat16, which is the upper half of a float. */
#include <string.h>

#include "model/model.h"

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Whole numbers only: a thread that flushes denormals to zero must get the same. */
uint16_t half_from_float(float x) {
    uint32_t bits = bits_of(x), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x1ff)); /* NaN, made quiet */
    if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00); /* 65520 and above: infinity */
    if (magnitude >= 0x38800000) {                                 /* 2^-14 and above: normal */
        uint32_t rebased = magnitude - 0x38000000;
        /* rounding may carry into the exponent, as it should */
        return (uint16_t)(sign | (rebased + 0xfff + (rebased >> 13 & 1)) >> 13);
    }
    uint32_t shift = 126 - (magnitude >> 23); /* to units of 2^-24 */
    if (shift > 24) return (uint16_t)sign;
    uint32_t significand = (magnitude & 0x7fffff) | 0x800000, whole = significand >> shift;
    uint32_t rest = significand & ((1u << shift) - 1), middle = 1u << (shift - 1);
    return (uint16_t)(sign | (whole + (rest > middle || (rest == middle && (whole & 1)))));
}

float float_from_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31;
    uint32_t fraction = (uint32_t)(half & 0x3ff) << 13;
    if (exponent == 31) return float_of(sign | 0x7f800000 | fraction);
    if (exponent) return float_of(sign | ((exponent + 112) << 23) | fraction);
    /* 2^-14 (1 + fraction) - 2^-14: exact, and no denormal on the way */
    return float_of(sign | bits_of(float_of(0x38800000 | fraction) - 0x1p-14f));
}

uint16_t bfloat16_from_float(float x) {
    uint32_t bits = bits_of(x);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40); /* NaN, made quiet */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float float_from_bfloat16(uint16_t bits) { return float_of((uint32_t)bits << 16); }
