/** Documents of what was found in photos by a tree. */
#ifndef TYTO_TREE_DOCUMENT_H
#define TYTO_TREE_DOCUMENT_H

#include <stdbool.h>
#include <tyto/document.h>
#include <tyto/tree.h>

TYTO_BEGIN_DECLS

typedef struct tyto_tree_document_options {
    size_t struct_bytes; /**< set by tyto_tree_document_options_init */
    tyto_format format;  /**< text, JSON or JSON lines */
    const tyto_tree *tree;
    int64_t
        n_photos;    /**< that the run will have; in JSON, one is an object, several are an array */
    float threshold; /**< of labels without their own, which JSON mentions */
    bool array;      /**< JSON: an array also of one photo */
} tyto_tree_document_options;

/** Text, one photo, threshold 0.1. */
TYTO_API void tyto_tree_document_options_init(tyto_tree_document_options *options,
                                              size_t struct_bytes);

/** Begins a document; *out = what comes before the first photo.
 *
 *  A photo is an object of JSON: image, width, height, tree (the text), threshold, and found, the
 *  list of what is in it. A thing has label, label_index (its node), score and box; a choice label
 *  and label_index, null where none is likely enough, score, and choices, a list of label,
 *  label_index, logit and probability. What has lists in the tree has inside, a list of what was
 *  found there, or null where it wasn't looked into. Text has a line for each, indented by depth.
 *  options  the tree is copied
 *  memory   release *document with tyto_document_destroy, and *out with tyto_bytes_clear
 *  errors   E_ARGUMENT (another format, a tree that isn't complete), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status
tyto_tree_document_create(const tyto_tree_document_options *options, tyto_document **document,
                          tyto_bytes *out, tyto_error *err);
/** Adds a photo by its name; *out = the bytes that come next.
 *  errors  E_ARGUMENT (something that isn't of the tree, a document of something else or that was
 *          ended), E_MEMORY, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_document_add_tree(tyto_document *document,
                                                           const char *photo,
                                                           const tyto_tree_found *found,
                                                           tyto_bytes *out, tyto_error *err);

TYTO_END_DECLS

#endif
