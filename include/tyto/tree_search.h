/** Photos searched by trees: what is there, what is in it, and which it is. */
#ifndef TYTO_TREE_SEARCH_H
#define TYTO_TREE_SEARCH_H

#include <tyto/search.h>
#include <tyto/tree.h>

TYTO_BEGIN_DECLS

typedef struct tyto_tree_search_options {
    size_t struct_bytes; /**< set by tyto_tree_search_options_init */
    /** How the photo and each region are searched; NULL: as for texts, but of overlapping boxes of
     *  one label the best alone (TYTO_NMS_CLASS), since each is searched again. `threshold` is that
     *  of labels without their own; top_k counts in each region, and tiles are those of each.
     *  label_thresholds, guided, embeddings and boxes other than TYTO_BOXES_IMAGE aren't taken.
     *  What it points to is borrowed. */
    const tyto_search_options *search;
    bool templates; /**< as tyto_embed_options has them */
    /** How much more than a thing's box is looked into: this share of its sides on each side, as far
     *  as the photo goes. */
    double margin;
    /** Of each label, so many things of one region are looked into, the best ones; 0: all. */
    int64_t regions;
    /** Before each region (stage "regions"; the subject is the label, or NULL for the photo) and
     *  each layer; or NULL: as the session's. */
    tyto_progress_fn progress;
    void *progress_user;
} tyto_tree_search_options;

/** No margin, at most 100 regions of each label. */
TYTO_API void tyto_tree_search_options_init(tyto_tree_search_options *options, size_t struct_bytes);

/** A tree whose labels are encoded, for any number of photos.
 *  threads  as its session */
typedef struct tyto_tree_search tyto_tree_search;

/** Encodes the labels of a tree.
 *  tree    copied
 *  memory  the session is borrowed until the search is destroyed; release *out with
 *          tyto_tree_search_destroy
 *  errors  E_ARGUMENT (a tree that isn't complete, options that aren't taken, a model that doesn't
 *          search, or compares nothing where there are choices), E_RANGE (a margin below 0 or above
 *          10, regions below 0), those of tyto_search_check and tyto_vocabulary_create */
TYTO_API TYTO_NODISCARD tyto_status tyto_tree_search_create(tyto_session *session,
                                                            const tyto_tree *tree,
                                                            const tyto_tree_search_options *options,
                                                            tyto_tree_search **out,
                                                            tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_tree_search_destroy(tyto_tree_search *search);

/** Answers the tree's lists about a photo: things as tyto_search finds them, choices as
 *  tyto_similarity has it; then the lists of each thing's label about that part of the photo, cut
 *  out, and those of a choice's label about what was chosen for. Each region's result is, bit for
 *  bit, what these calls give for it alone: the pixels from the floor of its box's left and top to
 *  the ceiling of its right and bottom, boxes then moved by that floor.
 *  out     empty after an error; release with tyto_tree_found_clear
 *  memory  the pixels of 8 regions at a time, and what tyto_search takes for them
 *  errors  those of tyto_search and tyto_similarity */
TYTO_API TYTO_NODISCARD tyto_status tyto_tree_search_photo(tyto_tree_search *search,
                                                           const tyto_image *photo,
                                                           tyto_tree_found *out, tyto_error *err);
/** The threshold of things without one of their own. */
TYTO_API float tyto_tree_search_threshold(const tyto_tree_search *search);

TYTO_END_DECLS

#endif
