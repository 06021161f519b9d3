#include "runtime/calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Most rows that one call adds to the sample: those of one photo are much alike. */
#define ROWS_OF_CALL 8

tyto_status tyto_calibration_site_init(tyto_calibration_site *site, const char *name,
                                       const tyto_packed_matrix *weight, tyto_error *err)
{
    *site = (tyto_calibration_site){.name = name, .weight = weight};
    site->most = tyto_alloc_zeroed((size_t)weight->k, sizeof(float));
    site->rows = tyto_alloc_zeroed((size_t)weight->k, TYTO_CALIBRATION_ROWS * sizeof(float));
    return site->most && site->rows ? TYTO_OK : tyto_fail_memory(err, name);
}

void tyto_calibration_site_clear(tyto_calibration_site *site)
{
    free(site->most);
    free(site->rows);
}

/* The next number of a stream (xorshift) that is the same at every run. */
static uint64_t next_random(tyto_calibration *calibration)
{
    uint64_t x = calibration->random ? calibration->random : UINT64_C(88172645463325252);
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return calibration->random = x;
}

/* Keeps the row, or lets it take the place of another, so that each has had the same chance. */
static void keep_row(tyto_calibration *calibration, tyto_calibration_site *site, const float *x)
{
    const int64_t k = site->weight->k;
    int64_t slot = site->kept;
    site->seen++;
    if (site->kept == TYTO_CALIBRATION_ROWS) {
        slot = (int64_t)(next_random(calibration) % (uint64_t)site->seen);
    } else {
        site->kept++;
    }
    if (slot < TYTO_CALIBRATION_ROWS) {
        memcpy(site->rows + slot * k, x, (size_t)k * sizeof(float));
    }
}

void tyto_calibration_note(void *user, const tyto_packed_matrix *weight, const float *x,
                           int64_t ldx, int64_t rows)
{
    tyto_calibration *calibration = user;
    tyto_calibration_site *site = NULL;
    for (size_t i = 0; i < calibration->count && !site; i++) {
        site = calibration->sites[i].weight == weight ? &calibration->sites[i] : NULL;
    }
    for (int64_t r = 0; site && r < rows; r++) {
        for (int64_t c = 0; c < weight->k; c++) {
            site->most[c] = fmaxf(site->most[c], fabsf(x[r * ldx + c]));
        }
    }
    const int64_t take = tyto_min_i64(rows, ROWS_OF_CALL);
    for (int64_t i = 0; site && i < take; i++) {
        keep_row(calibration, site, x + (2 * i + 1) * rows / (2 * take) * ldx);
    }
}

void tyto_calibration_smooth(const tyto_calibration_site *site, float strength, float *factors)
{
    const tyto_packed_matrix *weight = site->weight;
    for (int64_t c = 0; c < weight->k; c++) {
        float most = 0.0f;
        for (int64_t n = 0; n < weight->n; n++) {
            most = fmaxf(most, fabsf(tyto_packed_number(weight, n, c)));
        }
        const float factor = powf(most, 1.0f - strength) / powf(site->most[c], strength);
        /* A channel that is never used, or that nothing hears, stays as it is. */
        factors[c] = isfinite(factor) && factor > 0.0f ? factor : 1.0f;
    }
}

/* y[kept,n] of a site's rows. */
static tyto_status multiply(const tyto_calibration_site *site, const tyto_packed_matrix *weight,
                            tyto_exec *exec, float *y)
{
    const tyto_linear_args args = {.x = site->rows,
                                   .ldx = weight->k,
                                   .rows = site->kept,
                                   .weight = weight,
                                   .y = y,
                                   .ldy = weight->n};
    return tyto_linear(exec, &args);
}

/* The site's weights in whole numbers, over `data`. */
static void quantise(const tyto_calibration_site *site, const float *factors, float *row,
                     tyto_packed_matrix *out, tyto_pool *pool)
{
    const tyto_packed_matrix *weight = site->weight;
    if (factors) {
        tyto_packed_smooth(out, factors);
    }
    for (int64_t n = 0; n < weight->n; n++) {
        tyto_packed_read(weight, n, 1, row);
        tyto_packed_fill(out, n, 1, row, weight->k, TYTO_F32, pool);
    }
}

tyto_status tyto_calibration_error(const tyto_calibration_site *site, const tyto_kernels *kernels,
                                   tyto_pool *pool, const float *factors, double *error,
                                   tyto_error *err)
{
    const tyto_packed_matrix *weight = site->weight;
    const int64_t k = weight->k, count = site->kept * weight->n;
    const size_t bytes = tyto_packed_bytes(kernels, TYTO_I8, weight->n, k);
    tyto_arena arena = {0};
    tyto_exec exec = {.kernels = kernels, .pool = pool, .arena = &arena, .err = err};
    tyto_status status = TYTO_OK;
    void *data = tyto_pages_alloc(bytes);
    float *row = tyto_alloc((size_t)k, sizeof(float)),
          *y = tyto_alloc((size_t)count, 2 * sizeof(float));
    *error = 0.0;
    if (!data || !row || !y) {
        status = tyto_fail_memory(err, site->name);
        goto cleanup;
    }
    tyto_packed_matrix whole = tyto_packed_over(kernels, TYTO_I8, weight->n, k, data);
    quantise(site, factors, row, &whole, pool);
    TYTO_CHECK(multiply(site, weight, &exec, y));
    TYTO_CHECK(multiply(site, &whole, &exec, y + count));
    double off = 0.0, all = 0.0;
    for (int64_t i = 0; i < count; i++) {
        const double difference = (double)y[i] - (double)y[count + i];
        off += difference * difference;
        all += (double)y[i] * (double)y[i];
    }
    *error = all > 0.0 ? sqrt(off / all) : 0.0;
cleanup:
    free(y);
    free(row);
    if (data) {
        tyto_pages_free(data, bytes);
    }
    tyto_arena_clear(&arena);
    return status;
}
