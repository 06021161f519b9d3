#include "models/perceiver/rows/inputs.h"

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/rows/image.h"
#include "nn/find.h"
#include "nn/masks.h"
#include "nn/random.h"
#include "nn/rows.h"

static tyto_status check_ids(const tyto_perceiver_input *input, const char *name, tyto_error *err)
{
    const int64_t *ids = input->values;
    const int64_t size = input->part->vocab_size,
                  wrong = tyto_find_outside(input->batch * input->rows, ids, size);
    return wrong < 0 ? TYTO_OK
                     : tyto_fail(err, TYTO_E_RANGE,
                                 "input '%s': got %lld, required 0 to %lld (vocab_size - 1)", name,
                                 (long long)ids[wrong], (long long)size - 1);
}

static tyto_status prepare_text(tyto_io *io, const char *name, tyto_perceiver_input *out)
{
    int64_t shape[2] = {-1, -1};
    TYTO_TRY(tyto_io_input(io, name, TYTO_I64, 2, shape, &out->values));
    if (shape[1] > out->part->max_positions) {
        return tyto_fail(io->err, TYTO_E_SHAPE,
                         "input '%s': got %lld tokens, required at most %lld "
                         "(max_position_embeddings)",
                         name, (long long)shape[1], (long long)out->part->max_positions);
    }
    out->batch = shape[0];
    out->rows = shape[1];
    out->content = out->channels;
    return check_ids(out, name, io->err);
}

/* Samples of a batch element, however they are shaped, in patches. */
static tyto_status prepare_audio(tyto_io *io, const char *name, tyto_perceiver_input *out)
{
    int64_t shape[3] = {-1, -1, 1};
    const int rank = tyto_io_rank(io, name) == 2 ? 2 : 3;
    TYTO_TRY(tyto_io_input(io, name, TYTO_F32, rank, shape, &out->values));
    const int64_t patch = out->part->samples_per_patch;
    if (shape[1] % patch != 0) {
        return tyto_fail(io->err, TYTO_E_SHAPE,
                         "input '%s': got %lld samples, required a multiple of %lld "
                         "(samples_per_patch)",
                         name, (long long)shape[1], (long long)patch);
    }
    out->batch = shape[0];
    out->rows = shape[1] / patch;
    out->content = patch;
    return tyto_perceiver_positions_prepare(&out->part->position, name, 1, &out->rows, false,
                                            &out->positions, io->err);
}

static tyto_status prepare_one_hot(tyto_io *io, const char *name, tyto_perceiver_input *out)
{
    int64_t shape[2] = {-1, out->channels};
    TYTO_TRY(tyto_io_input(io, name, TYTO_F32, 2, shape, &out->values));
    out->batch = shape[0];
    out->rows = 1;
    out->content = out->channels;
    return TYTO_OK;
}

static tyto_status prepare_rows(tyto_io *io, const char *name, tyto_perceiver_input *out)
{
    int64_t shape[3] = {-1, -1, out->channels};
    TYTO_TRY(tyto_io_input(io, name, TYTO_F32, 3, shape, &out->values));
    out->batch = shape[0];
    out->rows = shape[1];
    out->content = out->channels;
    return TYTO_OK;
}

/* Checks that positions have as many rows and channels as the part declared. */
static tyto_status check_positions(const tyto_perceiver_input *input, const char *name,
                                   tyto_error *err)
{
    const tyto_perceiver_positions *positions = &input->positions;
    const bool add = input->part->add_pos, repeated = add && positions->count == 1;
    if (positions->count != input->rows && !repeated) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "input '%s': got %lld positions, required %lld (index_dims of the "
                         "position encoding)",
                         name, (long long)input->rows, (long long)positions->count);
    }
    if (add && input->content != positions->channels) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "input '%s': got %lld channels, required as many as positions have to add "
                         "(%lld)",
                         name, (long long)input->content, (long long)positions->channels);
    }
    const int64_t channels = add ? input->content : input->content + positions->channels;
    if (channels != input->channels) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "input '%s': got %lld channels with %lld of positions, required %lld in "
                         "all (num_channels)",
                         name, (long long)input->content, (long long)(channels - input->content),
                         (long long)input->channels);
    }
    return TYTO_OK;
}

