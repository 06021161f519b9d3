/** Queries from pictures: "cup.jpg@10,20,200,180=a cup". */
#ifndef TYTO_CLI_QUERIES_H
#define TYTO_CLI_QUERIES_H

#include <tyto/vocabulary_builder.h>

#include "drawing.h"
#include "model.h"

/** The words of --rule, in the order of tyto_query_rule. auto: objectness where there is a box, else the reference's. */
#define QUERY_RULES "auto|reference|objectness|overlap"

/** Zeros: none. */
typedef struct picture_queries {
    tyto_vocabulary_builder *builder; /**< which has them as examples; borrowed */
    text_list photos;                 /**< each once, in order */
    drawing draw;                     /**< of the chosen boxes */
} picture_queries;

#define QUERY_OPTIONS(type, query_list, rule_field)                                                \
    OPTION_LINE("query", 'q', OPTION_TEXTS, "IMAGE[@BOX][=LABEL]",                                 \
                "an example of what to look for: a photo, or its box left,top,right,bottom "       \
                "in pixels; a folder means each of its photos; repeat it",                         \
                offsetof(type, query_list), .files = COMPLETES_FILES),                             \
        OPTION_LINE(                                                                               \
            "rule", 0, OPTION_CHOICE, QUERY_RULES,                                                 \
            "how an example's box is chosen among the network's: see above (default auto)",        \
            offsetof(type, rule_field))

/** Reads the words of --query into the builder. `rule` is an index into QUERY_RULES. Returns the
 *  exit code so far, after a complaint when it isn't EXIT_DONE. */
int queries_read(const text_list *words, int rule, tyto_vocabulary_builder *builder,
                 picture_queries *out);
/** Embeds the examples, photo by photo. Draws the chosen boxes when that is wanted. Complains and
 *  returns false on failure. */
bool queries_embed(picture_queries *queries, const opened *with, const tyto_embed_options *options);
void queries_clear(picture_queries *queries);

#endif
