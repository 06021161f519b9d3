#include "tensor/convert.h"

float tyto_f16_to_f32(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000u) << 16;
    uint32_t exponent = bits >> 10 & 0x1fu;
    uint32_t mantissa = bits & 0x3ffu;
    uint32_t wide;
    if (exponent == 0x1f) {
        wide = sign | 0x7f800000u | mantissa << 13;
    } else if (exponent != 0) {
        wide = sign | (exponent + 112u) << 23 | mantissa << 13;
    } else {
        /* Subnormal: mantissa · 2⁻²⁴, which a single holds exactly. */
        float value = (float)mantissa * 0x1p-24f;
        memcpy(&wide, &value, sizeof(wide));
        wide |= sign;
    }
    float result;
    memcpy(&result, &wide, sizeof(result));
    return result;
}

static bool is_float(tyto_dtype type)
{
    return type == TYTO_F32 || type == TYTO_F64 || type == TYTO_F16 || type == TYTO_BF16;
}

bool tyto_convert_possible(tyto_dtype from, tyto_dtype to)
{
    switch (to) {
    case TYTO_F32:
    case TYTO_F64:
        return is_float(from);
    case TYTO_I64:
        return !is_float(from);
    case TYTO_U8:
        return true;
    default:
        return false;
    }
}

#define LOAD(type, source, index)                                                                  \
    __extension__({                                                                                \
        type value_;                                                                               \
        memcpy(&value_, (const char *)(source) + (size_t)(index) * sizeof(type), sizeof(type));    \
        value_;                                                                                    \
    })

static double load_float(const void *from, tyto_dtype type, int64_t i)
{
    switch (type) {
    case TYTO_F32:
        return (double)LOAD(float, from, i);
    case TYTO_F64:
        return LOAD(double, from, i);
    case TYTO_F16:
        return (double)tyto_f16_to_f32(LOAD(uint16_t, from, i));
    default:
        return (double)tyto_bf16_to_f32(LOAD(uint16_t, from, i));
    }
}

static int64_t load_integer(const void *from, tyto_dtype type, int64_t i)
{
    switch (type) {
    case TYTO_I64:
        return LOAD(int64_t, from, i);
    case TYTO_U64:
        return (int64_t)LOAD(uint64_t, from, i);
    case TYTO_I32:
        return LOAD(int32_t, from, i);
    case TYTO_U32:
        return LOAD(uint32_t, from, i);
    case TYTO_I16:
        return LOAD(int16_t, from, i);
    case TYTO_U16:
        return LOAD(uint16_t, from, i);
    case TYTO_I8:
        return LOAD(int8_t, from, i);
    default:
        return LOAD(uint8_t, from, i);
    }
}

static void to_f32(float *to, const void *from, tyto_dtype type, int64_t count)
{
    switch (type) {
    case TYTO_F32:
        memcpy(to, from, (size_t)count * sizeof(float));
        return;
    case TYTO_F16:
        for (int64_t i = 0; i < count; i++) {
            to[i] = tyto_f16_to_f32(LOAD(uint16_t, from, i));
        }
        return;
    case TYTO_BF16:
        for (int64_t i = 0; i < count; i++) {
            to[i] = tyto_bf16_to_f32(LOAD(uint16_t, from, i));
        }
        return;
    default:
        for (int64_t i = 0; i < count; i++) {
            to[i] = (float)load_float(from, type, i);
        }
    }
}

void tyto_convert(void *to, tyto_dtype to_type, const void *from, tyto_dtype from_type,
                  int64_t count)
{
    switch (to_type) {
    case TYTO_F32:
        to_f32(to, from, from_type, count);
        return;
    case TYTO_F64:
        for (int64_t i = 0; i < count; i++) {
            ((double *)to)[i] = load_float(from, from_type, i);
        }
        return;
    case TYTO_I64:
        for (int64_t i = 0; i < count; i++) {
            ((int64_t *)to)[i] = load_integer(from, from_type, i);
        }
        return;
    default:
        for (int64_t i = 0; i < count; i++) {
            ((uint8_t *)to)[i] = is_float(from_type) ? load_float(from, from_type, i) != 0.0
                                                     : load_integer(from, from_type, i) != 0;
        }
    }
}
