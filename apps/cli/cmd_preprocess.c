/* tyto preprocess: photos as the network takes them. */
#include <stdlib.h>
#include <string.h>
#include <tyto/memory.h>
#include <tyto/processor.h>
#include <tyto/tensor.h>

#include "batch.h"
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
    const char *output;
    batch_args batch;
    processor_args processor;
} preprocess_args;

/* Adds a photo's tensor [3,H,W]; its name and data are newly allocated. */
static bool add_photo(const tyto_image_processor *processor, tyto_engine *engine,
                      photo_reader *reader, tyto_tensor *out)
{
    const char *photo = reader->photos->items[reader->next];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    if (!photo_reader_next(reader, &image)) {
        return false;
    }
    *out = (tyto_tensor){.name = photo_name(photo), .dtype = TYTO_F32, .rank = 3};
    tyto_image_processor_shape(processor, image.width_px, image.height_px, out->shape);
    out->data = take((size_t)tyto_tensor_elements(out), sizeof(float));
    const double began = seconds_now();
    const bool good =
        tyto_image_processor_run(processor, engine, &image, out->data, &err) == TYTO_OK;
    if (good) {
        say_info("%s: %lld x %lld to %lld x %lld in %.3f s", photo, (long long)image.width_px,
                 (long long)image.height_px, (long long)out->shape[2], (long long)out->shape[1],
                 seconds_now() - began);
    } else {
        say_error("%s: %s", photo, tyto_error_message(&err));
        tyto_error_clear(&err);
    }
    tyto_image_clear(&image);
    return good;
}

static bool preprocess(const preprocess_args *args, const text_list *photos,
                       const tyto_image_processor *processor, tyto_engine *engine)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor *tensors = take(photos->count, sizeof(*tensors));
    photo_reader reader = {.photos = photos};
    size_t count = 0;
    bool good = true;
    for (size_t i = 0; i < photos->count && !interrupted(); i++) {
        progress_show(i, photos->count, photos->items[i]);
        if (add_photo(processor, engine, &reader, &tensors[count])) {
            count++;
        } else {
            free((void *)(uintptr_t)tensors[count].name);
            free(tensors[count].data);
            tensors[count] = (tyto_tensor){0};
            good = false;
        }
    }
    progress_hide();
    photo_reader_end(&reader);
    if (count > 0 && !interrupted() &&
        tyto_tensor_file_save(args->output, tensors, (int64_t)count, &err) != TYTO_OK) {
        say_tyto_error(&err);
        good = false;
    }
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)tensors[i].name);
        free(tensors[i].data);
    }
    free(tensors);
    return good;
}

static int run(void *given)
{
    const preprocess_args *args = given;
    text_list photos = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = NULL;
    tyto_image_processor *own = NULL;
    processor_choice choice;
    char *folder = NULL;
    int code = EXIT_USAGE;
    const bool together = batch_wanted(&args->batch), photoless = args->common.operands.count == 0;
    if (photoless && (!together || args->batch.batch)) {
        say_error("no photo: required IMAGE, a folder, or -");
        return EXIT_USAGE;
    }
    if (!args->output) {
        say_error("nowhere to write: required -o FILE.safetensors");
        return EXIT_USAGE;
    }
    if (!processor_read(&args->processor, &choice)) {
        return EXIT_USAGE;
    }
    const bool all_there = photoless || list_photos(&args->common.operands, &photos);
    if (!together && !check_distinct(&photos, photo_name, "the tensor")) {
        goto cleanup;
    }
    code = EXIT_FAILED;
    if ((photos.count == 0 && !photoless) || (together && !all_there) ||
        !output_check_file(args->output)) {
        goto cleanup;
    }
    folder = model_folder(&args->common);
    engine = folder ? engine_open(&args->common) : NULL;
    if (!engine) {
        goto cleanup;
    }
    const bool pictures = photos.count + args->batch.queries.count > 0;
    if (pictures && tyto_image_processor_open(folder, &own, &err) != TYTO_OK) {
        say_tyto_error(&err);
        goto cleanup;
    }
    const tyto_image_processor *processor = pictures ? processor_make(&choice, own) : NULL;
    if ((processor || !pictures) &&
        (together ? batch_write(&args->batch, &photos, folder, processor, engine, args->output)
                  : preprocess(args, &photos, processor, engine)) &&
        all_there) {
        code = EXIT_DONE;
    }
cleanup:
    processor_drop(&choice);
    tyto_image_processor_destroy(own);
    tyto_engine_destroy(engine);
    tyto_free(folder);
    text_list_clear(&photos);
    return code;
}

#define AT(field) offsetof(preprocess_args, field)
static const option options[] = {
    {"output", 'o', OPTION_TEXT, "FILE", "the .safetensors file to write (required)", AT(output),
     .files = COMPLETES_FILES},
    BATCH_OPTIONS(preprocess_args, batch),
    PROCESSOR_OPTIONS(preprocess_args, processor),
    CROP_OPTIONS(preprocess_args, processor),
    PHOTO_OPTIONS,
    {0},
};

static const example examples[] = {
    {"tyto preprocess photo.jpg -o pixels.safetensors",
     "a tensor named photo.jpg, for the model that comes with tyto"},
    {"tyto preprocess -m owlv2-base-patch16-ensemble shots/ -o pixels.safetensors",
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
        "Does what the model's preprocessor_config.json says (OWLv2: rescale, pad to a square, "
        "resize, normalise; Perceivers: crop the centre, resize, rescale, normalise) and writes a "
        "float tensor [3,H,W] for each photo, named by the photo's base "
        "name. Options change single steps. Two photos of the same base name are an error before "
        "any work.\n"
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
