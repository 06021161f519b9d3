/* tyto preprocess: photos as the network takes them. */
#include <stdlib.h>
#include <sys/stat.h>
#include <tyto/files.h>
#include <tyto/memory.h>
#include <tyto/tensor.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "photo_reader.h"
#include "processor.h"
#include "signals.h"

typedef struct preprocess_args {
    common_args common;
    const char *output, *texts_file;
    text_list texts, queries;
    bool batch, truncate, resume;
    int64_t max_length;
    processor_args processor;
} preprocess_args;

typedef struct job {
    const preprocess_args *args;
    text_list photos;
    char *folder; /* the model's */
    tyto_engine *engine;
    const tyto_image_processor *processor; /* NULL: there are no pictures */
    tyto_tensor *tensors;     /* of photos one by one: data is owned, but of those done before */
    tyto_tensor_file *before; /* what an earlier run left; NULL: nothing */
    bool *done;               /* photos that it has */
} job;

/* Whether the inputs of 'tyto forward' are asked for, together. */
static bool is_batch(const preprocess_args *args)
{
    return args->batch || args->texts.count > 0 || args->texts_file || args->queries.count > 0;
}

/* Adds a photo's tensor [3,H,W]. */
static tyto_status add_photo(void *context, tyto_batch_photo *photo, tyto_error *err)
{
    job *j = context;
    const tyto_image *image = photo->image;
    tyto_tensor tensor = {.dtype = TYTO_F32, .rank = 3};
    tyto_image_processor_shape(j->processor, image->width_px, image->height_px, tensor.shape);
    tensor.data = take((size_t)tyto_tensor_elements(&tensor), sizeof(float));
    const double began = seconds_now();
    const tyto_status status =
        tyto_image_processor_run(j->processor, j->engine, image, tensor.data, err);
    if (status != TYTO_OK) {
        free(tensor.data);
        return status;
    }
    say_info("%s: %lld x %lld to %lld x %lld in %.3f s", photo->path, (long long)image->width_px,
             (long long)image->height_px, (long long)tensor.shape[2], (long long)tensor.shape[1],
             seconds_now() - began);
    tensor.name = path_base(photo->path);
    j->tensors[photo->index] = tensor;
    return TYTO_OK;
}

static bool save(const job *j, const tyto_tensor *tensors, int64_t count)
{
    tyto_error err = TYTO_ERROR_INIT;
    return went_well(tyto_tensor_file_save(j->args->output, tensors, count, &err), &err);
}

/* Tensors of photos that the earlier run has. */
static bool take_back(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    struct stat info;
    j->tensors = take(j->photos.count, sizeof(*j->tensors));
    j->done = take(j->photos.count, sizeof(*j->done));
    if (!j->args->resume || stat(j->args->output, &info) != 0) {
        return true;
    }
    const bool good = went_well(tyto_tensor_file_open(j->args->output, &j->before, &err), &err);
    for (size_t i = 0; good && i < j->photos.count; i++) {
        const tyto_tensor *held = tyto_tensor_file_find(j->before, path_base(j->photos.items[i]));
        j->done[i] = held != NULL;
        j->tensors[i] = held ? *held : (tyto_tensor){0};
    }
    return good;
}

