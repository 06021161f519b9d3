/** Vocabularies of texts, saved classes and examples together. */
#ifndef TYTO_VOCABULARY_BUILDER_H
#define TYTO_VOCABULARY_BUILDER_H

#include <tyto/detection_document.h>
#include <tyto/search.h>

TYTO_BEGIN_DECLS

/** What a vocabulary is to be made of: texts first, then saved queries, then examples, then photos,
 *  each in the order in which they were added. Labels are known as soon as things are added, so
 *  that everything that people can get wrong is found before a model is opened; features are made
 *  by the calls that take a session. Belongs to one thread at a time. */
typedef struct tyto_vocabulary_builder tyto_vocabulary_builder;

/** Which queries of one label become one, their mean. */
typedef enum tyto_averaging {
    TYTO_AVERAGING_NONE = 0,
    TYTO_AVERAGING_EXAMPLES = 1, /**< examples */
    TYTO_AVERAGING_ALL = 2       /**< texts, saved queries and examples */
} tyto_averaging;

/** A thing in a photo. */
typedef struct tyto_vocabulary_example {
    const char *photo;      /**< its name; unless the caller embeds it, the file to read */
    const tyto_box *region; /**< in pixels of the photo, or NULL: all of it; copied */
    tyto_query_rule rule;
    const char *label;
    bool in_shares; /**< the region counts in shares of the photo's width and height, 0 to 1 */
    uint64_t reserved[3]; /**< zeros */
} tyto_vocabulary_example;

/** memory  release *out with tyto_vocabulary_builder_destroy */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_create(tyto_averaging averaging,
                                                                   tyto_vocabulary_builder **out,
                                                                   tyto_error *err);
TYTO_API void tyto_vocabulary_builder_destroy(tyto_vocabulary_builder *builder);

/* What is added is copied.
 * errors  E_ARGUMENT (an empty text), E_LIMIT, E_MEMORY; of a vocabulary, E_SHAPE (another width)
 */

TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_add_text(
    tyto_vocabulary_builder *builder, const char *text, tyto_error *err);
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_add_vocabulary(
    tyto_vocabulary_builder *builder, const tyto_vocabulary *vocabulary, tyto_error *err);
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_add_example(
    tyto_vocabulary_builder *builder, const tyto_vocabulary_example *example, tyto_error *err);

/** Adds what files hold: a text on each line of a text file ("-": standard input), without spaces
 *  around it and once, or the `names` of a .yaml file of ultralytics; or saved queries. Lines left
 *  out are told to the engine's log when texts are embedded.
 *  errors  those of tyto_file_lines_read, of tyto_vocabulary_load, and above; E_ARGUMENT (no
 *          line) */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_add_lines(
    tyto_vocabulary_builder *builder, const char *path, tyto_error *err);
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_add_file(
    tyto_vocabulary_builder *builder, const char *path, tyto_error *err);

/** Adds an example as people write it: `IMAGE[@BOX][=LABEL]`, the box left,top,right,bottom in
 *  pixels, or, where none of the four is above 1, in shares of the photo's width and height. A
 *  folder means each of its photos. The default label is the file's or folder's name. What names a
 *  file as it stands has neither box nor label.
 *  errors  E_ARGUMENT (how it is written), E_NOT_FOUND (no photo there), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_add_words(
    tyto_vocabulary_builder *builder, const char *word, tyto_query_rule rule, tyto_error *err);

/** Labels of the queries of texts, saved classes and examples, in their order, once they are
 *  averaged: *out, of *count, which may be 0. The list lives until something is added.
 *  errors  E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status
tyto_vocabulary_builder_labels(const tyto_vocabulary_builder *builder, const char *const **out,
                               int64_t *count, tyto_error *err);
/** How many texts were added, and the width of the saved queries; 0: there are none. */
TYTO_API int64_t tyto_vocabulary_builder_text_count(const tyto_vocabulary_builder *builder);
TYTO_API int64_t tyto_vocabulary_builder_width(const tyto_vocabulary_builder *builder);
/** *out[*count] = each example's photo and the index of its label, and once it is embedded the box
 *  that was chosen for it, as documents of detections take it.
 *  memory  the builder's, until it is asked again or something is added
 *  errors  E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status
tyto_vocabulary_builder_notes(const tyto_vocabulary_builder *builder, const tyto_example_note **out,
                              int64_t *count, tyto_error *err);
/** The boxes that were chosen in a photo, as detections to draw: their scores are objectness, their
 *  label indices places among all examples, of which *labels[*count] are the labels.
 *  memory  release *out with tyto_detections_clear; *labels is the builder's, until it is asked
 *          again or something is added
 *  errors  E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_chosen(
    const tyto_vocabulary_builder *builder, const char *photo, tyto_detections *out,
    const char *const **labels, int64_t *count, tyto_error *err);
/** Whether the box that was chosen for an embedded example hardly looks like an object, so that
 *  what it finds means little. */