static tyto_status prepare_one(const tyto_perceiver_preprocessor *part, int64_t channels,
                               tyto_io *io, const char *name, tyto_perceiver_input *out)
{
    *out = (tyto_perceiver_input){.part = part, .channels = channels};
    if (!part) {
        return prepare_rows(io, name, out);
    }
    switch (part->type) {
    case TYTO_PERCEIVER_TEXT_PREPROCESSOR:
        return prepare_text(io, name, out);
    case TYTO_PERCEIVER_ONE_HOT_PREPROCESSOR:
        return prepare_one_hot(io, name, out);
    case TYTO_PERCEIVER_AUDIO_PREPROCESSOR:
        TYTO_TRY(prepare_audio(io, name, out));
        break;
    case TYTO_PERCEIVER_IMAGE_PREPROCESSOR:
        TYTO_TRY(tyto_perceiver_image_prepare(part, io, name, out));
        break;
    case TYTO_PERCEIVER_MULTIMODAL_PREPROCESSOR:
        return tyto_fail(io->err, TYTO_E_UNSUPPORTED, "input '%s': a modality of modalities", name);
    }
    return check_positions(out, name, io->err);
}

/* Reads the seed of masks, when any is drawn. */
static tyto_status read_seed(tyto_io *io, tyto_perceiver_inputs *out)
{
    int64_t scalar[1] = {0};
    const void *seed;
    for (int i = 0; i < out->count; i++) {
        const double p = out->part->modalities[i].mask_probability;
        out->drawn = out->drawn || (p > 0.0 && p < 1.0);
    }
    if (out->drawn) {
        TYTO_TRY(tyto_io_input(io, "mask_seed", TYTO_I64, 0, scalar, &seed));
        out->seed = (uint32_t)(*(const int64_t *)seed & 0xffffffff);
    }
    return TYTO_OK;
}

/* Draws the masks of modalities in the order of their description. A mask of all rows needs no
 * draw, but the reference draws for it too, and so moves the generator on. */
