#include "models/perceiver/rows/mask.h"

#include "base/error.h"

static const char NAME[] = "attention_mask";

/* Values of the mask, which are integers or floats. */
typedef struct values {
    const int64_t *whole;
    const float *parts;
} values;

static float value_at(const values *mask, int64_t i)
{
    return mask->whole ? (float)mask->whole[i] : mask->parts[i];
}

/* What an input's value adds to its scores, in units of the lowest number. */
static float added(const values *mask, int64_t i)
{
    return 1.0f - value_at(mask, i);
}

static tyto_status check(const tyto_io *io, const values *mask, int64_t count, int64_t rows)
{
    for (int64_t i = 0; i < count; i++) {
        const float value = value_at(mask, i);
        if (!(value >= 0.0f && value <= 1.0f)) {
            return tyto_fail(io->err, TYTO_E_RANGE,
                             "input '%s': got %g for input %lld, required 0 to 1", NAME,
                             (double)value, (long long)(i % rows));
        }
    }
    return TYTO_OK;
}

/* Marks what one line of the mask lets see; true when none of its inputs has the value 1. */
static bool find_seen(const values *mask, int64_t first, int64_t rows, uint8_t *seen)
{
    float least = 1.0f;
    for (int64_t i = first; i < first + rows; i++) {
        least = added(mask, i) < least ? added(mask, i) : least;
    }
    for (int64_t i = first; i < first + rows; i++) {
        seen[i] = added(mask, i) <= least;
    }
    return least > 0.0f;
}

tyto_status tyto_perceiver_mask_read(tyto_io *io, int64_t batch, int64_t latents, int64_t rows,
                                     tyto_perceiver_mask *out)
{
    *out = (tyto_perceiver_mask){.per_latent = tyto_io_rank(io, NAME) == 3};
    if (!tyto_io_has(io, NAME)) {
        return TYTO_OK;
    }
    const int64_t lines = batch * (out->per_latent ? latents : 1);
    int64_t shape[3] = {batch, rows, 0};
    if (out->per_latent) {
        shape[1] = latents;
        shape[2] = rows;
    }
    uint8_t *seen = tyto_arena_take(io->scratch, (size_t)lines, (size_t)rows),
            *uniform = tyto_arena_take(io->scratch, (size_t)lines, 1);
    if (!seen || !uniform) {
        return tyto_fail_memory(io->err, NAME);
    }
    const size_t mark = tyto_arena_mark(io->scratch);
    const bool whole = tyto_io_is_integer(io, NAME);
    const void *data;
    TYTO_TRY(tyto_io_input(io, NAME, whole ? TYTO_I64 : TYTO_F32, out->per_latent ? 3 : 2, shape,
                           &data));
    const values given = {whole ? data : NULL, data};
    TYTO_TRY(check(io, &given, lines * rows, rows));
    for (int64_t i = 0; i < lines; i++) {
        uniform[i] = find_seen(&given, i * rows, rows, seen);
    }
    tyto_arena_release(io->scratch, mark);
    out->seen = seen;
    out->uniform = uniform;
    return TYTO_OK;
}