TYTO_API bool tyto_example_note_is_doubtful(const tyto_example_note *note);
/** The examples' photos, each once, in order: how many, and the name of photo i (or NULL). */
TYTO_API int64_t tyto_vocabulary_builder_photo_count(const tyto_vocabulary_builder *builder);
TYTO_API const char *tyto_vocabulary_builder_photo(const tyto_vocabulary_builder *builder,
                                                   int64_t i);

/* Features. options NULL: the defaults. Errors are those of what they call. */

/** Encodes the texts, unless they are. */
TYTO_API TYTO_NODISCARD tyto_status
tyto_vocabulary_builder_embed_texts(tyto_vocabulary_builder *builder, tyto_session *session,
                                    const tyto_embed_options *options, tyto_error *err);
/** Embeds the examples that lie in photo i; `image` holds that photo. */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_embed_examples(
    tyto_vocabulary_builder *builder, tyto_session *session, int64_t i, const tyto_image *image,
    const tyto_embed_options *options, tyto_error *err);
/** Adds a whole photo as a query of the kind TYTO_QUERY_KIND_IMAGE. */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_embed_image(
    tyto_vocabulary_builder *builder, tyto_session *session, const char *label,
    const tyto_image *image, const tyto_embed_options *options, tyto_error *err);
/** Adds what looks like an object in a photo: for each box that a search without vocabulary finds
 *  a query of the kind TYTO_QUERY_KIND_BOX.
 *  search  thresholds and suppression; NULL: the defaults
 *  count   receives how many there are; may be NULL */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_embed_boxes(
    tyto_vocabulary_builder *builder, tyto_session *session, const char *label,
    const tyto_image *image, const tyto_embed_options *options, const tyto_search_options *search,
    int64_t *count, tyto_error *err);

/** Takes the rows of photos that an earlier run saved back, as .safetensors or as the document of
 *  <tyto/vocabulary_document.h>: they come as if these photos had been embedded first. Photos are
 *  known by their base names; one whose name another has is left to be embedded. A file that isn't
 *  there has none.
 *  photos  [count] paths of this run
 *  done    [count]; becomes whether rows of it were taken
 *  errors  E_ARGUMENT (.npy, whose rows have no names), E_SHAPE (another model's), E_FORMAT, those
 *          of tyto_vocabulary_load */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_resume(
    tyto_vocabulary_builder *builder, const tyto_session *session, const char *path,
    const char *const *photos, int64_t count, bool *done, tyto_error *err);

/** All of it as one vocabulary; embeds first what isn't yet. *out is NULL where there is nothing:
 *  tyto_search then looks for whatever looks like an object.
 *  memory  release *out with tyto_vocabulary_destroy; the builder stays */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_builder_build(tyto_vocabulary_builder *builder,
                                                                  tyto_session *session,
                                                                  const tyto_embed_options *options,
                                                                  tyto_vocabulary **out,
                                                                  tyto_error *err);

TYTO_END_DECLS

#endif
