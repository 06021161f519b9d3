/* What was found in photos by a tree, as text, JSON and JSON lines. */
#include <stdlib.h>
#include <string.h>
#include <tyto/tree_document.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "results/document.h"
#include "results/tree.h"

typedef struct trees_state {
    tyto_tree *tree;
    char *text; /* the tree's */
    float threshold;
} trees_state;

static void destroy(void *given)
{
    trees_state *state = given;
    tyto_tree_destroy(state->tree);
    free(state->text);
    free(state);
}

static const trees_state *state_of(const tyto_document *document)
{
    return document->state;
}

/* Records of the same tree and threshold go together. */
static tyto_status check_record(const tyto_document *document, const json_t *record,
                                tyto_error *err)
{
    const trees_state *state = state_of(document);
    const char *tree = json_string_value(json_object_get(record, "tree"));
    const json_t *threshold = json_object_get(record, "threshold");
    json_t *own = tyto_json_string(state->text);
    const bool same = own && tree && strcmp(json_string_value(own), tree) == 0;
    json_decref(own);
    if (!own) {
        return tyto_fail_memory(err, "document");
    }
    if (!same) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "got results of the tree '%s', required '%s'",
                         tree ? tree : "", state->text);
    }
    if (!json_is_number(threshold) ||
        json_number_value(threshold) != tyto_float_decimal(state->threshold)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "got results of threshold %g, required those of %g",
                         json_number_value(threshold), (double)state->threshold);
    }
    return TYTO_OK;
}

static const tyto_document_kind kind = {
    .name = "a document of trees", .destroy = destroy, .check = check_record};

static const tyto_tree_document_options defaults = {
    .struct_bytes = sizeof(defaults), .n_photos = 1, .threshold = 0.1F};

void tyto_tree_document_options_init(tyto_tree_document_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

static tyto_status check_format(tyto_format format, tyto_error *err)
{
    if (format != TYTO_FORMAT_TEXT && format != TYTO_FORMAT_JSON && format != TYTO_FORMAT_JSONL) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "document: got format %d, required text, json or jsonl", (int)format);
    }
    return TYTO_OK;
}

tyto_status tyto_tree_document_create(const tyto_tree_document_options *options,
                                      tyto_document **document, tyto_bytes *out, tyto_error *err)
{
    tyto_tree_document_options own = defaults;
    tyto_status status = TYTO_OK;
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, out);
    *document = NULL;
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_tree_document_options", err));
    TYTO_TRY(check_format(own.format, err));
    TYTO_REQUIRE(err, own.tree);
    trees_state *state = tyto_alloc_zeroed(1, sizeof(*state));
    if (!state) {
        return tyto_fail_memory(err, kind.name);
    }
    state->threshold = own.threshold;
    status = tyto_tree_text(own.tree, &state->text, err);
    if (status == TYTO_OK) {
        status = tyto_tree_copy(own.tree, &state->tree, err);
    }
    if (status != TYTO_OK) {
        destroy(state);
        return status;
    }
    TYTO_TRY(tyto_document_open(&kind, own.format, state, document, err));
    (*document)->alone = own.n_photos <= 1 && !own.array;
    TYTO_CHECK(tyto_document_begin_step(*document, &kind, &writer, err));
    tyto_records_begin(*document, &writer, NULL);
    TYTO_CHECK(tyto_document_end_step(*document, &writer, out, err));
cleanup:
    if (status != TYTO_OK) {
        tyto_document_destroy(*document);
        *document = NULL;
    }
    return status;
}

/* The label of a node and its index; null: there is none. */
static void put_label(const tyto_tree *tree, int64_t node, tyto_writer *writer, json_t *object)
{
    const bool none = node == TYTO_TREE_NONE;
    tyto_json_put(writer, object, "label",
                  none ? json_null() : tyto_json_string(tree->nodes[node].label));
    tyto_json_put(writer, object, "label_index", none ? json_null() : json_integer(node));
}

static json_t *choice_list(const tyto_tree *tree, const tyto_tree_item *item, tyto_writer *writer)
{
    json_t *list = json_array();
    int64_t i = 0;
    for (int64_t n = tree->lists[item->list].nodes.first; n != TYTO_TREE_NONE;
         n = tree->nodes[n].next, i++) {
        json_t *choice = json_object();
        put_label(tree, n, writer, choice);
        tyto_json_put(writer, choice, "logit", tyto_json_float(item->logits[i]));
        tyto_json_put(writer, choice, "probability", tyto_json_float(item->probabilities[i]));
        tyto_json_push(writer, list, choice);
    }
    return list;
}

