/** Trees: what is looked for in photos, in what is found there, and so on. */
#ifndef TYTO_TREE_H
#define TYTO_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/detections.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** Lists within lists, nodes in all, and bytes of a tree's text, at most. */
#define TYTO_TREE_DEPTH_MAX 32
#define TYTO_TREE_NODES_MAX 4096
#define TYTO_TREE_BYTES_MAX ((size_t)1 << 20)

/** In place of a node: the photo itself. */
#define TYTO_TREE_PHOTO ((int64_t)-1)
/** In place of a node or a list: there is none. */
#define TYTO_TREE_NONE ((int64_t)-1)
/** In place of a threshold: the search's own. */
#define TYTO_TREE_THRESHOLD_NONE (-2.0F)

/** Lists of labels for a photo, and lists for the things or choices that those labels mean. Nodes
 *  and lists are counted from 0 as they come; a node's number is its label index.
 *  threads  any, once it is complete */
typedef struct tyto_tree tyto_tree;

/** What a list asks of a region. */
typedef enum tyto_tree_kind {
    TYTO_TREE_KIND_THINGS = 0, /**< what is in it, and where: "[a face, a hand]" */
    TYTO_TREE_KIND_CHOICE = 1  /**< which it is, as a whole: "(happy, sad)" */
} tyto_tree_kind;

/** Labels that are searched for together, or chosen from. */
typedef struct tyto_tree_list {
    tyto_tree_kind kind;
    int64_t node;         /**< whose region it asks about, or TYTO_TREE_PHOTO */
    int64_t depth;        /**< lists down to this one: 1 for the photo's */
    int64_t first, count; /**< its first node, and how many it has */
    int64_t next;         /**< the next list of the same node, or TYTO_TREE_NONE */
    uint64_t reserved[4]; /**< zeros */
} tyto_tree_list;

/** A label, and what is asked about what it means. */
typedef struct tyto_tree_node {
    const char *label; /**< lives as long as the tree */
    /** Things: a score has to be above it; TYTO_TREE_THRESHOLD_NONE: above the search's own.
     *  Choices: the likeliest is chosen when its probability is above it; without one, always. */
    float threshold;
    int64_t list;         /**< that it is in */
    int64_t next;         /**< the next node of that list, or TYTO_TREE_NONE */
    int64_t inner;        /**< the first list about its region, or TYTO_TREE_NONE */
    uint64_t reserved[4]; /**< zeros */
} tyto_tree_node;

/** Reads a tree as people write it: "[a face@0.3 [an eye, a nose] (happy, sad)] (indoors, outdoors)".
 *
 *  Square brackets hold things that are searched for together, round ones what is chosen from, two
 *  or more; commas between. Behind a label may be @ and its threshold, from 0 to 1, then lists about
 *  its region. White space around labels doesn't count, and within them is one space. A label in
 *  double quotes is as it is written there. A backslash before a character that is no letter or
 *  digit stands for that character, and before n, r and t for line end, carriage return and tab, in
 *  quotes or without.
 *  memory  release *out with tyto_tree_destroy
 *  errors  E_FORMAT (where, and what was required there), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tree_parse(const char *text, tyto_tree **out,
                                                    tyto_error *err);
/** The same, or of "@FILE" what that file ("@-": standard input) says.
 *  errors  those of tyto_file_lines_read too */
TYTO_API TYTO_NODISCARD tyto_status tyto_tree_read(const char *words, tyto_tree **out,
                                                   tyto_error *err);
/** The tree as a text that tyto_tree_parse reads as the same one, when its nodes and lists were
 *  added in the text's order.
 *  memory  release *out with tyto_free
 *  errors  E_ARGUMENT (a tree that isn't complete), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tree_text(const tyto_tree *tree, char **out,
                                                   tyto_error *err);

/** An empty tree, to add to.
 *  memory  release *out with tyto_tree_destroy */
TYTO_API TYTO_NODISCARD tyto_status tyto_tree_create(tyto_tree **out, tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_tree_destroy(tyto_tree *tree);
/** Adds a list behind the others about a node's region.
 *  node    or TYTO_TREE_PHOTO
 *  list    receives its number; may be NULL
 *  errors  E_ARGUMENT (another kind), E_RANGE (no such node), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tree_add_list(tyto_tree *tree, int64_t node,
                                                       tyto_tree_kind kind, int64_t *list,
                                                       tyto_error *err);
/** Adds a label at the end of a list.
 *  threshold  0 to 1, or TYTO_TREE_THRESHOLD_NONE
 *  node       receives its number; may be NULL
 *  errors     E_ARGUMENT (an empty label, one that the list has already, another threshold),
 *             E_RANGE (no such list), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tree_add(tyto_tree *tree, int64_t list, const char *label,
                                                  float threshold, int64_t *node, tyto_error *err);
/** Whether a tree is complete: it has a list, no list is empty, and none has one choice alone.
 *  errors  E_ARGUMENT */
TYTO_API TYTO_NODISCARD tyto_status tyto_tree_check(const tyto_tree *tree, tyto_error *err);

/** How many nodes and lists there are; 0 for NULL. */
TYTO_API int64_t tyto_tree_node_count(const tyto_tree *tree);
TYTO_API int64_t tyto_tree_list_count(const tyto_tree *tree);
/** The first list about the photo itself, or TYTO_TREE_NONE. */
TYTO_API int64_t tyto_tree_first_list(const tyto_tree *tree);
/** Fill *out and return true, or return false when there is no node, or list, i. */
TYTO_API bool tyto_tree_node_at(const tyto_tree *tree, int64_t i, tyto_tree_node *out);
TYTO_API bool tyto_tree_list_at(const tyto_tree *tree, int64_t i, tyto_tree_list *out);

/** A thing that was found, or a choice that was made. */
typedef struct tyto_tree_item {
    int64_t list;   /**< that it answers */
    int64_t node;   /**< what it is; TYTO_TREE_NONE: a choice that none is likely enough for */
    int64_t parent; /**< the item that it lies in, or TYTO_TREE_PHOTO */
    int64_t end;    /**< this item and those up to there, from it on, lie in it */
    int64_t depth;  /**< how many things it lies in */
    tyto_box box;   /**< in pixels of the whole photo; of a choice that of what it is about */
    float score;    /**< of a choice: its probability, the highest one */
    /** Whether the lists of its node were answered. */
    bool searched;
    /** Of a choice: logits and probabilities of all nodes of its list, in their order; else NULL.
     *  They live as long as what was found. */
    const float *logits, *probabilities;
    uint64_t reserved[4]; /**< zeros */
} tyto_tree_item;

/** What was found in a photo. An item comes before those in it; those in one come by their lists,
 *  then by score.
 *  memory  owned; release with tyto_tree_found_clear */
typedef struct tyto_tree_found {
    tyto_tree_item *items;
    int64_t count;
    int64_t things;              /**< so many of them; the others are choices */
    int64_t width_px, height_px; /**< of the photo */
    int64_t passed_over;         /**< things that have lists but weren't searched, being too many */
    float *numbers;              /**< what items point to */
    uint64_t reserved[4];        /**< zeros */
} tyto_tree_found;

/** Releases the items. NULL is fine. */
TYTO_API void tyto_tree_found_clear(tyto_tree_found *found);

TYTO_END_DECLS

#endif
