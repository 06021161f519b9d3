#include "queries.h"

#include <stdlib.h>
#include <string.h>

#include "inputs.h"
#include "messages.h"

int queries_read(const text_list *words, int rule, tyto_vocabulary_builder *builder,
                 picture_queries *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    *out = (picture_queries){.builder = builder};
    for (size_t i = 0; i < words->count; i++) {
        const tyto_status status = tyto_vocabulary_builder_add_words(builder, words->items[i],
                                                                     (tyto_query_rule)rule, &err);
        if (status == TYTO_E_ARGUMENT) {
            say_error("--%s", tyto_error_message(&err));
            tyto_error_clear(&err);
            return EXIT_USAGE;
        }
        if (status != TYTO_OK) {
            say_tyto_error(&err);
            return EXIT_FAILED;
        }
    }
    for (int64_t i = 0; i < tyto_vocabulary_builder_photo_count(builder); i++) {
        const char *photo = tyto_vocabulary_builder_photo(builder, i);
        text_list_add(&out->photos, photo, strlen(photo));
    }
    return EXIT_DONE;
}

/* What was chosen in a photo: said, and drawn if that is wanted. */
static bool show_chosen(picture_queries *queries, const char *photo, tyto_image *image)
{
    const int64_t count = tyto_vocabulary_builder_example_count(queries->builder);
    tyto_detection *boxes = take((size_t)count, sizeof(*boxes));
    tyto_detections chosen = {.items = boxes};
    text_list labels = {0};
    for (int64_t i = 0; i < count; i++) {
        const char *const *names;
        int64_t n_names;
        tyto_example_note note;
        if (tyto_vocabulary_builder_note(queries->builder, i, &note, NULL) != TYTO_OK ||
            tyto_vocabulary_builder_labels(queries->builder, &names, &n_names, NULL) != TYTO_OK) {
            out_of_memory();
        }
        const char *label = names[note.label_index];
        text_list_add(&labels, label, strlen(label));
        if (strcmp(note.photo, photo) == 0) {
            say_info("query '%s': %s, box %.1f,%.1f,%.1f,%.1f, objectness %.3f, overlap %.3f",
                     label, photo, (double)note.box.xmin, (double)note.box.ymin,
                     (double)note.box.xmax, (double)note.box.ymax, (double)note.objectness,
                     (double)note.overlap);
            boxes[chosen.count++] =
                (tyto_detection){.box = note.box, .score = note.objectness, .label_index = i};
        }
    }
    const bool good =
        !queries->draw.path || drawing_write(&queries->draw, photo, image, &chosen, &labels);
    text_list_clear(&labels);
    free(boxes);
    return good;
}

static bool embed_photo(picture_queries *queries, const opened *with,
                        const tyto_embed_options *options, size_t index)
{
    const char *photo = queries->photos.items[index];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    bool good = load_photo(photo, &image);
    if (good &&
        tyto_vocabulary_builder_embed_examples(queries->builder, with->session, (int64_t)index,
                                               &image, options, &err) != TYTO_OK) {
        say_error("%s: %s", photo, tyto_error_message(&err));
        tyto_error_clear(&err);
        good = false;
    }
    good = good && show_chosen(queries, photo, &image);
    tyto_image_clear(&image);
    return good;
}

bool queries_embed(picture_queries *queries, const opened *with, const tyto_embed_options *options)
{
    bool good = true;
    for (size_t i = 0; good && i < queries->photos.count; i++) {
        good = embed_photo(queries, with, options, i);
    }
    return drawing_end(&queries->draw) && good;
}

void queries_clear(picture_queries *queries)
{
    text_list_clear(&queries->photos);
    *queries = (picture_queries){0};
}
