#include "queries.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "inputs.h"
#include "messages.h"
#include "output.h"
#include "search.h"

/* "10,20,200,180" up to `end`. */
static bool read_box(const char *text, const char *end, tyto_box *out)
{
    float numbers[4];
    for (int i = 0; i < 4; i++) {
        char *after;
        numbers[i] = strtof(text, &after);
        if (after == text || after > end || (i < 3 ? *after != ',' : after != end)) {
            return false;
        }
        text = after + 1;
    }
    *out = (tyto_box){numbers[0], numbers[1], numbers[2], numbers[3]};
    return true;
}

static bool exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

/* A folder's or a photo's name without its ending. */
static char *default_label(const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    char *whole = take_text("%.*s", (int)length, path);
    const char *base = path_base(whole);
    const size_t ending = path_is_folder(whole) ? 0 : strlen(path_ending(base));
    char *label = take_text("%.*s", (int)(strlen(base) - ending), base);
    free(whole);
    return label;
}

/* What one word says. */
typedef struct picture_query {
    char *photo, *label;
    bool has_region;
    tyto_box region; /* in pixels of the photo */
    tyto_query_rule rule;
} picture_query;

static void add(picture_queries *to, const char *photo, const picture_query *query)
{
    const tyto_vocabulary_example added = {.picture = photo,
                                           .region = query->has_region ? &query->region : NULL,
                                           .rule = query->rule,
                                           .label = query->label};
    if (tyto_vocabulary_builder_add_example(to->builder, &added, NULL) != TYTO_OK) {
        out_of_memory();
    }
}

/* Adds what a word means, once its parts are known: a photo, or all of a folder. */
static int add_photos(picture_queries *to, const picture_query *query)
{
    text_list operand = {0}, photos = {0};
    int code = EXIT_DONE;
    text_list_add(&operand, query->photo, strlen(query->photo));
    if (query->has_region && path_is_folder(query->photo)) {
        say_error("--query: %s is a folder, required one photo for a box", query->photo);
        code = EXIT_USAGE;
    } else if (!list_photos(&operand, &photos)) {
        code = EXIT_FAILED;
    }
    for (size_t i = 0; code == EXIT_DONE && i < photos.count; i++) {
        add(to, photos.items[i], query);
    }
    text_list_clear(&operand);
    text_list_clear(&photos);
    return code;
}

static int check(const picture_query *query, const char *word)
{
    const tyto_box *box = &query->region;
    if (!*query->photo || !*query->label) {
        say_error("--query: got '%s', required IMAGE[@BOX][=LABEL]", word);
        return EXIT_USAGE;
    }
    if (query->has_region &&
        !(box->xmin < box->xmax && box->ymin < box->ymax && isfinite(box->xmax - box->xmin) &&
          isfinite(box->ymax - box->ymin))) {
        say_error("--query: got the box %g,%g,%g,%g, required left < right and top < bottom",
                  (double)box->xmin, (double)box->ymin, (double)box->xmax, (double)box->ymax);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* The label is what follows the last '=', the box what follows the last '@' before it; a word that
 * names a file as it stands has neither. */
static int read_query(picture_queries *to, tyto_query_rule rule, const char *word)
{
    picture_query query = {.rule = rule};
    const char *end = word + strlen(word);
    if (!exists(word)) {
        const char *equals = strrchr(word, '=');
        if (equals) {
            query.label = take_text("%s", equals + 1);
            end = equals;
        }
        query.photo = take_text("%.*s", (int)(end - word), word);
        const char *at = exists(query.photo) ? NULL : strrchr(query.photo, '@');
        if (at) {
            query.has_region = read_box(at + 1, query.photo + strlen(query.photo), &query.region);
            if (!query.has_region) {
                say_error("--query: got the box '%s', required left,top,right,bottom in pixels",
                          at + 1);
                free(query.photo);
                free(query.label);
                return EXIT_USAGE;
            }
            query.photo[at - query.photo] = '\0';
        }
    } else {
        query.photo = take_text("%s", word);
    }
    if (!query.label) {
        query.label = default_label(query.photo);
    }
    int code = check(&query, word);
    code = code == EXIT_DONE ? add_photos(to, &query) : code;
    free(query.photo);
    free(query.label);
    return code;
}

int queries_read(const text_list *words, int rule, tyto_vocabulary_builder *builder,
                 picture_queries *out)
{
    *out = (picture_queries){.builder = builder};
    for (size_t i = 0; i < words->count; i++) {
        const int code = read_query(out, (tyto_query_rule)rule, words->items[i]);
        if (code != EXIT_DONE) {
            return code;
        }
    }
    for (int64_t i = 0; i < tyto_vocabulary_builder_pictures(builder); i++) {
        const char *photo = tyto_vocabulary_builder_picture(builder, i);
        text_list_add(&out->photos, photo, strlen(photo));
    }
    return EXIT_DONE;
}

/* What was chosen in a photo: said, and drawn if that is wanted. */
static bool show_chosen(picture_queries *queries, const char *photo, tyto_image *image)
{
    const int64_t count = tyto_vocabulary_builder_examples(queries->builder);
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
        const char *label = names[note.label];
        text_list_add(&labels, label, strlen(label));
        if (strcmp(note.photo, photo) == 0) {
            say_info("query '%s': %s, box %.1f,%.1f,%.1f,%.1f, objectness %.3f, overlap %.3f",
                     label, photo, (double)note.box.xmin, (double)note.box.ymin,
                     (double)note.box.xmax, (double)note.box.ymax, (double)note.objectness,
                     (double)note.overlap);
            boxes[chosen.count++] =
                (tyto_detection){.box = note.box, .score = note.objectness, .label = i};
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
        tyto_vocabulary_builder_embed_picture(queries->builder, with->session, (int64_t)index,
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
