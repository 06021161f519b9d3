/* Numbers of a packed matrix, wherever they lie. */
#include <string.h>

#include "nn/linear.h"
#include "tensor/convert.h"

/* Place of a number of the matrix within its data, in elements; not of digits. */
static int64_t place_of(const tyto_packed_matrix *matrix, int64_t n, int64_t i)
{
    const int64_t interleave = matrix->dtype == TYTO_I8     ? TYTO_INT8_INTERLEAVE
                               : matrix->dtype == TYTO_BF16 ? 2
                                                            : 1;
    const int64_t columns = matrix->columns, panel = n / columns * columns * tyto_packed_k(matrix);
    return panel + (i / interleave * columns + n % columns) * interleave + i % interleave;
}

static float from_digits(const tyto_packed_matrix *matrix, int64_t n, int64_t i)
{
    const int64_t columns = matrix->columns;
    const int8_t *panel =
        (const int8_t *)matrix->data + n / columns * tyto_packed_panel_bytes(matrix);
    int8_t digits[TYTO_DIGITS];
    for (int d = 0; d < TYTO_DIGITS; d++) {
        digits[d] = panel[tyto_digits_place(columns, d, i, (int)(n % columns))];
    }
    return tyto_digits_value(digits, matrix->scales[n]);
}

float tyto_packed_number(const tyto_packed_matrix *matrix, int64_t n, int64_t i)
{
    if (matrix->digits) {
        return from_digits(matrix, n, i);
    }
    const int64_t at = place_of(matrix, n, i);
    return matrix->dtype == TYTO_I8
               ? (float)((const int8_t *)matrix->data)[at] * matrix->scales[n] *
                     (matrix->smooth ? matrix->smooth[i] : 1.0f)
           : matrix->dtype == TYTO_BF16 ? tyto_bf16_to_f32(((const uint16_t *)matrix->data)[at])
                                        : ((const float *)matrix->data)[at];
}

void tyto_packed_read(const tyto_packed_matrix *matrix, int64_t row, int64_t rows, float *floats)
{
    for (int64_t n = row; n < row + rows; n++) {
        for (int64_t i = 0; i < matrix->k; i++) {
            *floats++ = tyto_packed_number(matrix, n, i);
        }
    }
}

void tyto_packed_move(const tyto_packed_matrix *source, tyto_packed_matrix *target)
{
    const size_t width = tyto_dtype_bytes(source->dtype);
    for (int64_t n = 0; n < source->n; n++) {
        for (int64_t i = 0; i < source->k; i++) {
            memcpy((char *)target->data + (size_t)place_of(target, n, i) * width,
                   (const char *)source->data + (size_t)place_of(source, n, i) * width, width);
        }
    }
    if (source->dtype == TYTO_I8) {
        memcpy(target->scales, source->scales, (size_t)source->n * sizeof(*target->scales));
        memcpy(target->sums, source->sums, (size_t)source->n * sizeof(*target->sums));
        if (source->smooth) {
            tyto_packed_smooth(target, source->smooth);
        }
    }
}
