#include "batch.h"

#include <stdlib.h>
#include <string.h>
#include <tyto/files.h>

#include "inputs.h"
#include "messages.h"

bool batch_wanted(const batch_args *args)
{
    return args->batch || args->texts.count > 0 || args->texts_file || args->queries.count > 0;
}

/* What -t and --texts say. */
typedef struct given_texts {
    tyto_text_lists read; /* of the file */
    tyto_text_list *repeated;
    const tyto_text_list *lists;
    int64_t count;
} given_texts;

/* -t is for every photo, so each has the same list; without photos it is one of rows. */
static bool list_texts(const batch_args *args, size_t photos, given_texts *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    *out = (given_texts){.count = 0};
    if (args->texts_file && args->texts.count > 0) {
        say_error("--texts: got --text too, required either");
        return false;
    }
    if (args->texts_file) {
        if (tyto_text_lists_read(args->texts_file, &out->read, &err) != TYTO_OK) {
            say_tyto_error(&err);
            return false;
        }
        out->lists = out->read.items;
        out->count = out->read.count;
    } else if (args->texts.count > 0) {
        out->count = photos > 0 ? (int64_t)photos : 1;
        out->lists = out->repeated = take((size_t)out->count, sizeof(*out->repeated));
        for (int64_t i = 0; i < out->count; i++) {
            out->repeated[i] = (tyto_text_list){(const char *const *)args->texts.items,
                                                (int64_t)args->texts.count};
        }
    }
    return true;
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
        status = tyto_tensor_file_save(output, inputs.tensors, inputs.count, &err);
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
    tyto_inputs_source source;
    given_texts texts;
    tyto_encode_options cut;
    tyto_encode_options_init(&cut, sizeof(cut));
    cut.padding = TYTO_PADDING_MAX_LENGTH;
    cut.truncation = args->truncate ? TYTO_TRUNCATION_LONGEST_FIRST : TYTO_TRUNCATION_NONE;
    cut.max_length = args->max_length;
    bool good = list_texts(args, photos->count, &texts);
    tyto_image *images = load_all(photos, &good), *queries = load_all(&args->queries, &good);
    if (good && texts.count > 0 && tyto_tokenizer_open(folder, &tokenizer, &err) != TYTO_OK) {
        say_tyto_error(&err);
        good = false;
    }
    tyto_inputs_source_init(&source, sizeof(source));
    source.texts = texts.lists;
    source.n_texts = texts.count;
    source.tokenizer = tokenizer;
    source.encode = args->truncate || args->max_length > 0 ? &cut : NULL;
    source.images = images;
    source.n_images = (int64_t)photos->count;
    source.query_images = queries;
    source.n_query_images = (int64_t)args->queries.count;
    source.processor = processor;
    source.engine = engine;
    good = good && make_and_save(&source, output);
    drop_all(images, photos->count);
    drop_all(queries, args->queries.count);
    tyto_tokenizer_destroy(tokenizer);
    tyto_text_lists_clear(&texts.read);
    free(texts.repeated);
    return good;
}
