/** Flow from the inside. */
#ifndef TYTO_TASKS_FLOW_H
#define TYTO_TASKS_FLOW_H

#include <tyto/flow.h>

/** tyto_flow of frames that have a name, which is the progress' subject; *tiles = how they were
 *  covered. */
TYTO_NODISCARD tyto_status tyto_flow_of_frames(tyto_session *session, const char *name,
                                               const tyto_image *first, const tyto_image *second,
                                               const tyto_flow_options *options,
                                               tyto_flow_field *out, tyto_flow_tiles *tiles,
                                               tyto_error *err);

#endif