/* The items from `begin` to `end` that lie in no other of these. */
static json_t *item_list(const tyto_tree *tree, const tyto_tree_found *found, int64_t begin,
                         int64_t end, tyto_writer *writer)
{
    json_t *list = json_array();
    for (int64_t i = begin; i < end; i = found->items[i].end) {
        const tyto_tree_item *item = &found->items[i];
        json_t *object = json_object();
        put_label(tree, item->node, writer, object);
        tyto_json_put(writer, object, "score", tyto_json_float(item->score));
        if (tyto_tree_is_choice(tree, item)) {
            tyto_json_put(writer, object, "choices", choice_list(tree, item, writer));
        } else {
            tyto_json_put(writer, object, "box", tyto_json_box(writer, &item->box));
        }
        if (item->node != TYTO_TREE_NONE && tree->nodes[item->node].lists.first != TYTO_TREE_NONE) {
            tyto_json_put(writer, object, "inside",
                          item->searched ? item_list(tree, found, i + 1, item->end, writer)
                                         : json_null());
        }
        tyto_json_push(writer, list, object);
    }
    return list;
}

static json_t *photo_object(const tyto_document *document, const char *photo,
                            const tyto_tree_found *found, tyto_writer *writer)
{
    const trees_state *state = state_of(document);
    json_t *object = json_object();
    tyto_json_put(writer, object, "image", tyto_json_string(photo));
    tyto_json_put(writer, object, "width", json_integer(found->width_px));
    tyto_json_put(writer, object, "height", json_integer(found->height_px));
    tyto_json_put(writer, object, "tree", tyto_json_string(state->text));
    tyto_json_put(writer, object, "threshold", tyto_json_float(state->threshold));
    tyto_json_put(writer, object, "found", item_list(state->tree, found, 0, found->count, writer));
    return object;
}

/* "= happy (sad 0.090)", or "= ? (happy 0.500, sad 0.500)" where none is likely enough. */
static void write_choice(const tyto_tree *tree, const tyto_tree_item *item, tyto_writer *writer)
{
    int64_t i = 0;
    const char *between = " (";
    tyto_writer_text(writer, "= ");
    tyto_writer_plain(writer, item->node == TYTO_TREE_NONE ? "?" : tree->nodes[item->node].label,
                      TYTO_TABLE_NAME_BYTES);
    for (int64_t n = tree->lists[item->list].nodes.first; n != TYTO_TREE_NONE;
         n = tree->nodes[n].next, i++) {
        if (n != item->node) {
            tyto_writer_text(writer, between);
            tyto_writer_plain(writer, tree->nodes[n].label, TYTO_TABLE_NAME_BYTES);
            tyto_writer_format(writer, " %.3f", (double)item->probabilities[i]);
            between = ", ";
        }
    }
    tyto_writer_text(writer, ")\n");
}

/* Items that hold this one. */
static int depth_of(const tyto_tree_found *found, int64_t item)
{
    int depth = 0;
    for (int64_t i = found->items[item].parent; i != TYTO_TREE_PHOTO; i = found->items[i].parent) {
        depth++;
    }
    return depth;
}

static void write_table(const tyto_document *document, const char *photo,
                        const tyto_tree_found *found, tyto_writer *writer)
{
    const tyto_tree *tree = state_of(document)->tree;
    tyto_writer_plain(writer, photo, TYTO_TABLE_NAME_BYTES);
    tyto_writer_format(writer, " (%lld x %lld px): ", (long long)found->width_px,
                       (long long)found->height_px);
    if (found->count == 0) {
        tyto_writer_text(writer, "nothing found\n");
        return;
    }
    tyto_writer_format(writer, "%lld found\n  score      xmin     ymin     xmax     ymax  label\n",
                       (long long)found->things);
    for (int64_t i = 0; i < found->count; i++) {
        const tyto_tree_item *item = &found->items[i];
        const bool choice = tyto_tree_is_choice(tree, item);
        tyto_writer_format(writer, "  %.3f  ", (double)item->score);
        if (choice) {
            tyto_writer_format(writer, "%35s", "");
        } else {
            tyto_writer_format(writer, "%8.1f %8.1f %8.1f %8.1f", (double)item->box.xmin,
                               (double)item->box.ymin, (double)item->box.xmax,
                               (double)item->box.ymax);
        }
        tyto_writer_format(writer, "  %*s", 2 * depth_of(found, i), "");
        if (choice) {
            write_choice(tree, item, writer);
        } else {
            tyto_writer_plain(writer, tree->nodes[item->node].label, TYTO_TABLE_NAME_BYTES);
            tyto_writer_text(writer, "\n");
        }
    }
}

tyto_status tyto_document_add_tree(tyto_document *document, const char *photo,
                                   const tyto_tree_found *found, tyto_bytes *out, tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, photo);
    TYTO_REQUIRE(err, found);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_document_begin_step(document, &kind, &writer, err));
    TYTO_TRY(tyto_tree_check_found(state_of(document)->tree, found, err));
    if (document->format == TYTO_FORMAT_TEXT) {
        tyto_records_next(document, &writer);
        write_table(document, photo, found, &writer);
    } else {
        tyto_records_json(document, &writer, photo_object(document, photo, found, &writer));
    }
    return tyto_document_end_step(document, &writer, out, err);
}
