#include "tensor/narrow.h"

#include <math.h>
#include <string.h>

#include "tensor/convert.h"

/* Elements that are converted at once, through singles that stay in the cache. */
#define BLOCK 1024

#define INFINITE_F32 0x7f800000u
#define INFINITE_F16 0x7c00u
#define INFINITE_BF16 0x7f80u

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

uint16_t tyto_f32_to_bf16(float value)
{
    const uint32_t bits = bits_of(value);
    if ((bits & 0x7fffffffu) > INFINITE_F32) {
        return (uint16_t)(bits >> 16 | 0x40u); /* a NaN stays one, whatever its low bits are */
    }
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

uint16_t tyto_f32_to_f16(float value)
{
    const uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
    uint32_t half;
    if (size > INFINITE_F32) {
        half = 0x7e00u | (size >> 13 & 0x3ffu);
    } else if (size >= 0x47800000u) {
        half = INFINITE_F16; /* 2¹⁶ and more */
    } else if (size < 0x38800000u) {
        /* Below 2⁻¹⁴ halves are multiples of 2⁻²⁴, as singles from ½ to 1 are. */
        half = bits_of(float_of(size) + 0.5f) - 0x3f000000u;
    } else {
        half = (size - 0x38000000u + 0xfffu + (size >> 13 & 1u)) >> 13;
    }
    return (uint16_t)(sign | half);
}

/* The single beside value whose last bit is odd, unless value is a single: rounded once more, to
 * a type at least two bits shorter, it gives what value itself would have given. */
static float round_to_odd(double value)
{
    const float nearest = (float)value;
    uint32_t bits = bits_of(nearest);
    if ((double)nearest == value || isnan(value)) {
        return nearest;
    }
    bits -= fabs((double)nearest) > fabs(value) ? 1 : 0;
    return float_of(bits | 1u);
}

static bool is_float(tyto_dtype type)
{
    return type == TYTO_F64 || type == TYTO_F32 || type == TYTO_F16 || type == TYTO_BF16;
}

bool tyto_narrow_possible(tyto_dtype source, tyto_dtype out)
{
    return is_float(source) && is_float(out) && out != TYTO_F64;
}

/* Up to BLOCK elements as singles that narrow to `out_type` as the elements themselves would. */
static void load(float *singles, const char *source, tyto_dtype source_type, tyto_dtype out_type,
                 int64_t count)
{
    if (source_type != TYTO_F64 || out_type == TYTO_F32) {
        tyto_convert(singles, TYTO_F32, source, source_type, count);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        double value;
        memcpy(&value, source + (size_t)i * sizeof(value), sizeof(value));
        singles[i] = round_to_odd(value);
    }
}

/* What was finite before and isn't any more: the first of them, or −1. */
static int64_t find_overflow(const void *out, tyto_dtype out_type, const char *source,
                             tyto_dtype source_type, int64_t count)
{
    const size_t width = tyto_dtype_bytes(source_type);
    for (int64_t i = 0; i < count; i++) {
        const uint32_t bits =
            out_type == TYTO_F32 ? bits_of(((const float *)out)[i]) : ((const uint16_t *)out)[i];
        const uint32_t infinite = out_type == TYTO_F32   ? INFINITE_F32
                                  : out_type == TYTO_F16 ? INFINITE_F16
                                                         : INFINITE_BF16;
        const uint32_t sign = out_type == TYTO_F32 ? 0x80000000u : 0x8000u;
        double value;
        if ((bits & ~sign) == infinite) {
            tyto_convert(&value, TYTO_F64, source + (size_t)i * width, source_type, 1);
            if (isfinite(value)) {
                return i;
            }
        }
    }
    return -1;
}

int64_t tyto_narrow(void *out, tyto_dtype out_type, const void *source, tyto_dtype source_type,
                    int64_t count)
{
    float singles[BLOCK];
    const size_t out_width = tyto_dtype_bytes(out_type),
                 source_width = tyto_dtype_bytes(source_type);
    for (int64_t at = 0; at < count; at += BLOCK) {
        const int64_t n = count - at < BLOCK ? count - at : BLOCK;
        const char *block = (const char *)source + (size_t)at * source_width;
        void *target = (char *)out + (size_t)at * out_width;
        load(singles, block, source_type, out_type, n);
        if (out_type == TYTO_F32) {
            memcpy(target, singles, (size_t)n * sizeof(float));
        } else {
            uint16_t *halves = target;
            for (int64_t i = 0; i < n; i++) {
                halves[i] = out_type == TYTO_F16 ? tyto_f32_to_f16(singles[i])
                                                 : tyto_f32_to_bf16(singles[i]);
            }
        }
        const int64_t lost = find_overflow(target, out_type, block, source_type, n);
        if (lost >= 0) {
            return at + lost;
        }
    }
    return -1;
}
