/* Texts and pictures as named tensors. */
#include <tyto/inputs.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"

/* What the reference fills a photo's list of texts up with. */
static const char filler[] = " ";

/* Most texts, and most pictures of a kind, of a call. */
#define TEXTS_MAX ((int64_t)1 << 20)
#define PICTURES_MAX ((int64_t)1 << 16)

void tyto_inputs_source_init(tyto_inputs_source *source, size_t struct_bytes)
{
    static const tyto_inputs_source defaults = {.struct_bytes = sizeof(defaults)};
    tyto_options_init(source, struct_bytes, &defaults, sizeof(defaults));
}

static tyto_status check(const tyto_inputs_source *source, tyto_error *err)
{
    if (source->n_texts < 0 || source->n_images < 0 || source->n_query_images < 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "inputs: got a number below 0, required at least 0");
    }
    const int64_t pictures = source->n_images + source->n_query_images;
    if (source->n_texts == 0 && pictures == 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "inputs: got nothing, required texts, pictures or query pictures");
    }
    if (source->n_texts > 0 && !source->tokenizer) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "texts: required a tokenizer");
    }
    if (pictures > 0 && !source->processor) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "pictures: required an image processor");
    }
    if (source->n_texts > TEXTS_MAX || source->n_images > PICTURES_MAX ||
        source->n_query_images > PICTURES_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "inputs: required at most %lld texts and %lld pictures",
                         (long long)TEXTS_MAX, (long long)PICTURES_MAX);
    }
    TYTO_TRY(tyto_check_list(source->texts, source->n_texts, "texts", err));
    TYTO_TRY(tyto_check_list(source->images, source->n_images, "images", err));
    TYTO_TRY(tyto_check_list(source->query_images, source->n_query_images, "query_images", err));
    for (int64_t i = 0; i < source->n_texts; i++) {
        TYTO_TRY(tyto_check_list(source->texts[i].items, source->texts[i].count, "texts[i]", err));
    }
    if (source->shared_texts && source->n_texts > 1) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "texts: got %lld shared lists, required one",
                         (long long)source->n_texts);
    }
    if (source->n_texts > 1 && source->n_images > 0 && source->n_texts != source->n_images) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "texts: got lists for %lld photos, required %lld, one for each",
                         (long long)source->n_texts, (long long)source->n_images);
    }
    return TYTO_OK;
}

/* *rows[*count]: the texts of all lists, each as long as the longest. Owned by the caller. */
static tyto_status list_rows(const tyto_inputs_source *source, const char ***rows, size_t *count,
                             tyto_error *err)
{
    const bool shared = source->shared_texts && source->n_texts == 1;
    const int64_t lists = shared ? tyto_max_i64(source->n_images, 1) : source->n_texts;
    int64_t longest = 0;
    for (int64_t i = 0; i < source->n_texts; i++) {
        longest = tyto_max_i64(longest, source->texts[i].count);
    }
    if (longest == 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "texts: got empty lists, required a text");
    }
    if (longest > TEXTS_MAX / lists) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "texts: got %lld for each of %lld photos, required at "
                         "most %lld together",
                         (long long)longest, (long long)lists, (long long)TEXTS_MAX);
    }
    *count = (size_t)(lists * longest);
    *rows = tyto_alloc(*count, sizeof(**rows));
    if (!*rows) {
        return tyto_fail_memory(err, "texts");
    }
    for (int64_t i = 0; i < lists; i++) {
        const tyto_text_list *list = &source->texts[shared ? 0 : i];
        for (int64_t t = 0; t < longest; t++) {
            (*rows)[i * longest + t] = t < list->count ? list->items[t] : filler;
        }
    }
    return TYTO_OK;
}

/* A tensor [rows,tokens] takes over the values, which become NULL. */
static void add_rows(tyto_inputs *inputs, const char *name, size_t rows, size_t tokens,
                     int64_t **values)
{
    inputs->tensors[inputs->count++] = (tyto_tensor){.name = name,
                                                     .dtype = TYTO_I64,
                                                     .rank = 2,
                                                     .shape = {(int64_t)rows, (int64_t)tokens},
                                                     .data = *values};
    *values = NULL;
}

