#include "models/perceiver/rows/mask.h"

#include "base/error.h"
#include "nn/masks.h"

static const char NAME[] = "attention_mask";

static tyto_status check(const tyto_io *io, const tyto_mask_values *mask, int64_t count,
                         int64_t rows)
{
    const int64_t wrong = tyto_mask_find_outside(mask, count);
    return wrong < 0 ? TYTO_OK
                     : tyto_fail(io->err, TYTO_E_RANGE,
                                 "input '%s': got %g for input %lld, required 0 to 1", NAME,
                                 (double)tyto_mask_value(mask, wrong), (long long)(wrong % rows));
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
    const tyto_mask_values given = {whole ? data : NULL, whole ? NULL : data};
    TYTO_TRY(check(io, &given, lines * rows, rows));
    for (int64_t i = 0; i < lines; i++) {
        uniform[i] = tyto_mask_highest(&given, i * rows, rows, seen + i * rows);
    }
    tyto_arena_release(io->scratch, mark);
    out->seen = seen;
    out->uniform = uniform;
    return TYTO_OK;
}
