/** A search by a tree, from the inside. */
#ifndef TYTO_TASKS_TREE_SEARCH_H
#define TYTO_TASKS_TREE_SEARCH_H

#include <tyto/tree_search.h>

#include "results/tree.h"

/** What a list is asked with. */
typedef struct tyto_list_query {
    tyto_vocabulary *vocabulary; /* its labels */
    int64_t *nodes;              /* [count] in their order */
    float *thresholds;           /* [count] of things: TYTO_THRESHOLD_MODEL: the model's */
} tyto_list_query;

struct tyto_tree_search {
    tyto_session *session;
    tyto_tree *tree;
    tyto_tree_search_options options;
    tyto_search_options look;
    tyto_list_query *queries; /* [tree->n_lists] */
};

/** An item that was found so far. */
typedef struct tyto_item {
    tyto_tree_item item;
    int64_t numbers; /* of a choice: where its logits are, with the probabilities behind them */
} tyto_item;

/** Items in the order in which they are told: each before those in it.
 *  items    [count] in which those of one parent are in order already
 *  numbers  taken over when all goes well */
TYTO_NODISCARD tyto_status tyto_tree_order(const tyto_item *items, int64_t count, float *numbers,
                                           const tyto_tree *tree, tyto_tree_found *out,
                                           tyto_error *err);

#endif
