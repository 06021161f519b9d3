/* Trees as they are built. */
#include "results/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Lists may be empty while a tree is built. */
#define LISTS_MAX (2 * TYTO_TREE_NODES_MAX)

static const tyto_tree_chain empty = {TYTO_TREE_NONE, TYTO_TREE_NONE};

tyto_status tyto_tree_create(tyto_tree **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = tyto_alloc_zeroed(1, sizeof(**out));
    if (!*out) {
        return tyto_fail_memory(err, "tree");
    }
    (*out)->photo = empty;
    return TYTO_OK;
}

void tyto_tree_destroy(tyto_tree *tree)
{
    if (tree) {
        for (int64_t i = 0; i < tree->n_nodes; i++) {
            free(tree->nodes[i].label);
        }
        free(tree->nodes);
        free(tree->lists);
        free(tree);
    }
}

/* Room for one more of `count` things of `size` bytes. */
static tyto_status make_room(void **items, int64_t count, int64_t *room, size_t size,
                             tyto_error *err)
{
    if (count < *room) {
        return TYTO_OK;
    }
    const int64_t wanted = tyto_max_i64(8, 2 * *room);
    void *more = tyto_realloc(*items, (size_t)wanted, size);
    if (!more) {
        return tyto_fail_memory(err, "tree");
    }
    *items = more;
    *room = wanted;
    return TYTO_OK;
}

static bool is_node(const tyto_tree *tree, int64_t i)
{
    return i >= 0 && i < tree->n_nodes;
}

static bool is_list(const tyto_tree *tree, int64_t i)
{
    return i >= 0 && i < tree->n_lists;
}

static tyto_status check_list(const tyto_tree *tree, int64_t node, tyto_tree_kind kind,
                              tyto_error *err)
{
    TYTO_TRY(tyto_check_enum((int)kind, TYTO_TREE_KIND_CHOICE, "kind", err));
    if (node != TYTO_TREE_PHOTO && !is_node(tree, node)) {
        return tyto_fail(err, TYTO_E_RANGE, "node: got %lld, required 0 to %lld, or %lld",
                         (long long)node, (long long)tree->n_nodes - 1, (long long)TYTO_TREE_PHOTO);
    }
    if (tree->n_lists == LISTS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "lists: got more than %d, required at most that",
                         LISTS_MAX);
    }
    if (node != TYTO_TREE_PHOTO &&
        tree->lists[tree->nodes[node].list].depth == TYTO_TREE_DEPTH_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "lists: got one deeper than %d, required at most that",
                         TYTO_TREE_DEPTH_MAX);
    }
    return TYTO_OK;
}

tyto_status tyto_tree_add_list(tyto_tree *tree, int64_t node, tyto_tree_kind kind, int64_t *list,
                               tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tree);
    TYTO_TRY(check_list(tree, node, kind, err));
    TYTO_TRY(make_room((void **)&tree->lists, tree->n_lists, &tree->lists_room,
                       sizeof(*tree->lists), err));
    const bool photo = node == TYTO_TREE_PHOTO;
    tyto_tree_chain *chain = photo ? &tree->photo : &tree->nodes[node].lists;
    const int64_t added = tree->n_lists++;
    tree->lists[added] =
        (tyto_list){.kind = kind,
                    .node = node,
                    .depth = photo ? 1 : 1 + tree->lists[tree->nodes[node].list].depth,
                    .next = TYTO_TREE_NONE,
                    .nodes = empty};
    if (chain->last == TYTO_TREE_NONE) {
        chain->first = added;
    } else {
        tree->lists[chain->last].next = added;
    }
    chain->last = added;
    if (list) {
        *list = added;
    }
    return TYTO_OK;
}

static tyto_status check_node(const tyto_tree *tree, int64_t list, const char *label,
                              float threshold, tyto_error *err)
{
    if (!is_list(tree, list)) {
        return tyto_fail(err, TYTO_E_RANGE, "list: got %lld, required 0 to %lld", (long long)list,
                         (long long)tree->n_lists - 1);
    }
    if (!*label) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "label: got an empty one, required a text");
    }
    if (threshold != TYTO_TREE_THRESHOLD_NONE && !(threshold >= 0.0F && threshold <= 1.0F)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "threshold: got %g, required 0 to 1",
                         (double)threshold);
    }
    if (tree->n_nodes == TYTO_TREE_NODES_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "labels: got more than %d, required at most that",
                         TYTO_TREE_NODES_MAX);
    }
    for (int64_t i = tree->lists[list].nodes.first; i != TYTO_TREE_NONE; i = tree->nodes[i].next) {
        if (strcmp(tree->nodes[i].label, label) == 0) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "label: got the same twice in a list, required it once");
        }
    }
    return TYTO_OK;
}

