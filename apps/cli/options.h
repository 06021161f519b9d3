/** Options of a command: one table parses them, and makes the help, the manual and the shell
 *  completion. */
#ifndef TYTO_CLI_OPTIONS_H
#define TYTO_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"

/** What an option writes into the command's arguments. */
typedef enum option_kind {
    OPTION_FLAG,    /**< bool */
    OPTION_TEXT,    /**< const char *; the last one given counts */
    OPTION_MAYBE,   /**< const char *: what follows '=', or an empty text */
    OPTION_TEXTS,   /**< text_list; may be given again and again */
    OPTION_INTEGER, /**< int64_t in [low, high] */
    OPTION_REAL,    /**< double in [low, high] */
    OPTION_CHOICE,  /**< int: index into the words of `value`, which '|' separates */
} option_kind;

/** What a shell offers as its value; a choice offers its words. */
typedef enum option_completes {
    COMPLETES_NOTHING,
    COMPLETES_FOLDERS,
    COMPLETES_FILES,
    WRITES_FILES /**< files too, which the command writes: none of them may be one that it reads */
} completes;

/** A number that wasn't given, for the defaults of options without one of their own. */
#define OPTION_UNSET (-1)

typedef struct option {
    const char *name; /**< without the dashes */
    char letter;      /**< the short form, or 0 */
    option_kind kind;
    const char *value; /**< how help names the value; for a choice its words */
    const char *help;
    size_t offset; /**< of the field in the command's arguments */
    double low, high;
    completes files;
    /** What it has an effect with, by names of other options: "tiles", "nms=class|all/track" with
     *  words of a choice and '/' between what is enough alone, ',' between what must be there; "!x":
     *  what it contradicts; "operands": any of these. NULL: it always has one. */
    const char *needs;
} option;

/** An option within a macro, where braces would take a line for each value. */
#define OPTION_LINE(...)                                                                           \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/** A line of shell, and what it does. */
typedef struct example {
    const char *line;
    const char *what;
} example;

/** The choices of --precision, in the order of tyto_precision, whose DEFAULT isn't spelled. */
#define PRECISIONS "fp32|bf16|int8|auto"

/** How photos are read, for commands that read some. */
#define PHOTO_OPTIONS                                                                              \
    READING_OPTIONS("operands/query"),                                                             \
        OPTION_LINE("recursive", 'r', OPTION_FLAG, NULL, "photos of folders within folders too",   \
                    offsetof(common_args, recursive), .needs = "operands")

/** Those alone that say how the file of a photo is taken. */
#define READING_OPTIONS(needed)                                                                    \
    OPTION_LINE("exif", 0, OPTION_CHOICE, "turn|ignore",                                           \
                "turn photos as their EXIF data says (default), or leave them as they are stored", \
                offsetof(common_args, exif), .needs = needed),                                     \
        OPTION_LINE("damaged", 0, OPTION_CHOICE, "refuse|use",                                     \
                    "refuse photos that are cut or damaged (default), or use what is there",       \
                    offsetof(common_args, damaged), .needs = needed)

/** Most names that a command's options can have: its own and the common ones. */
#define OPTIONS_MAX 80

/** What every command's arguments begin with. */
typedef struct common_args {
    bool given[OPTIONS_MAX]; /**< which of the command's options were, by their places */
    text_list operands;
    text_list inputs; /**< what is read: operands and values of options that name files */
    const char *model;
    int64_t threads; /**< 0: one per core */
    int precision;   /**< TYTO_PRECISION_DEFAULT: not given */
    int exif;    /**< as tyto_image_exif; OPTION_UNSET, where a command wants to know: not given */
    int damaged; /**< as tyto_image_damaged */
    bool quiet, verbose, help, version, recursive;
    bool simulated;    /**< threads, for tyto bench */
    const char *parts; /**< the file of a composition, for commands that take one */
} common_args;

/** A command of the tool. Lists end with an entry of zeros. */
typedef struct command {
    const char *name;
    const char *summary;     /**< one line */
    const char *synopsis;    /**< what follows the name; NULL operands are refused */
    const char *operands;    /**< how a message names the operands; NULL: it takes none */
    const char *description; /**< paragraphs, separated by an empty line */
    const option *options;
    const example *examples;
    completes files;        /**< what a shell offers as operands */
    const char *words;      /**< or these, "|" between; "*": the commands */
    const char *idle;       /**< common options without effect here, "|" between; NULL: none is */
    size_t args_bytes;      /**< of a struct that begins with common_args */
    const void *defaults;   /**< of those arguments, or NULL: zeros */
    int (*run)(void *args); /**< returns the exit code */
} command;

/** Options that every command takes. */
extern const option common_options[];

/** Reads argv[1…] into args, which holds the defaults. --help and --version end the reading.
 *  Complains in one line and returns false on wrong usage.
 *  memory  texts point into argv; lists are the arguments' own */
bool options_parse(const command *self, int argc, char **argv, void *args);
/** Releases the lists. */
void options_clear(const command *self, void *args);

/** Whether a common option has an effect in the command; NULL: in some. */
bool option_applies(const command *self, const option *o);

/** The letter that means an option to a command: a common option loses it to one of the
 *  command's own. 0: none. */
char option_letter(const command *self, const option *o);

/** The i-th word of "a|b|c" and its length, or NULL. */
const char *choice_word(const char *words, int i, size_t *length);

#endif
