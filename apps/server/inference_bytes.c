#include "inference_bytes.h"

#include <stdlib.h>
#include <string.h>
#include <tyto/signature.h>

/* ---------------------------------------------------------------------------------- reading */

static bool begin(work *job, const char *name, int64_t count, byte_strings *out)
{
    enum { MOST = 1 << 20 };
    *out = (byte_strings){0};
    if (count < 1 || count > MOST) {
        reply_error(job->x, 400, "%s: required 1 to %d texts or pictures", name, MOST);
        return false;
    }
    out->items = calloc((size_t)count, sizeof(*out->items));
    out->lengths_bytes = calloc((size_t)count, sizeof(*out->lengths_bytes));
    if (!out->items || !out->lengths_bytes) {
        reply_error(job->x, 503, "out of memory");
        return false;
    }
    return true;
}

static bool all_there(work *job, const char *name, bool good, int64_t count)
{
    if (!good) {
        reply_error(job->x, 400, "%s: required %lld elements of BYTES", name, (long long)count);
    }
    return good;
}

bool byte_strings_read(work *job, const char *name, const json_t *data, int64_t count,
                       byte_strings *out)
{
    if (!begin(job, name, count, out)) {
        return false;
    }
    bool good = json_array_size(data) == (size_t)count;
    for (; good && out->count < count; out->count++) {
        const json_t *one = json_array_get(data, (size_t)out->count);
        out->items[out->count] = json_string_value(one);
        out->lengths_bytes[out->count] = json_string_length(one);
        good = json_is_string(one);
    }
    return all_there(job, name, good, count);
}

bool byte_strings_split(work *job, const char *name, const char *bytes, size_t length_bytes,
                        int64_t count, byte_strings *out)
{
    if (!begin(job, name, count, out)) {
        return false;
    }
    const unsigned char *at = (const unsigned char *)bytes;
    bool good = true;
    for (; good && out->count < count; out->count++) {
        good = length_bytes >= 4;
        const size_t length =
            good ? (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24
                 : 0;
        good = good && length <= length_bytes - 4;
        if (good) {
            out->items[out->count] = (const char *)at + 4;
            out->lengths_bytes[out->count] = length;
            at += 4 + length;
            length_bytes -= 4 + length;
        }
    }
    return all_there(job, name, good && length_bytes == 0, count);
}

void byte_strings_clear(byte_strings *strings)
{
    free(strings->items);
    free(strings->lengths_bytes);
    *strings = (byte_strings){0};
}

/* ----------------------------------------------------------------------------------- making */

/* Makes the tensors, the first of which gets the input's name. */
static bool make(work *job, const char *name, const tyto_inputs_source *source, tyto_inputs *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (!work_went(job, tyto_inputs_make(source, out, &err), &err)) {
        return false;
    }
    out->tensors[0].name = name;
    return true;
}

static bool make_texts(work *job, const char *name, const byte_strings *strings, tyto_inputs *out)
{
    tyto_inputs_source source;
    tyto_encode_options encode;
    char **texts = calloc((size_t)strings->count, sizeof(*texts));
    bool good = texts != NULL;
    for (int64_t i = 0; good && i < strings->count; i++) {
        texts[i] = strndup(strings->items[i], strings->lengths_bytes[i]);
        good = texts[i] && strlen(texts[i]) == strings->lengths_bytes[i];
    }
    if (good) {
        const tyto_text_list list = {.items = (const char *const *)texts, .count = strings->count};
        tyto_inputs_source_init(&source, sizeof(source));
        source.texts = &list;
        source.n_texts = 1;
        source.tokenizer = tyto_model_tokenizer(job->served->model);
        if (tyto_tokenizer_kind_of(source.tokenizer) == TYTO_TOKENIZER_KIND_BYTES) {
            /* Its length is the published checkpoint's, whatever positions this one has. */
            tyto_encode_options_init(&encode, sizeof(encode));
            encode.padding = TYTO_PADDING_LONGEST;
            source.encode = &encode;
        }
        good = make(job, name, &source, out);
    } else {
        reply_error(job->x, texts ? 422 : 503,
                    texts ? "%s: required texts without a NUL" : "%s: out of memory", name);
    }
    for (int64_t i = 0; texts && i < strings->count; i++) {
        free(texts[i]);
    }
    free(texts);
    return good;
}

/* Adds a picture to those before, which are of its size; decoded one by one, since a small file can
 * be a large picture. */
static bool add_picture(work *job, const char *name, tyto_image *image, tyto_inputs *out)
{
    tyto_inputs_source source;
    tyto_inputs one = {0};
    tyto_tensor *all = &out->tensors[0];
    tyto_inputs_source_init(&source, sizeof(source));
    source.images = image;
    source.n_images = 1;
    source.processor = tyto_model_image_processor(job->served->model);
    source.engine = job->server->models.engine;
    if (out->count == 0) {
        return make(job, name, &source, out);
    }
    bool good = make(job, name, &source, &one);
    if (good && memcmp(all->shape + 1, one.tensors[0].shape + 1, 3 * sizeof(*all->shape)) != 0) {
        reply_error(job->x, 422, "%s: the pictures become different sizes", name);
        good = false;
    }
    const size_t more = good ? sizeof(float) * (size_t)tyto_tensor_elements(&one.tensors[0]) : 0;
    char *grown = good ? realloc(all->data, more * (size_t)(all->shape[0] + 1)) : NULL;
    if (grown) {
        memcpy(grown + more * (size_t)all->shape[0], one.tensors[0].data, more);
        all->data = grown;
        all->shape[0]++;
    } else if (good) {
        reply_error(job->x, 503, "out of memory");
    }
    tyto_inputs_clear(&one);
    return grown != NULL;
}

static bool make_pictures(work *job, const char *name, const byte_strings *strings,
                          tyto_inputs *out)
{
    enum { MOST = 64 };
    bool good = strings->count <= MOST;
    if (!good) {
        reply_error(job->x, 422, "%s: required %d pictures at most", name, MOST);
    }
    for (int64_t i = 0; good && i < strings->count; i++) {
        tyto_image image = {0};
        good = work_picture(job, strings->items[i], strings->lengths_bytes[i], &image) &&
               add_picture(job, name, &image, out);
        tyto_image_clear(&image);
    }
    return good;
}

bool byte_strings_make(work *job, const char *head, const char *name, const byte_strings *strings,
                       tyto_inputs *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_signature *signature = NULL;
    const tyto_tensor *input = NULL;
    *out = (tyto_inputs){0};
    const tyto_status status = tyto_signature_create(job->served->model, head, &signature, &err);
    for (int64_t i = 0; status == TYTO_OK && i < tyto_signature_input_count(signature); i++) {
        const tyto_tensor *one = tyto_signature_input(signature, i);
        input = strcmp(one->name, name) == 0 ? one : input;
    }
    const tyto_model *model = job->served->model;
    bool good = false;
    if (input && input->dtype == TYTO_I64 && input->rank == 2 &&
        strcmp(name, "attention_mask") != 0 && tyto_model_tokenizer(model)) {
        good = make_texts(job, name, strings, out);
    } else if (input && input->dtype == TYTO_F32 && input->rank == 4 &&
               tyto_model_image_processor(model)) {
        good = make_pictures(job, name, strings, out);
    } else {
        reply_error(job->x, 400, "%s: the head takes no BYTES here, which are texts or pictures",
                    name);
    }
    tyto_error_clear(&err);
    tyto_signature_destroy(signature);
    return good;
}
