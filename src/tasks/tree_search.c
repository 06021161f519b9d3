/* Trees that photos are searched by: options, and labels encoded. */
#include "tasks/tree_search.h"

#include <stdlib.h>
#include <tyto/tasks.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "tasks/search.h"

/* A region of more than this many times a thing's sides is no longer about the thing. */
#define MARGIN_MAX 10.0

static const tyto_tree_search_options defaults = {.struct_bytes = sizeof(defaults), .regions = 100};

void tyto_tree_search_options_init(tyto_tree_search_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

static tyto_status check(const tyto_tree_search *search, tyto_error *err)
{
    const tyto_search_options *look = &search->look;
    const char *name = look->label_thresholds            ? "label_thresholds"
                       : look->guided                    ? "guided"
                       : look->embeddings                ? "embeddings"
                       : look->boxes == TYTO_BOXES_IMAGE ? NULL
                                                         : "boxes";
    if (name) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got what searches by trees don't take", name);
    }
    if (!(search->options.margin >= 0.0 && search->options.margin <= MARGIN_MAX)) {
        return tyto_fail(err, TYTO_E_RANGE, "margin: got %g, required 0 to %g",
                         search->options.margin, MARGIN_MAX);
    }
    if (search->options.regions < 0) {
        return tyto_fail(err, TYTO_E_RANGE, "regions: got %lld, required at least 0",
                         (long long)search->options.regions);
    }
    return TYTO_OK;
}

/* What the tree's lists need of the model. */
static tyto_status check_model(const tyto_tree_search *search, tyto_error *err)
{
    for (int64_t i = 0; i < search->tree->n_lists; i++) {
        if (search->tree->lists[i].kind == TYTO_TREE_KIND_THINGS) {
            TYTO_TRY(tyto_search_check(search->session, &search->look, err));
        } else {
            TYTO_TRY(tyto_model_require(search->session->model, TYTO_TASK_SIMILARITY, err));
        }
    }
    return TYTO_OK;
}

static tyto_status encode(const tyto_tree_search *search, int64_t index, tyto_error *err)
{
    const tyto_tree *tree = search->tree;
    const tyto_list *list = &tree->lists[index];
    tyto_list_query *query = &search->queries[index];
    tyto_embed_options options;
    tyto_embed_options_init(&options, sizeof(options));
    options.templates = search->options.templates;
    query->nodes = tyto_alloc((size_t)list->count, sizeof(*query->nodes));
    query->thresholds = tyto_alloc((size_t)list->count, sizeof(*query->thresholds));
    const char **labels = tyto_alloc((size_t)list->count, sizeof(*labels));
    if (!query->nodes || !query->thresholds || !labels) {
        free(labels);
        return tyto_fail_memory(err, "tree");
    }
    int64_t n = 0;
    for (int64_t i = list->nodes.first; i != TYTO_TREE_NONE; i = tree->nodes[i].next) {
        const float own = tree->nodes[i].threshold;
        query->nodes[n] = i;
        query->thresholds[n] = own == TYTO_TREE_THRESHOLD_NONE ? search->look.threshold : own;
        labels[n++] = tree->nodes[i].label;
    }
    const tyto_status status =
        tyto_vocabulary_create(search->session, labels, n, &options, &query->vocabulary, err);
    free(labels);
    return status;
}

static tyto_status open(tyto_tree_search *search, tyto_error *err)
{
    const tyto_search_options *given = search->options.search;
    tyto_search_options_init(&search->look, sizeof(search->look));
    search->look.nms = TYTO_NMS_CLASS;
    if (given) {
        TYTO_TRY(tyto_search_options_read(&search->look, given, err));
    }
    TYTO_TRY(check(search, err));
    TYTO_TRY(check_model(search, err));
    search->queries = tyto_alloc_zeroed((size_t)search->tree->n_lists, sizeof(*search->queries));
    if (!search->queries) {
        return tyto_fail_memory(err, "tree");
    }
    for (int64_t i = 0; i < search->tree->n_lists; i++) {
        TYTO_TRY(encode(search, i, err));
    }
    return TYTO_OK;
}

tyto_status tyto_tree_search_create(tyto_session *session, const tyto_tree *tree,
                                    const tyto_tree_search_options *options, tyto_tree_search **out,
                                    tyto_error *err)
{
    tyto_tree_search_options own = defaults;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, tree);
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_tree_search_options", err));
    TYTO_TRY(tyto_tree_check(tree, err));
    tyto_tree_search *search = tyto_alloc_zeroed(1, sizeof(*search));
    if (!search) {
        return tyto_fail_memory(err, "tree");
    }
    search->session = session;
    search->options = own;
    tyto_status status = tyto_tree_copy(tree, &search->tree, err);
    if (status == TYTO_OK) {
        tyto_follow follow;
        tyto_follow_begin(&follow, session, own.progress, own.progress_user);
        status = open(search, err);
        tyto_follow_end(&follow);
    }
    if (status == TYTO_OK) {
        *out = search;
    } else {
        tyto_tree_search_destroy(search);
    }
    return status;
}

void tyto_tree_search_destroy(tyto_tree_search *search)
{
    if (search) {
        for (int64_t i = 0; search->queries && i < search->tree->n_lists; i++) {
            tyto_vocabulary_destroy(search->queries[i].vocabulary);
            free(search->queries[i].nodes);
            free(search->queries[i].thresholds);
        }
        free(search->queries);
        tyto_tree_destroy(search->tree);
        free(search);
    }
}

float tyto_tree_search_threshold(const tyto_tree_search *search)
{
    return search && search->queries
               ? tyto_search_threshold(search->session, search->queries[0].vocabulary,
                                       &search->look)
               : 0.0F;
}
