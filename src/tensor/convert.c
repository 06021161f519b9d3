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

bool tyto_convert_possible(tyto_dtype source, tyto_dtype out)
{
    switch (out) {
    case TYTO_F32:
    case TYTO_F64:
        return is_float(source);
    case TYTO_I64:
        return !is_float(source);
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

static double load_float(const void *source, tyto_dtype type, int64_t i)
{
    switch (type) {
    case TYTO_F32:
        return (double)LOAD(float, source, i);
    case TYTO_F64:
        return LOAD(double, source, i);
    case TYTO_F16:
        return (double)tyto_f16_to_f32(LOAD(uint16_t, source, i));
    default:
        return (double)tyto_bf16_to_f32(LOAD(uint16_t, source, i));
    }
}

static int64_t load_integer(const void *source, tyto_dtype type, int64_t i)
{
    switch (type) {
    case TYTO_I64:
        return LOAD(int64_t, source, i);
    case TYTO_U64:
        return (int64_t)LOAD(uint64_t, source, i);
    case TYTO_I32:
        return LOAD(int32_t, source, i);
    case TYTO_U32:
        return LOAD(uint32_t, source, i);
    case TYTO_I16:
        return LOAD(int16_t, source, i);
    case TYTO_U16:
        return LOAD(uint16_t, source, i);
    case TYTO_I8:
        return LOAD(int8_t, source, i);
    default:
        return LOAD(uint8_t, source, i);
    }
}

static void to_f32(float *out, const void *source, tyto_dtype type, int64_t count)
{
    switch (type) {
    case TYTO_F32:
        memcpy(out, source, (size_t)count * sizeof(float));
        return;
    case TYTO_F16:
        for (int64_t i = 0; i < count; i++) {
            out[i] = tyto_f16_to_f32(LOAD(uint16_t, source, i));
        }
        return;
    case TYTO_BF16:
        for (int64_t i = 0; i < count; i++) {
            out[i] = tyto_bf16_to_f32(LOAD(uint16_t, source, i));
        }
        return;
    default:
        for (int64_t i = 0; i < count; i++) {
            out[i] = (float)load_float(source, type, i);
        }
    }
}

void tyto_convert(void *out, tyto_dtype out_type, const void *source, tyto_dtype source_type,
                  int64_t count)
{
    switch (out_type) {
    case TYTO_F32:
        to_f32(out, source, source_type, count);
        return;
    case TYTO_F64:
        for (int64_t i = 0; i < count; i++) {
            ((double *)out)[i] = load_float(source, source_type, i);
        }
        return;
    case TYTO_I64:
        for (int64_t i = 0; i < count; i++) {
            ((int64_t *)out)[i] = load_integer(source, source_type, i);
        }
        return;
    default:
        for (int64_t i = 0; i < count; i++) {
            ((uint8_t *)out)[i] = is_float(source_type) ? load_float(source, source_type, i) != 0.0
                                                        : load_integer(source, source_type, i) != 0;
        }
    }
}
