/** Photos as pixels of the patches that a session's shortcuts leave. */
#ifndef TYTO_RUNTIME_SHORTCUTS_H
#define TYTO_RUNTIME_SHORTCUTS_H

#include <tyto/shortcuts.h>

#include "tasks/photo.h"

/** True when the session's searches look at photos in another way than the reference. */
bool tyto_takes_shortcuts(const tyto_session *session);

/** tyto_view_of_image with the session's shortcuts. */
TYTO_NODISCARD tyto_status tyto_view_by_shortcuts(tyto_session *session, const tyto_image *image,
                                                  tyto_view *out, tyto_error *err);

#endif
