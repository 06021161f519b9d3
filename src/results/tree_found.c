/* What was found by a tree. */
#include <stdlib.h>

#include "base/error.h"
#include "results/tree.h"

void tyto_tree_found_clear(tyto_tree_found *found)
{
    if (found) {
        free(found->items);
        free(found->numbers);
        *found = (tyto_tree_found){0};
    }
}

bool tyto_tree_is_choice(const tyto_tree *tree, const tyto_tree_item *item)
{
    return tree->lists[item->list].kind == TYTO_TREE_KIND_CHOICE;
}

/* Whether item i can stand there, in one before it. */
static bool is_item(const tyto_tree *tree, const tyto_tree_found *found, int64_t i)
{
    const tyto_tree_item *item = &found->items[i];
    if (item->list < 0 || item->list >= tree->n_lists || item->parent < TYTO_TREE_PHOTO ||
        item->parent >= i || item->end <= i || item->depth < 0) {
        return false;
    }
    const bool choice = tyto_tree_is_choice(tree, item), none = item->node == TYTO_TREE_NONE;
    if (none ? !choice
             : item->node < 0 || item->node >= tree->n_nodes ||
                   tree->nodes[item->node].list != item->list) {
        return false;
    }
    const int64_t end =
        item->parent == TYTO_TREE_PHOTO ? found->count : found->items[item->parent].end;
    return item->end <= end && (!choice || (item->logits && item->probabilities));
}

tyto_status tyto_tree_check_found(const tyto_tree *tree, const tyto_tree_found *found,
                                  tyto_error *err)
{
    TYTO_TRY(tyto_check_list(found->items, found->count, "items", err));
    for (int64_t i = 0; i < found->count; i++) {
        if (!is_item(tree, found, i)) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "item %lld: got what isn't of the tree, required what a search by it "
                             "gives",
                             (long long)i);
        }
    }
    return TYTO_OK;
}
