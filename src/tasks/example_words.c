/* Examples as people write them: "cup.jpg@10,20,200,180=a cup". */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tyto/vocabulary_builder.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "tasks/files.h"

/* What one word says. */
typedef struct words {
    char *photo, *label;
    bool has_region;
    tyto_box region; /* in pixels of the photo, or in shares of it */
    bool in_shares;
} words;

static bool exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

/* "10,20,200,180" */
static bool read_box(const char *text, tyto_box *out)
{
    float numbers[4];
    for (int i = 0; i < 4; i++) {
        char *after;
        numbers[i] = strtof(text, &after);
        if (after == text || *after != (i < 3 ? ',' : '\0')) {
            return false;
        }
        text = after + 1;
    }
    *out = (tyto_box){numbers[0], numbers[1], numbers[2], numbers[3]};
    return true;
}

/* A folder's or a photo's name without its ending. */
static char *default_label(char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    char *whole = tyto_copy_text(path, length);
    if (!whole) {
        return NULL;
    }
    const char *base = tyto_path_base(whole), *dot = strrchr(base, '.');
    const size_t ending = dot && dot != base && !tyto_folder_exists(whole) ? strlen(dot) : 0;
    char *label = tyto_copy_text(base, strlen(base) - ending);
    free(whole);
    return label;
}

/* Whether shares were meant of which one is too large: a part of a pixel beside a number that is
 * hardly more than 1, and not whole. */
static bool oversteps_shares(const tyto_box *box)
{
    const float numbers[4] = {box->xmin, box->ymin, box->xmax, box->ymax};
    bool part = false, over = false;
    for (int i = 0; i < 4; i++) {
        if (!(numbers[i] >= 0.0F && numbers[i] < 2.0F)) {
            return false;
        }
        part = part || (numbers[i] > 0.0F && numbers[i] < 1.0F);
        over = over || (numbers[i] > 1.0F);
    }
    return part && over;
}

static tyto_status check(const words *said, const char *word, tyto_error *err)
{
    const tyto_box *box = &said->region;
    if (!*said->photo || !*said->label) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "query: got '%s', required IMAGE[@BOX][=LABEL]",
                         word);
    }
    if (said->has_region && !(box->xmin < box->xmax && box->ymin < box->ymax &&
                              isfinite(box->xmax - box->xmin) && isfinite(box->ymax - box->ymin))) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "query: got the box %g,%g,%g,%g, required left < right and top < bottom",
                         (double)box->xmin, (double)box->ymin, (double)box->xmax,
                         (double)box->ymax);
    }
    if (said->has_region && oversteps_shares(box)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "query: got the box %g,%g,%g,%g, but shares are 0 to 1", (double)box->xmin,
                         (double)box->ymin, (double)box->xmax, (double)box->ymax);
    }
    if (said->has_region && tyto_folder_exists(said->photo)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "query: %s is a folder, required one photo for a box", said->photo);
    }
    return TYTO_OK;
}

/* The label is what follows the last '=', the box what follows the last '@' before it; a word that
 * names a file as it stands has neither. */
static tyto_status read_word(const char *word, words *out, tyto_error *err)
{
    const bool is_file = exists(word);
    const char *equals = is_file ? NULL : strrchr(word, '=');
    out->photo = tyto_copy_text(word, equals ? (size_t)(equals - word) : strlen(word));
    if (!out->photo) {
        return tyto_fail_memory(err, "query");
    }
    char *at = is_file || exists(out->photo) ? NULL : strrchr(out->photo, '@');
    if (at) {
        out->has_region = read_box(at + 1, &out->region);
        if (!out->has_region) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "query: got the box '%s', required left,top,right,bottom in pixels, "
                             "or each from 0 to 1 in shares of the photo",
                             at + 1);
        }
        /* In pixels it would lie within the first one. */
        const tyto_box *box = &out->region;
        out->in_shares =
            box->xmin >= 0.0F && box->ymin >= 0.0F && box->xmax <= 1.0F && box->ymax <= 1.0F;
        *at = '\0';
    }
    out->label =
        equals ? tyto_copy_text(equals + 1, strlen(equals + 1)) : default_label(out->photo);
    return out->label ? check(out, word, err) : tyto_fail_memory(err, "query");
}

static void note_error(void *user, tyto_log_level level, const char *message)
{
    (void)level;
    tyto_fail(user, TYTO_E_NOT_FOUND, "%s", message);
}

/* A photo, or all of a folder. */
static tyto_status add_photos(tyto_vocabulary_builder *builder, const words *said,
                              tyto_query_rule rule, tyto_error *err)
{
    tyto_error own = TYTO_ERROR_INIT;
    tyto_file_list photos = {0};
    tyto_file_list_options options;
    tyto_file_list_options_init(&options, sizeof(options));
    options.log = note_error;
    options.log_user = &own;
    const char *operand = said->photo;
    tyto_status status =
        tyto_file_list_make(TYTO_FILE_KIND_PHOTOS, &operand, 1, &options, &photos, err);
    if (status == TYTO_OK && photos.failed > 0) {
        status = tyto_fail(err, TYTO_E_NOT_FOUND, "%s", tyto_error_message(&own));
    }
    for (int64_t i = 0; status == TYTO_OK && i < photos.count; i++) {
        const tyto_vocabulary_example example = {.photo = photos.items[i],
                                                 .region = said->has_region ? &said->region : NULL,
                                                 .in_shares = said->in_shares,
                                                 .rule = rule,
                                                 .label = said->label};
        status = tyto_vocabulary_builder_add_example(builder, &example, err);
    }
    tyto_file_list_clear(&photos);
    tyto_error_clear(&own);
    return status;
}

tyto_status tyto_vocabulary_builder_add_words(tyto_vocabulary_builder *builder, const char *word,
                                              tyto_query_rule rule, tyto_error *err)
{
    words said = {.photo = NULL};
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, word);
    tyto_status status = read_word(word, &said, err);
    if (status == TYTO_OK) {
        status = add_photos(builder, &said, rule, err);
    }
    free(said.photo);
    free(said.label);
    return status;
}
