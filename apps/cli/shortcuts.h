/** Opt-in approximations on the command line. */
#ifndef TYTO_CLI_SHORTCUTS_H
#define TYTO_CLI_SHORTCUTS_H

#include <tyto/shortcuts.h>

#include "model.h"
#include "options.h"

/** What the options below write. */
typedef struct shortcut_args {
    bool skip_padding;
    int64_t input_px;
    int positions; /**< a tyto_positions */
} shortcut_args;

#define SHORTCUT_DEFAULTS                                                                          \
    {                                                                                              \
        .positions = OPTION_UNSET                                                                  \
    }

/** The words of --positions, in the order of tyto_positions. */
#define POSITION_WORDS "interpolate|truncate"

/** Lines of an option table; `type` are a command's arguments, `field` their shortcut_args. */
#define SHORTCUT_OPTIONS(type, field)                                                              \
    {"skip-padding",                                                                               \
     0,                                                                                            \
     OPTION_FLAG,                                                                                  \
     NULL,                                                                                         \
     "approximate, faster: leave out the patches that hold no part of the photo",                  \
     offsetof(type, field.skip_padding)},                                                          \
        {"input-size",                                                                             \
         0,                                                                                        \
         OPTION_INTEGER,                                                                           \
         "N",                                                                                      \
         "approximate, faster: resize photos to N pixels in place of the checkpoint's size",       \
         offsetof(type, field.input_px),                                                           \
         1,                                                                                        \
         1e6},                                                                                     \
    {                                                                                              \
        "positions", 0, OPTION_CHOICE, POSITION_WORDS,                                             \
            "for --input-size: the checkpoint's positions resized (default), or their top left",   \
            offsetof(type, field.positions)                                                        \
    }

/** Complains and returns false on wrong usage. */
bool shortcuts_check(const shortcut_args *args);
/** Makes an open model's session take them; complains and returns false on failure. */
bool shortcuts_apply(const shortcut_args *args, opened *with);

#endif
