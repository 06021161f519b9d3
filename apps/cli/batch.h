/** The inputs of 'tyto forward': photos, texts and examples of one call together. */
#ifndef TYTO_CLI_BATCH_H
#define TYTO_CLI_BATCH_H

#include <tyto/inputs.h>

#include "memory.h"
#include "options.h"

typedef struct batch_args {
    text_list texts, queries;
    const char *texts_file;
    bool batch, truncate;
    int64_t max_length;
} batch_args;

/** Lines of an option table; `type` are a command's arguments, `field` their batch_args. */
#define BATCH_OPTIONS(type, field)                                                                 \
    OPTION_LINE("batch", 0, OPTION_FLAG, NULL,                                                     \
                "write the inputs of 'tyto forward': pixel_values [n,3,H,W] of all photos "        \
                "together; so do the next three",                                                  \
                offsetof(type, field.batch)),                                                      \
        OPTION_LINE("text", 't', OPTION_TEXTS, "TEXT",                                             \
                    "a text for every photo, in input_ids and attention_mask; repeat it",          \
                    offsetof(type, field.texts)),                                                  \
        OPTION_LINE("texts", 0, OPTION_TEXT, "FILE",                                               \
                    "texts as JSON: a list of lists, one for each photo, of any lengths, or "      \
                    "one list of rows; - is standard input",                                       \
                    offsetof(type, field.texts_file), .files = COMPLETES_FILES),                   \
        OPTION_LINE("query", 'q', OPTION_TEXTS, "IMAGE",                                           \
                    "an example for a photo, in query_pixel_values; repeat it",                    \
                    offsetof(type, field.queries), .files = COMPLETES_FILES),                      \
        OPTION_LINE("truncate", 0, OPTION_FLAG, NULL,                                              \
                    "cut texts to the length that the model takes",                                \
                    offsetof(type, field.truncate)),                                               \
        OPTION_LINE("max-length", 0, OPTION_INTEGER, "N",                                          \
                    "that length, instead of what the model says",                                 \
                    offsetof(type, field.max_length), 1, 1e6)

/** Whether the options ask for it. */
bool batch_wanted(const batch_args *args);

/** Writes them to the .safetensors file; complains and returns false on failure. folder: the
 *  model's, for its tokenizer. */
bool batch_write(const batch_args *args, const text_list *photos, const char *folder,
                 const tyto_image_processor *processor, tyto_engine *engine, const char *output);

#endif
