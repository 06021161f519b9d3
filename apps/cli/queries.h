/** Queries from pictures: "cup.jpg@10,20,200,180=a cup". */
#ifndef TYTO_CLI_QUERIES_H
#define TYTO_CLI_QUERIES_H

#include <tyto/match.h>

#include "drawing.h"
#include "model.h"

/** The words of --rule. auto: objectness where there is a box, else the reference's. */
#define QUERY_RULES "auto|reference|objectness|overlap"

/** One query. */
typedef struct picture_query {
    char *photo, *label;
    bool has_region;
    tyto_box region; /**< in pixels of the photo */
    tyto_query_box chosen;
} picture_query;

/** Zeros: none. */
typedef struct picture_queries {
    picture_query *items;
    size_t count;
    text_list photos; /**< each once, in order */
    int rule;         /**< index into QUERY_RULES */
    drawing draw;     /**< of the chosen boxes */
} picture_queries;

#define QUERY_OPTIONS(type, query_list, rule_field)                                                \
    {"query",                                                                                      \
     'q',                                                                                          \
     OPTION_TEXTS,                                                                                 \
     "IMAGE[@BOX][=LABEL]",                                                                        \
     "an example of what to look for: a photo, or its box left,top,right,bottom in pixels; a "     \
     "folder means each of its photos; repeat it",                                                 \
     offsetof(type, query_list),                                                                   \
     .files = COMPLETES_FILES},                                                                    \
    {                                                                                              \
        "rule", 0, OPTION_CHOICE, QUERY_RULES,                                                     \
            "how an example's box is chosen among the network's: see above (default auto)",        \
            offsetof(type, rule_field)                                                             \
    }

/** Reads the words of --query. Returns the exit code so far, after a complaint when it isn't
 *  EXIT_DONE. */
int queries_read(const text_list *words, int rule, picture_queries *out);
/** Embeds the examples, photo by photo: *out is a query each, or NULL when there are none. Draws
 *  the chosen boxes when that is wanted. Complains and returns false on failure. */
bool queries_embed(picture_queries *queries, const opened *with, tyto_vocabulary **out);
void queries_clear(picture_queries *queries);

#endif
