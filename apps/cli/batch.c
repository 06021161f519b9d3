#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "inputs.h"
#include "json.h"
#include "messages.h"

/* Texts of each photo, or one list of rows. */
typedef struct text_lists {
    tyto_text_list *items;
    size_t count;
    json_t *root; /* owns the texts of a file */
} text_lists;

bool batch_wanted(const batch_args *args)
{
    return args->batch || args->texts.count > 0 || args->texts_file || args->queries.count > 0;
}

/* The texts of a JSON list; false when something else is among them. */
static bool read_list(const json_t *list, tyto_text_list *out)
{
    const char **items = take(json_array_size(list), sizeof(*items));
    bool good = true;
    for (size_t i = 0; i < json_array_size(list); i++) {
        items[i] = json_string_value(json_array_get(list, i));
        good = good && items[i];
    }
    *out = (tyto_text_list){items, json_array_size(list)};
    return good;
}

static bool read_json(const char *path, text_lists *out)
{
    json_error_t wrong;
    const bool piped = strcmp(path, "-") == 0;
    if (piped && !input_is_unread()) {
        return false;
    }
    out->root = piped ? json_loadf(stdin, 0, &wrong) : json_load_file(path, 0, &wrong);
    if (!out->root) {
        say_error("%s: %s", path, wrong.text);
        return false;
    }
    const json_t *root = out->root;
    const bool nested = json_is_array(json_array_get(root, 0));
    out->count = nested ? json_array_size(root) : 1;
    out->items = take(out->count, sizeof(*out->items));
    bool good = json_is_array(root);
    for (size_t i = 0; good && i < out->count; i++) {
        const json_t *list = nested ? json_array_get(root, i) : root;
        good = json_is_array(list) && read_list(list, &out->items[i]);
    }
    if (!good) {
        say_error("%s: required a list of texts, or a list of such lists", path);
    }
    return good;
}

/* -t is for every photo, so each has the same list; without photos it is one of rows. */
static void repeat_texts(const text_list *texts, size_t photos, text_lists *out)
{
    out->count = photos > 0 ? photos : 1;
    out->items = take(out->count, sizeof(*out->items));
    for (size_t i = 0; i < out->count; i++) {
        const char **items = take(texts->count, sizeof(*items));
        memcpy(items, texts->items, texts->count * sizeof(*items));
        out->items[i] = (tyto_text_list){items, texts->count};
    }
}

static bool list_texts(const batch_args *args, size_t photos, text_lists *out)
{
    *out = (text_lists){0};
    if (args->texts_file && args->texts.count > 0) {
        say_error("--texts: got --text too, required either");
        return false;
    }
    if (args->texts_file) {
        return read_json(args->texts_file, out);
    }
    if (args->texts.count > 0) {
        repeat_texts(&args->texts, photos, out);
    }
    return true;
}

static void text_lists_clear(text_lists *lists)
{
    for (size_t i = 0; i < lists->count; i++) {
        free((void *)(uintptr_t)lists->items[i].items);
    }
    free(lists->items);
    json_decref(lists->root);
}

/* All pictures; each has its place in the batch, so one that can't be read ends the run. */
static tyto_image *load_all(const text_list *photos, bool *good)
{
    tyto_image *images = take(photos->count, sizeof(*images));
    for (size_t i = 0; i < photos->count && *good; i++) {
        progress_show(i, photos->count, photos->items[i]);
        *good = load_photo(photos->items[i], &images[i]);
    }
    progress_hide();
    return images;
}

static void drop_all(tyto_image *images, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tyto_image_clear(&images[i]);
    }
    free(images);
}

static bool make_and_save(const tyto_inputs_source *source, const char *output)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_inputs inputs;
    tyto_status status = tyto_inputs_make(source, &inputs, &err);
    if (status == TYTO_OK) {
        status = tyto_tensor_file_save(output, inputs.tensors, (int64_t)inputs.count, &err);
    }
    tyto_inputs_clear(&inputs);
    if (status != TYTO_OK) {
        say_tyto_error(&err);
    }
    return status == TYTO_OK;
}

bool batch_write(const batch_args *args, const text_list *photos, const char *folder,
                 const tyto_image_processor *processor, tyto_engine *engine, const char *output)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tokenizer *tokenizer = NULL;
    text_lists texts;
    const tyto_encode_options cut = {.padding = TYTO_PAD_MAX_LENGTH,
                                     .truncation = args->truncate ? TYTO_TRUNCATE_LONGEST_FIRST
                                                                  : TYTO_TRUNCATE_NONE,
                                     .max_length = args->max_length};
    bool good = list_texts(args, photos->count, &texts);
    tyto_image *images = load_all(photos, &good), *queries = load_all(&args->queries, &good);
    if (good && texts.count > 0 && tyto_tokenizer_open(folder, &tokenizer, &err) != TYTO_OK) {
        say_tyto_error(&err);
        good = false;
    }
    if (good) {
        const tyto_inputs_source source = {
            .texts = texts.items,
            .n_texts = texts.count,
            .tokenizer = tokenizer,
            .encode = args->truncate || args->max_length > 0 ? &cut : NULL,
            .images = images,
            .n_images = photos->count,
            .query_images = queries,
            .n_query_images = args->queries.count,
            .processor = processor,
            .engine = engine,
        };
        good = make_and_save(&source, output);
    }
    drop_all(images, photos->count);
    drop_all(queries, args->queries.count);
    tyto_tokenizer_destroy(tokenizer);
    text_lists_clear(&texts);
    return good;
}