tyto_status tyto_tree_add(tyto_tree *tree, int64_t list, const char *label, float threshold,
                          int64_t *node, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tree);
    TYTO_REQUIRE(err, label);
    TYTO_TRY(check_node(tree, list, label, threshold, err));
    TYTO_TRY(make_room((void **)&tree->nodes, tree->n_nodes, &tree->nodes_room,
                       sizeof(*tree->nodes), err));
    char *text = tyto_copy_text(label, strlen(label));
    if (!text) {
        return tyto_fail_memory(err, "tree");
    }
    const int64_t added = tree->n_nodes++;
    tyto_list *in = &tree->lists[list];
    tree->nodes[added] = (tyto_node){.label = text,
                                     .threshold = threshold,
                                     .list = list,
                                     .next = TYTO_TREE_NONE,
                                     .lists = empty};
    if (in->nodes.last == TYTO_TREE_NONE) {
        in->nodes.first = added;
    } else {
        tree->nodes[in->nodes.last].next = added;
    }
    in->nodes.last = added;
    in->count++;
    if (node) {
        *node = added;
    }
    return TYTO_OK;
}

tyto_status tyto_tree_copy(const tyto_tree *tree, tyto_tree **out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_tree *made = NULL;
    *out = NULL;
    TYTO_TRY(tyto_tree_create(&made, err));
    *made = (tyto_tree){.photo = tree->photo};
    made->nodes = tyto_alloc((size_t)tree->n_nodes, sizeof(*made->nodes));
    made->lists = tyto_alloc((size_t)tree->n_lists, sizeof(*made->lists));
    if (!made->nodes || !made->lists) {
        status = tyto_fail_memory(err, "tree");
        goto cleanup;
    }
    made->nodes_room = tree->n_nodes;
    made->lists_room = made->n_lists = tree->n_lists;
    for (int64_t i = 0; i < tree->n_lists; i++) {
        made->lists[i] = tree->lists[i];
    }
    for (int64_t i = 0; i < tree->n_nodes; i++) {
        const char *label = tree->nodes[i].label;
        made->nodes[i] = tree->nodes[i];
        made->nodes[i].label = tyto_copy_text(label, strlen(label));
        if (!made->nodes[i].label) {
            status = tyto_fail_memory(err, "tree");
            goto cleanup;
        }
        made->n_nodes++;
    }
    *out = made;
cleanup:
    if (status != TYTO_OK) {
        tyto_tree_destroy(made);
    }
    return status;
}

tyto_status tyto_tree_check(const tyto_tree *tree, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tree);
    if (tree->photo.first == TYTO_TREE_NONE) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "tree: got no list, required one of the photo");
    }
    for (int64_t i = 0; i < tree->n_lists; i++) {
        const int64_t least = tree->lists[i].kind == TYTO_TREE_KIND_CHOICE ? 2 : 1;
        if (tree->lists[i].count < least) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "tree: list %lld: got %lld labels, required %lld or more",
                             (long long)i, (long long)tree->lists[i].count, (long long)least);
        }
    }
    return TYTO_OK;
}

int64_t tyto_tree_node_count(const tyto_tree *tree)
{
    return tree ? tree->n_nodes : 0;
}

int64_t tyto_tree_list_count(const tyto_tree *tree)
{
    return tree ? tree->n_lists : 0;
}

int64_t tyto_tree_first_list(const tyto_tree *tree)
{
    return tree ? tree->photo.first : TYTO_TREE_NONE;
}

bool tyto_tree_node_at(const tyto_tree *tree, int64_t i, tyto_tree_node *out)
{
    if (!tree || !out || !is_node(tree, i)) {
        return false;
    }
    const tyto_node *node = &tree->nodes[i];
    *out = (tyto_tree_node){.label = node->label,
                            .threshold = node->threshold,
                            .list = node->list,
                            .next = node->next,
                            .inner = node->lists.first};
    return true;
}

bool tyto_tree_list_at(const tyto_tree *tree, int64_t i, tyto_tree_list *out)
{
    if (!tree || !out || !is_list(tree, i)) {
        return false;
    }
    const tyto_list *list = &tree->lists[i];
    *out = (tyto_tree_list){.kind = list->kind,
                            .node = list->node,
                            .depth = list->depth,
                            .first = list->nodes.first,
                            .count = list->count,
                            .next = list->next};
    return true;
}