static tyto_status draw_masks(tyto_perceiver_inputs *inputs, tyto_exec *exec)
{
    const tyto_perceiver_input_modality *modalities = inputs->part->modalities;
    tyto_random generator;
    tyto_random_seed(&generator, inputs->seed);
    for (int place = 0, i; place < inputs->count; place++) {
        for (i = 0; modalities[i].place != place; i++) {
        }
        if (!modalities[i].masked) {
            continue;
        }
        const int64_t count = inputs->batch * inputs->inputs[i].rows;
        inputs->masked[i] = tyto_arena_take(exec->arena, (size_t)count, 1);
        if (!inputs->masked[i]) {
            return tyto_fail_memory(exec->err, "mask");
        }
        tyto_random_mask(&generator, modalities[i].mask_probability, count, inputs->masked[i]);
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_inputs_start(tyto_perceiver_inputs *inputs, tyto_exec *exec)
{
    for (int i = 0; i < inputs->count; i++) {
        tyto_perceiver_input *input = &inputs->inputs[i];
        if (input->part && input->part->type == TYTO_PERCEIVER_IMAGE_PREPROCESSOR) {
            TYTO_TRY(tyto_perceiver_image_start(input, exec));
        }
        TYTO_TRY(tyto_perceiver_positions_start(&input->positions, exec));
    }
    return inputs->drawn ? draw_masks(inputs, exec) : TYTO_OK;
}

tyto_status tyto_perceiver_inputs_prepare(const tyto_perceiver_preprocessor *part, int64_t d_model,
                                          tyto_io *io, const char *name, tyto_perceiver_inputs *out)
{
    const bool several = part && part->type == TYTO_PERCEIVER_MULTIMODAL_PREPROCESSOR;
    *out = (tyto_perceiver_inputs){.part = part,
                                   .count = several ? part->count : 1,
                                   .channels = part ? part->channels : d_model};
    out->inputs = tyto_arena_take(io->scratch, (size_t)out->count, sizeof(*out->inputs));
    if (!out->inputs) {
        return tyto_fail_memory(io->err, name);
    }
    if (!several) {
        TYTO_TRY(prepare_one(part, out->channels, io, name, &out->inputs[0]));
        out->batch = out->inputs[0].batch;
        out->rows = out->inputs[0].rows;
        return TYTO_OK;
    }
    for (int i = 0; i < out->count; i++) {
        char full[TYTO_IO_NAME_BYTES];
        const tyto_perceiver_preprocessor *inner = &part->modalities[i].part;
        tyto_io_name(full, name, part->modalities[i].name);
        TYTO_TRY(prepare_one(inner, inner->channels, io, full, &out->inputs[i]));
        out->rows += out->inputs[i].rows;
        out->batch = i ? out->batch : out->inputs[0].batch;
        if (out->inputs[i].batch != out->batch) {
            return tyto_fail(io->err, TYTO_E_SHAPE,
                             "input '%s': got a batch of %lld, required %lld as the others have",
                             full, (long long)out->inputs[i].batch, (long long)out->batch);
        }
    }
    return read_seed(io, out);
}

tyto_status tyto_perceiver_input_content(const tyto_perceiver_input *input, tyto_exec *exec,
                                         int64_t b, int64_t first, int64_t n, float *out,
                                         int64_t stride)
{
    if (input->part && input->part->type == TYTO_PERCEIVER_IMAGE_PREPROCESSOR) {
        return tyto_perceiver_image_content(input, exec, b, first, n, out, stride);
    }
    const int64_t C = input->content, start = b * input->rows + first;
    if (input->part && input->part->type == TYTO_PERCEIVER_TEXT_PREPROCESSOR) {
        return tyto_select_rows(exec, n, C, input->part->embeddings, C,
                                (const int64_t *)input->values + start, out, stride);
    }
    return tyto_copy_rows(exec, n, C, (const float *)input->values + start * C, C, out, stride);
}

/* One modality's rows: content and position. */
static tyto_status one_rows(const tyto_perceiver_input *input, tyto_exec *exec, int64_t b,
                            int64_t first, int64_t n, float *out, int64_t stride)
{
    const tyto_perceiver_preprocessor *part = input->part;
    const int64_t C = input->content;
    TYTO_TRY(tyto_perceiver_input_content(input, exec, b, first, n, out, stride));
    if (part && part->type == TYTO_PERCEIVER_TEXT_PREPROCESSOR) {
        TYTO_TRY(tyto_add_rows(exec, n, C, part->position_embeddings + first * C, C, out, stride));
    }
    if (!part || part->position.type == TYTO_PERCEIVER_POSITION_NONE) {
        return TYTO_OK;
    }
    if (!part->add_pos) {
        return tyto_perceiver_positions_rows(&input->positions, exec, first, NULL, n, out + C,
                                             stride);
    }
    const bool repeated = input->positions.count == 1;
    const int64_t rows = repeated ? 1 : n;
    size_t mark = tyto_arena_mark(exec->arena);
    float *more;
    TYTO_TRY(tyto_exec_floats(exec, rows * C, &more));
    TYTO_TRY(tyto_perceiver_positions_rows(&input->positions, exec, repeated ? 0 : first, NULL,
                                           rows, more, C));
    TYTO_TRY(tyto_add_rows(exec, n, C, more, repeated ? 0 : C, out, stride));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* Pads rows of one modality to all channels, and puts the trained mask where they are masked.
 * masked: the drawn masks of these rows, or NULL. */
static tyto_status pad_and_mask(const tyto_perceiver_inputs *inputs, tyto_exec *exec, int i,
                                const uint8_t *masked, int64_t n, float *out)
{
    const tyto_perceiver_input_modality *part = &inputs->part->modalities[i];
    const int64_t C = inputs->channels;
    if (part->mask_probability >= 1.0) {
        return tyto_copy_rows(exec, n, C, part->mask, 0, out, C);
    }
    TYTO_TRY(tyto_copy_rows(exec, n, part->pad, part->padding, 0, out + part->part.channels, C));
    return masked ? tyto_replace_rows(exec, n, C, masked, part->mask, out, C) : TYTO_OK;
}

tyto_status tyto_perceiver_inputs_rows(const tyto_perceiver_inputs *inputs, tyto_exec *exec,
                                       int64_t b, int64_t first, int64_t n, float *out)
{
    const int64_t C = inputs->channels;
    if (!inputs->part || inputs->part->type != TYTO_PERCEIVER_MULTIMODAL_PREPROCESSOR) {
        return one_rows(&inputs->inputs[0], exec, b, first, n, out, C);
    }
    int64_t start = 0; /* of the modality among all rows */
    for (int i = 0; i < inputs->count; i++) {
        const tyto_perceiver_input *input = &inputs->inputs[i];
        const int64_t begin = tyto_max_i64(first, start),
                      end = tyto_min_i64(first + n, start + input->rows);
        if (begin < end) {
            const uint8_t *masked = inputs->masked[i];
            float *rows = out + (begin - first) * C;
            if (inputs->part->modalities[i].mask_probability < 1.0) {
                TYTO_TRY(one_rows(input, exec, b, begin - start, end - begin, rows, C));
            }
            masked = masked ? masked + b * input->rows + begin - start : NULL;
            TYTO_TRY(pad_and_mask(inputs, exec, i, masked, end - begin, rows));
        }
        start += input->rows;
    }
    return TYTO_OK;
}
