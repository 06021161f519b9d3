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

static void add(picture_queries *to, const char *photo, const picture_query *like)
{
    bool known = false;
    for (size_t i = 0; i < to->photos.count; i++) {
        known = known || strcmp(to->photos.items[i], photo) == 0;
    }
    if (!known) {
        text_list_add(&to->photos, photo, strlen(photo));
    }
    to->items = take_more(to->items, to->count + 1, sizeof(*to->items));
    to->items[to->count++] = (picture_query){.photo = take_text("%s", photo),
                                             .label = take_text("%s", like->label),
                                             .has_region = like->has_region,
                                             .region = like->region};
}

/* Adds what a word means, once its parts are known: a photo, or all of a folder. */
static int add_photos(picture_queries *to, const picture_query *like)
{
    text_list operand = {0}, photos = {0};
    int code = EXIT_DONE;
    text_list_add(&operand, like->photo, strlen(like->photo));
    if (like->has_region && path_is_folder(like->photo)) {
        say_error("--query: %s is a folder, required one photo for a box", like->photo);
        code = EXIT_USAGE;
    } else if (!list_photos(&operand, &photos)) {
        code = EXIT_FAILED;
    }
    for (size_t i = 0; code == EXIT_DONE && i < photos.count; i++) {
        add(to, photos.items[i], like);
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
static int read_query(picture_queries *to, const char *word)
{
    picture_query query = {.photo = NULL};
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

int queries_read(const text_list *words, int rule, picture_queries *out)
{
    *out = (picture_queries){.rule = rule};
    for (size_t i = 0; i < words->count; i++) {
        const int code = read_query(out, words->items[i]);
        if (code != EXIT_DONE) {
            return code;
        }
    }
    return EXIT_DONE;
}

static tyto_query_rule rule_for(const picture_queries *queries, const picture_query *query)
{
    if (queries->rule == 0) {
        return query->has_region ? TYTO_QUERY_OBJECTNESS : TYTO_QUERY_REFERENCE;
    }
    return (tyto_query_rule)(queries->rule - 1);
}

static void tell(const picture_query *query)
{
    const tyto_query_box *chosen = &query->chosen;
    say_info("query '%s': %s, box %.1f,%.1f,%.1f,%.1f, objectness %.3f, overlap %.3f", query->label,
             query->photo, (double)chosen->box.xmin, (double)chosen->box.ymin,
             (double)chosen->box.xmax, (double)chosen->box.ymax, (double)chosen->objectness,
             (double)chosen->iou);
}

static bool draw(picture_queries *queries, const char *photo, tyto_image *image)
{
    tyto_detection *boxes = take(queries->count, sizeof(*boxes));
    text_list labels = {0};
    size_t count = 0;
    for (size_t i = 0; i < queries->count; i++) {
        const picture_query *query = &queries->items[i];
        text_list_add(&labels, query->label, strlen(query->label));
        if (strcmp(query->photo, photo) == 0) {
            boxes[count++] = (tyto_detection){.box = query->chosen.box,
                                              .score = query->chosen.objectness,
                                              .label = (int64_t)i,
                                              .patch = query->chosen.patch};
        }
    }
    const tyto_detections chosen = {boxes, count};
    const bool good = drawing_write(&queries->draw, photo, image, &chosen, &labels);
    text_list_clear(&labels);
    free(boxes);
    return good;
}

/* All queries of one photo, each into its place of parts. */
static bool embed_photo(picture_queries *queries, const opened *with, const char *photo,
                        tyto_vocabulary **parts)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    tyto_photo *encoded = NULL;
    bool good = load_photo(photo, &image);
    tyto_status status = good ? tyto_photo_create(with->session, &image, &encoded, &err) : TYTO_OK;
    for (size_t i = 0; good && status == TYTO_OK && i < queries->count; i++) {
        picture_query *query = &queries->items[i];
        if (strcmp(query->photo, photo) == 0) {
            status = tyto_photo_query(
                with->session, encoded, query->has_region ? &query->region : NULL,
                rule_for(queries, query), query->label, &query->chosen, &parts[i], &err);
        }
        if (parts[i] && status == TYTO_OK && strcmp(query->photo, photo) == 0) {
            tell(query);
        }
    }
    if (status != TYTO_OK) {
        say_error("%s: %s", photo, tyto_error_message(&err));
        tyto_error_clear(&err);
        good = false;
    }
    good = good && (!queries->draw.path || draw(queries, photo, &image));
    tyto_photo_destroy(encoded);
    tyto_image_clear(&image);
    return good;
}

bool queries_embed(picture_queries *queries, const opened *with, tyto_vocabulary **out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary **parts = take(queries->count, sizeof(*parts));
    bool good = true;
    *out = NULL;
    for (size_t i = 0; good && i < queries->photos.count; i++) {
        good = embed_photo(queries, with, queries->photos.items[i], parts);
    }
    good = drawing_end(&queries->draw) && good;
    if (good && queries->count > 0 &&
        tyto_vocabulary_join((const tyto_vocabulary *const *)parts, queries->count, out, &err) !=
            TYTO_OK) {
        say_tyto_error(&err);
        good = false;
    }
    for (size_t i = 0; i < queries->count; i++) {
        tyto_vocabulary_destroy(parts[i]);
    }
    free(parts);
    return good;
}

void queries_clear(picture_queries *queries)
{
    for (size_t i = 0; i < queries->count; i++) {
        free(queries->items[i].photo);
        free(queries->items[i].label);
    }
    free(queries->items);
    text_list_clear(&queries->photos);
    *queries = (picture_queries){0};
}
