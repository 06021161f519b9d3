/** A tree from the inside: nodes and lists in chains. */
#ifndef TYTO_RESULTS_TREE_H
#define TYTO_RESULTS_TREE_H

#include <tyto/tree.h>

typedef struct tyto_tree_chain {
    int64_t first, last; /* TYTO_TREE_NONE: there is none */
} tyto_tree_chain;

typedef struct tyto_node {
    char *label;
    float threshold;
    int64_t list, next;
    tyto_tree_chain lists; /* about its region */
} tyto_node;

typedef struct tyto_list {
    tyto_tree_kind kind;
    int64_t node, depth, next, count;
    tyto_tree_chain nodes;
} tyto_list;

struct tyto_tree {
    tyto_node *nodes;
    tyto_list *lists;
    int64_t n_nodes, n_lists, nodes_room, lists_room;
    tyto_tree_chain photo; /* lists about the photo */
};

/** A tree like it.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_tree_copy(const tyto_tree *tree, tyto_tree **out, tyto_error *err);

/** E_ARGUMENT unless what was found can be of this tree, each item before those in it. */
TYTO_NODISCARD tyto_status tyto_tree_check_found(const tyto_tree *tree,
                                                 const tyto_tree_found *found, tyto_error *err);

/** Whether an item is a choice. */
bool tyto_tree_is_choice(const tyto_tree *tree, const tyto_tree_item *item);

#endif
