/* Float types into smaller ones: every number of theirs, and what lies between two. */
#include <math.h>

#include "support/support.h"
#include "tensor/convert.h"
#include "tensor/narrow.h"

typedef struct format {
    tyto_dtype dtype;
    uint16_t infinite; /* its bits; what is above is no number */
    uint16_t (*narrow)(float value);
    float (*widen)(uint16_t bits);
} format;

static float widen_bf16(uint16_t bits)
{
    return tyto_bf16_to_f32(bits);
}

static const format formats[] = {{TYTO_F16, 0x7c00, tyto_f32_to_f16, tyto_f16_to_f32},
                                 {TYTO_BF16, 0x7f80, tyto_f32_to_bf16, widen_bf16}};

static uint16_t narrowed(const format *to, double value)
{
    uint16_t bits = 0xdead;
    (void)tyto_narrow(&bits, to->dtype, &value, TYTO_F64, 1);
    return bits;
}

static void its_own_numbers_stay(void **state)
{
    (void)state;
    for (int f = 0; f < 2; f++) {
        for (uint32_t bits = 0; bits < 0x10000; bits++) {
            const float value = formats[f].widen((uint16_t)bits);
            const uint16_t back = formats[f].narrow(value);
            if (isnan(value)) {
                assert_true(isnan(formats[f].widen(back)));
                assert_int_equal(back & 0x8000, bits & 0x8000);
            } else {
                assert_int_equal(back, bits);
                assert_int_equal(narrowed(&formats[f], (double)value), bits);
            }
        }
    }
}

/* Between each number and the next: the middle goes to the even one, all else to the nearer. */
static void rounding_is_to_nearest_even(void **state)
{
    (void)state;
    for (int f = 0; f < 2; f++) {
        const format *to = &formats[f];
        for (uint16_t bits = 0; bits + 1 < to->infinite; bits++) {
            const double low = (double)to->widen(bits), high = (double)to->widen(bits + 1);
            const double middle = 0.5 * (low + high);
            const uint16_t even = (uint16_t)(bits + (bits & 1));
            assert_int_equal(narrowed(to, middle), even);
            /* Too near to the middle for a single to tell. */
            assert_int_equal(narrowed(to, nextafter(middle, 0.0)), bits);
            assert_int_equal(narrowed(to, nextafter(middle, INFINITY)), bits + 1);
            assert_int_equal(narrowed(to, -nextafter(middle, INFINITY)), 0x8000 | (bits + 1));
            if ((double)(float)middle == middle) {
                assert_int_equal(to->narrow((float)middle), even);
                assert_int_equal(to->narrow(nextafterf((float)middle, 0.0f)), bits);
                assert_int_equal(to->narrow(-nextafterf((float)middle, INFINITY)),
                                 0x8000 | (bits + 1));
            }
        }
    }
}

static void what_is_too_large_is_told(void **state)
{
    (void)state;
    uint16_t halves[2000];
    float singles[2000] = {0};
    singles[7] = INFINITY;
    singles[8] = -INFINITY;
    singles[9] = NAN;
    singles[1500] = 65519.0f; /* rounds down to the largest half */
    assert_int_equal(tyto_narrow(halves, TYTO_F16, singles, TYTO_F32, 2000), -1);
    assert_int_equal(halves[7], 0x7c00);
    assert_int_equal(halves[8], 0xfc00);
    assert_true(isnan(tyto_f16_to_f32(halves[9])));
    assert_int_equal(halves[1500], 0x7bff);
    singles[1700] = 65520.0f;
    singles[1600] = -1e38f;
    assert_int_equal(tyto_narrow(halves, TYTO_F16, singles, TYTO_F32, 2000), 1600);
    assert_int_equal(tyto_narrow(halves, TYTO_BF16, singles, TYTO_F32, 2000), -1);
    singles[3] = 3.4e38f;
    assert_int_equal(tyto_narrow(halves, TYTO_BF16, singles, TYTO_F32, 2000), 3);

    const double doubles[] = {1e-300, -1e-300, 3.4e38, 1e39};
    float to[4];
    assert_int_equal(tyto_narrow(to, TYTO_F32, doubles, TYTO_F64, 4), 3);
    assert_int_equal(tyto_narrow(to, TYTO_F32, doubles, TYTO_F64, 3), -1);
    assert_int_equal(tyto_narrow(halves, TYTO_BF16, doubles, TYTO_F64, 4), 2);
    assert_true(halves[0] == 0 && halves[1] == 0x8000);
}

static void types_become_each_other(void **state)
{
    (void)state;
    static const tyto_dtype types[] = {TYTO_F64, TYTO_F32, TYTO_F16, TYTO_BF16};
    for (int from = 0; from < 4; from++) {
        assert_false(tyto_narrow_possible(types[from], TYTO_F64));
        assert_false(tyto_narrow_possible(types[from], TYTO_I64));
        assert_false(tyto_narrow_possible(TYTO_I64, types[from]));
        for (int to = 1; to < 4; to++) {
            /* 0.375 is a number of each; the source needs no alignment. */
            unsigned char bytes[9] = {0};
            const float value = 0.375f;
            const double wide = 0.375;
            uint16_t half = types[from] == TYTO_F16 ? 0x3600 : 0x3ec0;
            const void *source = types[from] == TYTO_F64   ? (const void *)&wide
                                 : types[from] == TYTO_F32 ? (const void *)&value
                                                           : &half;
            memcpy(bytes + 1, source, tyto_dtype_bytes(types[from]));
            float got;
            uint64_t room;
            assert_true(tyto_narrow_possible(types[from], types[to]));
            assert_int_equal(tyto_narrow(&room, types[to], bytes + 1, types[from], 1), -1);
            tyto_convert(&got, TYTO_F32, &room, types[to], 1);
            assert_true(got == 0.375f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_own_numbers_stay),
        cmocka_unit_test(rounding_is_to_nearest_even),
        cmocka_unit_test(what_is_too_large_is_told),
        cmocka_unit_test(types_become_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
