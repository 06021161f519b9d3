/** Flow from the inside. */
#ifndef TYTO_TASKS_FLOW_H
#define TYTO_TASKS_FLOW_H

#include <tyto/flow.h>

/** Which pair of how many: progress counts tiles through all of them. */
typedef struct tyto_flow_place {
    const char *name; /* the progress' subject; or NULL */
    int64_t pair, pairs;
} tyto_flow_place;

/** tyto_flow of frames that are a pair of several; *tiles = how they were covered. */
TYTO_NODISCARD tyto_status tyto_flow_of_frames(tyto_session *session, const tyto_flow_place *place,
                                               const tyto_image *first, const tyto_image *second,
                                               const tyto_flow_options *options,
                                               tyto_flow_field *out, tyto_flow_tiles *tiles,
                                               tyto_error *err);

#endif
