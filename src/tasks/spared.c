/* Files that are read must not be written. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tyto/destination.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "tasks/files.h"

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Finds the file that an input's text begins with: all of it, or what comes before "=LABEL" or
 * "@BOX". `text` is shortened. */
static bool find_input(char *text, struct stat *out)
{
    for (const char *ends = "=@"; stat(text, out) != 0; ends++) {
        char *end = *ends ? strrchr(text, *ends) : NULL;
        if (!*ends) {
            return false;
        }
        if (end) {
            *end = '\0';
        }
    }
    return true;
}

/* Whether the file lies in the folder, or in a folder inside. */
static bool lies_in(const char *path, const struct stat *folder)
{
    char whole[PATH_MAX];
    struct stat info;
    if (!realpath(path, whole)) {
        return false;
    }
    for (char *slash; (slash = strrchr(whole, '/')) != NULL && slash != whole;) {
        *slash = '\0';
        if (stat(whole, &info) == 0 && is_same(&info, folder)) {
            return true;
        }
    }
    return false;
}

/* Whether the output is what is read where `input` is named. */
static tyto_status is_input(const char *path, const struct stat *output, const char *input,
                            bool *out, tyto_error *err)
{
    struct stat info;
    char *text = tyto_copy_text(input, strlen(input));
    if (!text) {
        return tyto_fail_memory(err, input);
    }
    *out = false;
    if (find_input(text, &info)) {
        *out = S_ISDIR(info.st_mode) ? tyto_file_is_picture_or_video(path) && lies_in(path, &info)
                                     : is_same(&info, output);
    }
    free(text);
    return TYTO_OK;
}

tyto_status tyto_inputs_spare(const char *name, const char *path, const char *const *inputs,
                              int64_t n_inputs, tyto_error *err)
{
    struct stat output;
    TYTO_ENTER(err);
    TYTO_TRY(tyto_check_list(inputs, n_inputs, "inputs", err));
    if (!path || strcmp(path, "-") == 0 || stat(path, &output) != 0 || !S_ISREG(output.st_mode)) {
        return TYTO_OK;
    }
    for (int64_t i = 0; i < n_inputs; i++) {
        bool same = false;
        if (inputs[i]) {
            TYTO_TRY(is_input(path, &output, inputs[i], &same, err));
        }
        if (same) {
            return tyto_fail(err, TYTO_E_ARGUMENT, "%s: %s is read, required another place",
                             name ? name : "output", path);
        }
    }
    return TYTO_OK;
}
