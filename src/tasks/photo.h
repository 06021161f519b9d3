/** Photos from the inside, and how they get into networks. */
#ifndef TYTO_RUNTIME_PHOTO_H
#define TYTO_RUNTIME_PHOTO_H

#include <tyto/photo.h>

struct tyto_photo {
    int64_t width_px, height_px;
    bool padded;      /* to a square, before the network saw it */
    tyto_tensor view; /* image_embeds[1,G,G,D]; its data is owned */
};

/** What a head is to look at, with the size that boxes are scaled to. */
typedef struct tyto_view {
    tyto_tensor tensor; /* pixel_values or image_embeds */
    int64_t width_px, height_px;
    bool padded;
    /* Of a part of a picture: rows and columns of the whole one, and how positions are found. */
    bool is_part, interpolated;
    int64_t patch_grid[2];
} tyto_view;

/** The photo as pixel_values in the session's buffer, which stays for the next photo.
 *  errors  E_ARGUMENT (a model without image processor), E_LIMIT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_view_of_image(tyto_session *session, const tyto_image *image,
                                              tyto_view *out, tyto_error *err);
/** The same, but by the session's shortcuts if it takes any. */
TYTO_NODISCARD tyto_status tyto_view_to_search(tyto_session *session, const tyto_image *image,
                                               tyto_view *out, tyto_error *err);
tyto_view tyto_view_of_photo(const tyto_photo *photo);

/** Looks for a vocabulary, or for objects when it is NULL, in a view; guided: post-processing as
 *  after image queries; patches: of the view, or NULL. */
TYTO_NODISCARD tyto_status tyto_search(tyto_session *session, const tyto_view *view,
                                       const tyto_vocabulary *vocabulary,
                                       const tyto_postprocess_options *options, bool guided,
                                       int64_t *patches, tyto_detections *out, tyto_error *err);

#endif