static bool write_photos(job *j)
{
    int64_t count = 0;
    bool good = take_back(j);
    photos_run run = {.done = j->done};
    if (good) {
        photos_each(&run, &j->photos, add_photo, j);
        good = run.good;
    }
    tyto_tensor *there = take(j->photos.count, sizeof(*there));
    for (size_t i = 0; i < j->photos.count; i++) {
        if (j->tensors[i].name) {
            there[count++] = j->tensors[i];
        }
    }
    if (run.summary.done > 0) {
        good = save(j, there, count) && good;
    }
    for (size_t i = 0; i < j->photos.count; i++) {
        free(j->done[i] ? NULL : j->tensors[i].data);
    }
    free(there);
    free(j->tensors);
    free(j->done);
    tyto_tensor_file_destroy(j->before);
    return good;
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

/* What -t and --texts say: -t is for every photo, or a list of rows when there is none. */
static bool list_texts(const preprocess_args *args, tyto_text_lists *read, tyto_text_list *repeated,
                       tyto_inputs_source *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    *repeated = (tyto_text_list){TEXTS(&args->texts)};
    out->shared_texts = repeated->count > 0;
    out->texts = repeated;
    out->n_texts = out->shared_texts;
    if (args->texts_file && out->shared_texts) {
        say_error("--texts: got --text too, required either");
        return false;
    }
    if (args->texts_file) {
        if (!went_well(tyto_text_lists_read(args->texts_file, read, &err), &err)) {
            return false;
        }
        out->texts = read->items;
        out->n_texts = read->count;
    }
    return true;
}

/* Makes and saves the tensors; the source lacks only the tokenizer. */
static bool write_inputs(const job *j, tyto_inputs_source *source)
{
    const preprocess_args *args = j->args;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tokenizer *tokenizer = NULL;
    tyto_inputs inputs = {.count = 0};
    tyto_encode_options cut;
    tyto_encode_options_init(&cut, sizeof(cut));
    cut.padding = TYTO_PADDING_MAX_LENGTH;
    cut.truncation = args->truncate ? TYTO_TRUNCATION_LONGEST_FIRST : TYTO_TRUNCATION_NONE;
    cut.max_length = args->max_length;
    source->encode = args->truncate || args->max_length > 0 ? &cut : NULL;
    tyto_status status = TYTO_OK;
    if (source->n_texts > 0) {
        status = tyto_tokenizer_open(j->folder, &tokenizer, &err);
        source->tokenizer = tokenizer;
    }
    if (status == TYTO_OK) {
        status = tyto_inputs_make(source, &inputs, &err);
    }
    const bool good = went_well(status, &err) && save(j, inputs.tensors, inputs.count);
    tyto_inputs_clear(&inputs);
    tyto_tokenizer_destroy(tokenizer);
    return good;
}

static bool write_batch(const job *j)
{
    const text_list *queries = &j->args->queries;
    tyto_text_lists read = {0};
    tyto_text_list repeated;
    tyto_inputs_source source;
    tyto_inputs_source_init(&source, sizeof(source));
    bool good = list_texts(j->args, &read, &repeated, &source);
    tyto_image *images = load_all(&j->photos, &good), *examples = load_all(queries, &good);
    source.processor = j->processor;
    source.engine = j->engine;
    source.images = images;
    source.n_images = (int64_t)j->photos.count;
    source.query_images = examples;
    source.n_query_images = (int64_t)queries->count;
    good = good && write_inputs(j, &source);
    drop_all(images, j->photos.count);
    drop_all(examples, queries->count);
    tyto_text_lists_clear(&read);
    return good;
}

static int run(void *given)
{
    const preprocess_args *args = given;
    tyto_error err = TYTO_ERROR_INIT;
    job j = {.args = args};
    tyto_image_processor *own = NULL;
    processor_choice choice;
    int code = EXIT_USAGE;
    const bool together = is_batch(args), photoless = args->common.operands.count == 0;
    if (photoless && (!together || args->batch)) {
        say_error("no photo: required IMAGE, a folder, or -");
        return EXIT_USAGE;
    }
    if (!args->output) {
        say_error("nowhere to write: required -o FILE.safetensors");
        return EXIT_USAGE;
    }
    if (!output_holds_tensors("-o", args->output) || !processor_read(&args->processor, &choice)) {
        return EXIT_USAGE;
    }
    const bool all_there = photoless || list_photos(&args->common.operands, &j.photos);
    if (!together &&
        !went_well(tyto_paths_check_names(TEXTS(&j.photos), "the tensor", &err), &err)) {
        goto cleanup;
    }
    code = EXIT_FAILED;
    if ((j.photos.count == 0 && !photoless) || (together && !all_there) ||
        !output_check_file(args->output)) {
        goto cleanup;
    }
    j.folder = model_folder(&args->common);
    j.engine = j.folder ? engine_open(&args->common) : NULL;
    if (!j.engine) {
        goto cleanup;
    }
    const bool pictures = j.photos.count + args->queries.count > 0;
    if (pictures && !went_well(tyto_image_processor_open(j.folder, &own, &err), &err)) {
        goto cleanup;
    }
    j.processor = pictures ? processor_make(&choice, own) : NULL;
    if ((j.processor || !pictures) && (together ? write_batch(&j) : write_photos(&j)) &&
        all_there) {
        code = EXIT_DONE;
    }
cleanup:
    processor_drop(&choice);
    tyto_image_processor_destroy(own);
    tyto_engine_destroy(j.engine);
    tyto_free(j.folder);
    text_list_clear(&j.photos);
    return code;
}

#define AT(field) offsetof(preprocess_args, field)
static const option options[] = {
    {"output", 'o', OPTION_TEXT, "FILE", "the .safetensors file to write (required)", AT(output),
     .files = WRITES_FILES},
    {"batch", 0, OPTION_FLAG, NULL,
     "write the inputs of 'tyto forward': pixel_values [n,3,H,W] of all photos together; so do the "
     "next three",
     AT(batch)},
    {"text", 't', OPTION_TEXTS, "TEXT",
     "a text for every photo, in input_ids and attention_mask; repeat it", AT(texts)},
    {"texts", 0, OPTION_TEXT, "FILE",
     "texts as JSON: a list of lists, one for each photo, of any lengths, or one list of rows; - "
     "is "
     "standard input",
     AT(texts_file), .files = COMPLETES_FILES},
    {"query", 'q', OPTION_TEXTS, "IMAGE",
     "an example for a photo, in query_pixel_values; repeat it", AT(queries),
     .files = COMPLETES_FILES},
    {"truncate", 0, OPTION_FLAG, NULL, "cut texts to the length that the model takes", AT(truncate),
     .needs = "text/texts"},
    {"max-length", 0, OPTION_INTEGER, "N", "that length, instead of what the model says",
     AT(max_length), 1, 1e6, .needs = "text/texts"},
    {"resume", 0, OPTION_FLAG, NULL,
     "go on where an earlier run was ended: photos that -o's file has tensors of are left out",
     AT(resume), .needs = "!batch/text/texts/query"},
    PROCESSOR_OPTIONS(preprocess_args, processor),
    CROP_OPTIONS(preprocess_args, processor),
    PHOTO_OPTIONS,
    {0},
};

static const example examples[] = {
    {"tyto preprocess photo.jpg -o pixels.safetensors",
     "a tensor named photo.jpg, for the model that comes with tyto"},
    {"tyto preprocess -m google/owlv2-base-patch16-ensemble shots/ -o pixels.safetensors",
     "all photos of a folder, as that checkpoint takes them"},
    {"tyto preprocess photo.jpg --size 512x512 --pad off --normalize off -o pixels.safetensors",
     "another size, without padding, values from 0 to 1"},
    {"tyto preprocess photo.jpg -t \"a cat\" -t \"a dog\" -o in.safetensors",
     "what the network looks for, and where: all that 'tyto forward' needs"},
    {"tyto preprocess a.jpg b.jpg --texts texts.json -o in.safetensors",
     "other texts for each photo: [[\"a cat\", \"a dog\"], [\"a bird\"]]"},
    {"tyto preprocess photo.jpg -q cup.jpg -o in.safetensors",
     "for the head Owlv2ForObjectDetection.image_guided_detection"},
    {0},
};

const command cmd_preprocess = {
    .name = "preprocess",
    .summary = "turn photos and texts into the network's inputs",
    .synopsis = "[IMAGE...] [-t TEXT...] [-q IMAGE...] -o FILE [option...]",
    .operands = "IMAGE",
    .description =
        "Does what the model's preprocessor_config.json says (by its class: rescale, pad to a "
        "square, resize, normalise; or crop the centre, resize, rescale, normalise) and writes a "
        "float tensor [3,H,W] for each photo, named by the photo's base name. Options change "
        "single steps. Two photos of the same base name are an error before any work.\n"
        "\n"
        "With texts or examples, or with --batch, the tensors are those that 'tyto forward' takes: "
        "input_ids and attention_mask, filled up to the tokenizer's length, query_pixel_values and "
        "pixel_values. Texts of a photo that has fewer than another are filled up with the text "
        "' ', as the reference does. A photo that can't be read then ends the run. (-q is --query "
        "here; --quiet has no short form.)\n"
        "\n"
        "Of the model only preprocessor_config.json and the tokenizer's files are read.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(preprocess_args),
    .run = run,
};