static tyto_status add_texts(const tyto_inputs_source *source, tyto_inputs *inputs, tyto_error *err)
{
    /* Where the tokenizer's files set no length, rows still have to be of one. */
    const bool has_length = tyto_tokenizer_max_length(source->tokenizer) < INT64_MAX;
    const tyto_encode_options usual = {.struct_bytes = sizeof(tyto_encode_options),
                                       .padding = has_length ? TYTO_PADDING_MAX_LENGTH
                                                             : TYTO_PADDING_LONGEST};
    const char **rows = NULL;
    size_t count = 0;
    tyto_encoding encoding = {0};
    tyto_status status = list_rows(source, &rows, &count, err);
    if (status == TYTO_OK) {
        status = tyto_tokenizer_encode(source->tokenizer, rows, NULL, (int64_t)count,
                                       source->encode ? source->encode : &usual, &encoding, err);
    }
    const size_t tokens = status == TYTO_OK ? (size_t)encoding.offsets[1] : 0;
    for (int64_t i = 0; status == TYTO_OK && i < encoding.count; i++) {
        const size_t length = (size_t)(encoding.offsets[i + 1] - encoding.offsets[i]);
        if (length != tokens) {
            status = tyto_fail(err, TYTO_E_SHAPE,
                               "text '%.40s': got %zu tokens, required %zu as '%.40s' has: pad or "
                               "cut them",
                               rows[encoding.samples[i]], length, tokens, rows[0]);
        }
    }
    if (status == TYTO_OK) {
        add_rows(inputs, "input_ids", (size_t)encoding.count, tokens, &encoding.input_ids);
        add_rows(inputs, "attention_mask", (size_t)encoding.count, tokens,
                 &encoding.attention_mask);
    }
    tyto_encoding_clear(&encoding);
    free(rows);
    return status;
}

static tyto_status add_pictures(const tyto_inputs_source *source, const char *name,
                                const tyto_image *pictures, size_t count, tyto_inputs *inputs,
                                tyto_error *err)
{
    int64_t shape[3], other[3], size = 0;
    size_t elements = 0;
    tyto_image_processor_shape(source->processor, pictures[0].width_px, pictures[0].height_px,
                               shape);
    for (size_t i = 1; i < count; i++) {
        tyto_image_processor_shape(source->processor, pictures[i].width_px, pictures[i].height_px,
                                   other);
        if (memcmp(shape, other, sizeof(shape)) != 0) {
            return tyto_fail(err, TYTO_E_SHAPE,
                             "%s: picture %zu becomes %lldx%lld, required %lldx%lld as the first",
                             name, i, (long long)other[2], (long long)other[1], (long long)shape[2],
                             (long long)shape[1]);
        }
    }
    if (!tyto_mul_i64(shape[0] * shape[1], shape[2], &size) ||
        !tyto_mul_size((size_t)size, count, &elements)) {
        return tyto_fail(err, TYTO_E_LIMIT, "%s: too large together", name);
    }
    float *values = tyto_alloc(elements, sizeof(*values));
    if (!values) {
        return tyto_fail_memory(err, name);
    }
    inputs->tensors[inputs->count++] =
        (tyto_tensor){.name = name,
                      .dtype = TYTO_F32,
                      .rank = 4,
                      .shape = {(int64_t)count, shape[0], shape[1], shape[2]},
                      .data = values};
    for (size_t i = 0; i < count; i++) {
        TYTO_TRY(tyto_image_processor_run(source->processor, source->engine, &pictures[i],
                                          values + i * (size_t)size, err));
    }
    return TYTO_OK;
}

tyto_status tyto_inputs_make(const tyto_inputs_source *source, tyto_inputs *out, tyto_error *err)
{
    tyto_inputs_source own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, source);
    TYTO_REQUIRE(err, out);
    *out = (tyto_inputs){0};
    tyto_inputs_source_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), source, "tyto_inputs_source", err));
    source = &own;
    tyto_status status = check(source, err);
    if (status == TYTO_OK && source->n_texts > 0) {
        status = add_texts(source, out, err);
    }
    if (status == TYTO_OK && source->n_query_images > 0) {
        status = add_pictures(source, "query_pixel_values", source->query_images,
                              (size_t)source->n_query_images, out, err);
    }
    if (status == TYTO_OK && source->n_images > 0) {
        status = add_pictures(source, "pixel_values", source->images, (size_t)source->n_images, out,
                              err);
    }
    if (status != TYTO_OK) {
        tyto_inputs_clear(out);
    }
    return status;
}

void tyto_inputs_clear(tyto_inputs *inputs)
{
    for (int64_t i = 0; inputs && i < inputs->count; i++) {
        free(inputs->tensors[i].data);
    }
    if (inputs) {
        *inputs = (tyto_inputs){0};
    }
}
