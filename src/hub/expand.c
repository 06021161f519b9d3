/* Paths of the environment as other programs of the hub read them: a home for "~", values for
 * variables, like Python's expandvars(expanduser(path)). */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "hub/hub.h"

/* Longest expanded path. */
#define PATH_BYTES_MAX ((size_t)1 << 16)

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

/* The home of a user, or of the one who runs this when the name is empty; NULL when unknown. */
static char *home_of(const char *name)
{
    const char *home = *name ? NULL : getenv("HOME");
    if (!home) {
        struct passwd entry, *found = NULL;
        char buffer[4096];
        const int code = *name ? getpwnam_r(name, &entry, buffer, sizeof(buffer), &found)
                               : getpwuid_r(getuid(), &entry, buffer, sizeof(buffer), &found);
        return code == 0 && found ? tyto_copy_text(entry.pw_dir, strlen(entry.pw_dir)) : NULL;
    }
    return tyto_copy_text(home, strlen(home));
}

/* Appends the home that "~" or "~user" at the start of `path` stands for, and gives how many
 * characters that took; 0 when it stands for itself. */
static size_t put_home(tyto_buffer *out, const char *path)
{
    char name[256] = "";
    const size_t length = path[0] == '~' ? strcspn(path, "/") : 0;
    if (length == 0 || length > sizeof(name)) {
        return 0;
    }
    memcpy(name, path + 1, length - 1);
    char *home = home_of(name);
    if (!home) {
        return 0;
    }
    size_t end = strlen(home);
    while (end > 0 && home[end - 1] == '/') {
        end--;
    }
    /* The root alone keeps its slash. */
    tyto_buffer_add(out, home, end == 0 && !path[length] ? 1 : end);
    free(home);
    return length;
}

/* Appends the value of "$NAME" or "${NAME}", and gives how many characters that took; 0 when there
 * is no such variable. */
static size_t put_variable(tyto_buffer *out, const char *text)
{
    char name[256];
    const bool braces = text[1] == '{';
    const char *begin = text + 1 + braces;
    const size_t length = braces ? strcspn(begin, "}") : strspn(begin, letters);
    if (length == 0 || length >= sizeof(name) || (braces && begin[length] != '}')) {
        return 0;
    }
    memcpy(name, begin, length);
    name[length] = '\0';
    const char *value = getenv(name);
    if (!value) {
        return 0;
    }
    tyto_buffer_add(out, value, strlen(value));
    return 1 + (size_t)braces * 2 + length;
}

tyto_status tyto_hub_expand(const char *path, char **out, tyto_error *err)
{
    tyto_buffer text;
    tyto_buffer_init(&text, PATH_BYTES_MAX);
    tyto_buffer_text(&text, "");
    for (size_t at = put_home(&text, path); path[at];) {
        size_t taken = path[at] == '$' ? put_variable(&text, path + at) : 0;
        if (taken == 0) {
            taken = 1;
            tyto_buffer_add(&text, path + at, 1);
        }
        at += taken;
    }
    *out = tyto_buffer_take(&text);
    tyto_buffer_clear(&text);
    return *out ? TYTO_OK : tyto_fail_memory(err, "path of the environment");
}
