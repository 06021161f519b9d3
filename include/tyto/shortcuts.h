/** Opt-in approximations: less work for each photo, and other numbers than the reference's. */
#ifndef TYTO_SHORTCUTS_H
#define TYTO_SHORTCUTS_H

#include <stdbool.h>
#include <stdint.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

/** What the patches of a photo of another size than the checkpoint's take as their positions. */
typedef enum tyto_positions {
    TYTO_POSITIONS_INTERPOLATED, /**< the checkpoint's grid, resized (bicubic) */
    TYTO_POSITIONS_TRUNCATED     /**< its top left, as it is; for smaller photos only */
} tyto_positions;

/** All zeros: none. */
typedef struct tyto_shortcuts {
    /** Patches that hold nothing of the photo, only the padding that makes it square, are left
     *  out. A photo of 4:3 has a quarter less of them, one of 16:9 44 % less. */
    bool skip_padding;
    /** Side of the square that photos are resized to, in pixels, a multiple of the model's patches;
     *  0: the processor's. */
    int64_t input_px;
    tyto_positions positions; /**< with input_px */
} tyto_shortcuts;

/** Makes the session's tyto_detect, tyto_match and both in tiles take these shortcuts; NULL: none
 *  any more. What tyto_photo_create encodes is not affected. A detection's patch counts those that
 *  were run: row · patches in a row + column.
 *  errors  E_UNSUPPORTED (a model without patches or detection heads), E_ARGUMENT (an input_px that
 *          is no multiple of the patches), E_RANGE (one below a patch, above 1024 patches, or, with
 *          truncated positions, above the checkpoint's own size) */
TYTO_API TYTO_NODISCARD tyto_status tyto_session_use_shortcuts(tyto_session *session,
                                                               const tyto_shortcuts *shortcuts,
                                                               tyto_error *err);

TYTO_END_DECLS

#endif
