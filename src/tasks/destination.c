/* Where files go that are made of many inputs. */
#include <tyto/destination.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <tyto/files.h>
#include <tyto/output.h>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/options.h"

/* Those of tyto_image_save. */
#define PICTURES ".png|.jpg|.jpeg|.webp"
/* Longest list of endings in a message. */
#define SPELLED_BYTES 128

static const tyto_destination_options defaults = {.struct_bytes = sizeof(defaults)};

/* A call's arguments, with what stands for NULL filled in. */
typedef struct request {
    tyto_destination_options options;
    const char *const *inputs;
    int64_t n_inputs, n_files;
    tyto_destination *out;
    tyto_error *err;
} request;

void tyto_destination_options_init(tyto_destination_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

void tyto_destination_options_init_videos(tyto_destination_options *options, size_t struct_bytes,
                                          const char *const *videos, int64_t n_videos)
{
    tyto_destination_options own = defaults;
    own.endings = ".mp4|.mov|.mkv";
    own.ending = ".mp4";
    own.spared = videos;
    own.n_spared = n_videos;
    tyto_options_init(options, struct_bytes, &own, sizeof(own));
}

/* The ending of a path with its dot, or "". */
static const char *ending_of(const char *path)
{
    const char *base = tyto_path_base(path), *dot = strrchr(base, '.');
    return dot && dot != base ? dot : base + strlen(base);
}

/* Whether the path has one of the endings in "a|b". */
static bool has_ending(const char *path, const char *endings)
{
    const char *ending = ending_of(path);
    const size_t length = strlen(ending);
    while (*endings) {
        const size_t word = strcspn(endings, "|");
        if (word == length && strncasecmp(ending, endings, word) == 0) {
            return true;
        }
        endings += word + (endings[word] == '|');
    }
    return false;
}

/* "a, b or c" of "a|b|c", as far as there is room. */
static void spell_endings(const char *endings, char spelled[SPELLED_BYTES])
{
    size_t length = 0;
    spelled[0] = '\0';
    while (*endings && length < SPELLED_BYTES) {
        const size_t word = strcspn(endings, "|");
        const char *rest = endings + word + (endings[word] == '|');
        const char *joint = length == 0 ? "" : *rest ? ", " : " or ";
        length += (size_t)snprintf(spelled + length, SPELLED_BYTES - length, "%s%.*s", joint,
                                   (int)word, endings);
        endings = rest;
    }
}

/* The name of an input's file; NULL when memory is out. */
static char *name_of(const tyto_destination *destination, const char *input, int64_t frame)
{
    const bool keeps = !destination->ending;
    const char *base =
        keeps && strcmp(input, "-") == 0 ? "stdin" : tyto_path_below(destination->mirrored, input);
    const char *ending = destination->ending;
    size_t stem = strlen(base), bytes;
    char number[24] = "";
    if (keeps) {
        ending = has_ending(base, destination->endings) ? "" : destination->endings;
    } else {
        stem -= strlen(ending_of(base));
    }
    if (frame >= 0) {
        snprintf(number, sizeof(number), "_%06lld", (long long)frame);
    }
    const size_t word = strcspn(ending, "|");
    bytes = stem + sizeof(number) + word + 1;
    char *name = tyto_alloc(bytes, 1);
    if (name) {
        snprintf(name, bytes, "%.*s%s%.*s", (int)stem, base, number, (int)word, ending);
    }
    return name;
}

char *tyto_destination_path(const tyto_destination *destination, const char *input, int64_t frame)
{
    if (!destination || !destination->path || !input) {
        return NULL;
    }
    if (!destination->in_folder) {
        return tyto_copy_text(destination->path, strlen(destination->path));
    }
    char *name = name_of(destination, input, frame);
    char *path = name ? tyto_path_join(destination->path, name) : NULL;
    free(name);
    return path;
}

bool tyto_destination_has(const tyto_destination *destination, const char *input)
{
    char *path = tyto_destination_path(destination, input, -1);
    const bool there = path && tyto_file_exists(path);
    free(path);
    return there;
}

/* Makes the folders within the place that inputs have, each once where they come in order. */
static tyto_status make_folders(const request *asked)
{
    const tyto_destination *out = asked->out;
    const char *last = "";
    size_t last_bytes = 0;
    for (int64_t i = 0; out->mirrored && i < asked->n_files; i++) {
        const char *name = tyto_path_below(out->mirrored, asked->inputs[i]);
        const size_t bytes = (size_t)(tyto_path_base(name) - name);
        if (bytes > 0 && (bytes != last_bytes || memcmp(name, last, bytes) != 0)) {
            TYTO_TRY(tyto_folder_make_within(out->path, name, asked->err));
            last = name;
            last_bytes = bytes;
        }
    }
    return TYTO_OK;
}

/* Whether the path is a folder or a file. */
static tyto_status check_path(const request *asked)
{
    const tyto_destination_options *options = &asked->options;
    tyto_destination *out = asked->out;
    char spelled[SPELLED_BYTES];
    const bool several = options->folder || asked->n_files > 1;
    if (!*out->path) {
        return tyto_fail(asked->err, TYTO_E_ARGUMENT,
                         "%s: got an empty name, required a file or a folder", options->name);
    }
    const bool is_folder = out->path[strlen(out->path) - 1] == '/' || tyto_folder_exists(out->path);
    const bool is_file = has_ending(out->path, out->endings);
    if (several && !is_folder && is_file && options->input) {
        return tyto_fail(asked->err, TYTO_E_ARGUMENT,
                         "%s: got '%s' for %lld %ss, required a folder", options->name, out->path,
                         (long long)asked->n_inputs, options->input);
    }
    if (several && !is_folder && is_file) {
        return tyto_fail(asked->err, TYTO_E_ARGUMENT,
                         "%s: got the file '%s' for more than one, required a folder",
                         options->name, out->path);
    }
    out->in_folder = several || is_folder;
    if (!out->in_folder && !is_file) {
        spell_endings(out->endings, spelled);
        return tyto_fail(asked->err, TYTO_E_ARGUMENT,
                         "%s: got '%s', required a name that ends in %s, or a folder",
                         options->name, out->path, spelled);
    }
    return TYTO_OK;
}

/* No two inputs may have one file. */
static tyto_status check_names(const request *asked)
{
    const int64_t count = asked->n_inputs;
    int64_t first = -1, second = -1;
    tyto_status status = TYTO_OK;
    char **names = tyto_alloc_zeroed((size_t)count, sizeof(*names));
    bool good = names != NULL;
    for (int64_t i = 0; good && i < count; i++) {
        names[i] = name_of(asked->out, asked->inputs[i], -1);
        good = names[i] != NULL;
        if (names[i] && asked->out->ending) {
            names[i][strlen(names[i]) - strlen(asked->out->ending)] = '\0';
        }
    }
    status =
        good ? tyto_names_find_same((const char *const *)names, count, &first, &second, asked->err)
             : tyto_fail_memory(asked->err, asked->options.name);
    if (first >= 0) {
        status = tyto_fail(asked->err, TYTO_E_ARGUMENT,
                           "%s and %s: both would be %s '%s', required different names",
                           asked->inputs[first], asked->inputs[second], asked->options.made,
                           names[first]);
    }
    for (int64_t i = 0; names && i < count; i++) {
        free(names[i]);
    }
    free(names);
    return status;
}

/* Fails when the file that would be written is one of the spared. */
static tyto_status check_spares(const request *asked, const char *path)
{
    const tyto_destination_options *options = &asked->options;
    struct stat here, there;
    if (stat(path, &here) != 0) {
        return TYTO_OK;
    }
    for (int64_t i = 0; i < options->n_spared; i++) {
        if (stat(options->spared[i], &there) != 0 || here.st_dev != there.st_dev ||
            here.st_ino != there.st_ino) {
            continue;
        }
        return options->input ? tyto_fail(asked->err, TYTO_E_ARGUMENT,
                                          "%s: %s is the %s itself, required another place",
                                          options->name, path, options->input)
                              : tyto_fail(asked->err, TYTO_E_ARGUMENT,
                                          "%s: %s is one of the inputs, required another place",
                                          options->name, path);
    }
    return TYTO_OK;
}

static tyto_status check_all(const request *asked)
{
    const char *place = asked->out->path;
    tyto_status status = TYTO_OK;
    TYTO_TRY(check_path(asked));
    if (asked->out->in_folder) {
        TYTO_TRY(check_names(asked));
        TYTO_TRY(tyto_output_make_folder(place, asked->err));
        TYTO_TRY(make_folders(asked));
    } else {
        TYTO_TRY(tyto_output_check_file(place, asked->err));
    }
    for (int64_t i = 0; i < asked->n_files && status == TYTO_OK; i++) {
        char *path = tyto_destination_path(asked->out, asked->inputs[i], -1);
        status =
            path ? check_spares(asked, path) : tyto_fail_memory(asked->err, asked->options.name);
        free(path);
    }
    return status;
}

tyto_status tyto_destination_open(const char *path, const char *const *inputs, int64_t n_inputs,
                                  const tyto_destination_options *options, tyto_destination *out,
                                  tyto_error *err)
{
    request asked = {defaults, inputs, n_inputs, n_inputs, out, err};
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_destination){0};
    TYTO_TRY(tyto_options_read(&asked.options, sizeof(asked.options), options,
                               "tyto_destination_options", err));
    if (!path) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_check_list(inputs, n_inputs, "inputs", err));
    TYTO_TRY(tyto_check_list(asked.options.spared, asked.options.n_spared, "spared", err));
    for (int64_t i = 0; i < n_inputs; i++) {
        TYTO_REQUIRE(err, inputs[i]);
    }
    for (int64_t i = 0; i < asked.options.n_spared; i++) {
        TYTO_REQUIRE(err, asked.options.spared[i]);
    }
    if (asked.options.n_files > 0 && asked.options.n_files < n_inputs) {
        asked.n_files = asked.options.n_files;
    }
    asked.options.name = asked.options.name ? asked.options.name : "destination";
    asked.options.made = asked.options.made ? asked.options.made : "written to";
    *out = (tyto_destination){.path = path,
                              .endings = asked.options.endings ? asked.options.endings : PICTURES,
                              .ending = asked.options.ending,
                              .mirrored = asked.options.mirrored};
    const tyto_status status = check_all(&asked);
    if (status != TYTO_OK) {
        *out = (tyto_destination){0};
    }
    return status;
}
