#include "output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tyto/document.h>
#include <unistd.h>

#include "memory.h"
#include "messages.h"
#include "options.h"

char *path_join(const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    return take_text("%s%s%s", folder, length > 0 && folder[length - 1] != '/' ? "/" : "", name);
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *path_ending(const char *path)
{
    const char *base = path_base(path), *dot = strrchr(base, '.');
    return dot && dot != base ? dot : base + strlen(base);
}

bool path_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Complains once; never about a reader that has gone away. */
static bool check(output *out, tyto_status status, tyto_error *err)
{
    if (status != TYTO_OK && status != TYTO_E_CANCELLED && !out->complained) {
        say_error("%s", tyto_error_message(err));
    }
    out->complained = out->complained || status != TYTO_OK;
    tyto_error_clear(err);
    return status == TYTO_OK;
}

bool output_open(output *out, const char *path)
{
    tyto_error err = TYTO_ERROR_INIT;
    *out = (output){.to_file = path && strcmp(path, "-") != 0};
    return check(out, tyto_output_open(path ? path : "-", &out->file, &err), &err);
}

bool output_bytes(output *out, const tyto_bytes *bytes)
{
    tyto_error err = TYTO_ERROR_INIT;
    return check(out, tyto_output_write(out->file, bytes->data, bytes->length_bytes, &err), &err);
}

bool output_file(const char *path, const tyto_bytes *bytes)
{
    tyto_error err = TYTO_ERROR_INIT;
    return check(&(output){0}, tyto_bytes_save(path ? path : "-", bytes, &err), &err);
}

bool output_flush(output *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    return check(out, tyto_output_flush(out->file, &err), &err);
}

bool output_commit(output *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    const bool good = check(out, tyto_output_commit(out->file, &err), &err);
    output_abandon(out);
    return good;
}

void output_abandon(output *out)
{
    tyto_output_destroy(out->file);
    *out = (output){0};
}

bool output_flush_stdout(void)
{
    output out;
    return output_open(&out, NULL) && output_commit(&out);
}

bool output_check_file(const char *path)
{
    tyto_error err = TYTO_ERROR_INIT;
    return check(&(output){0}, tyto_output_check_file(path, &err), &err);
}

bool output_choose_format(const char *path, int *format)
{
    static const tyto_format formats[] = {TYTO_FORMAT_TEXT, TYTO_FORMAT_JSON};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_format chosen;
    if (*format != OPTION_UNSET) {
        return true;
    }
    const bool good =
        went_well_for("-o", tyto_format_choose(path, formats, 2, &chosen, &err), &err);
    *format = (int)chosen;
    return good;
}

bool output_holds_tensors(const char *name, const char *path)
{
    struct stat info;
    const char *ending = path_ending(path);
    if (!*ending || strcmp(ending, ".safetensors") == 0 ||
        (stat(path, &info) == 0 && !S_ISREG(info.st_mode))) {
        return true;
    }
    say_error("%s: got the ending '%s', required .safetensors", name, ending);
    return false;
}

bool output_make_folder(const char *path)
{
    tyto_error err = TYTO_ERROR_INIT;
    return check(&(output){0}, tyto_output_make_folder(path, &err), &err);
}

int output_place(const char *path, const text_list *inputs, const tyto_destination_options *options,
                 tyto_destination *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_status status = tyto_destination_open(path, TEXTS(inputs), options, out, &err);
    check(&(output){0}, status, &err);
    return status == TYTO_OK ? EXIT_DONE : status == TYTO_E_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}

char *output_path(const tyto_destination *place, const char *input, int64_t frame)
{
    char *path = tyto_destination_path(place, input, frame);
    if (!path && place->path) {
        out_of_memory();
    }
    return path;
}
