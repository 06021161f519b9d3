/** Hub ids as models. */
#ifndef TYTO_CLI_HUB_H
#define TYTO_CLI_HUB_H

#include <stdbool.h>

/** Whether the word is a hub id and no path. */
bool hub_is_id(const char *word);
/** The folder of a hub id, from the cache or else downloaded; newly allocated. NULL after a
 *  complaint. */
char *hub_folder(const char *id);
/** The folder of its newest files; what the cache has isn't fetched again. revision NULL: the
 *  id's own. */
char *hub_pull(const char *id, const char *revision);

#endif
