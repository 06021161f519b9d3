/** Label Studio's labeling configuration: XML that says what is drawn on what. */
#ifndef TYTO_SERVER_LABELING_H
#define TYTO_SERVER_LABELING_H

#include <stdbool.h>
#include <stddef.h>

/** The first <RectangleLabels> over an <Image>. */
typedef struct labeling {
    char *from_name; /**< its name; NULL: there is none in the configuration */
    char *to_name;   /**< that of the image */
    char *key;       /**< where a task's data has the picture */
    char **labels;   /**< [n_labels] */
    size_t n_labels;
} labeling;

/** Reads a configuration; its text is UTF-8. Release with labeling_clear.
 *  reason  what is wrong with it, when false is returned; NULL: out of memory */
bool labeling_read(const char *xml, labeling *out, const char **reason);
void labeling_clear(labeling *l);

#endif
