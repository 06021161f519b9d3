/** Pictures on their way to the heads: through the image tower, or as an earlier run left them. */
#ifndef TYTO_MODELS_OWLV2_FEATURES_H
#define TYTO_MODELS_OWLV2_FEATURES_H

#include "models/owlv2/towers.h"

/** Pictures of one run: pixels, or embeds[batch,G,G,D]. */
typedef struct tyto_owlv2_views {
    tyto_owlv2_pictures pictures; /* its pixels are unset when there are embeds */
    const float *embeds;
    int64_t batch;
    bool embedded;
    tyto_owlv2_window window; /* of each */
} tyto_owlv2_views;

/** Reads the input `pixels`, or in its place `embeds`, the output of that name of an earlier run.
 *  windows  pixels may be a part of a picture, or of another size (tyto_owlv2_pictures_read)
 *  errors  E_ARGUMENT when both are given, or neither */
TYTO_NODISCARD tyto_status tyto_owlv2_views_read(const tyto_owlv2 *model, tyto_io *io,
                                                 const char *pixels, const char *embeds,
                                                 bool windows, tyto_owlv2_views *out);

/** What a caller does with picture b's features[P,D] while they are at hand; b counts up. */
typedef tyto_status (*tyto_owlv2_features_fn)(void *context, tyto_exec *exec, int64_t b,
                                              const float *features);

/** Declares the image tower's outputs under `prefix` (tyto_owlv2_pictures_declare); none of
 * pictures that are embedded already. */
TYTO_NODISCARD tyto_status tyto_owlv2_views_declare(const tyto_owlv2 *model, tyto_exec *exec,
                                                    tyto_io *io, const char *prefix,
                                                    tyto_owlv2_views *views);

/** Calls `visit` for each picture. kept[batch,P,D] receives all features; NULL: they aren't
 *  wanted later. The outputs that were declared are given. */
TYTO_NODISCARD tyto_status tyto_owlv2_views_run(const tyto_owlv2 *model, tyto_exec *exec,
                                                const tyto_owlv2_views *views, float *kept,
                                                tyto_owlv2_features_fn visit, void *context);

#endif
