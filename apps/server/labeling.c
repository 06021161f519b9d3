#include "labeling.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Elements within one another, and images of a configuration. */
enum { DEPTH_MAX = 64, IMAGES_MAX = 64 };

typedef struct image {
    char *name, *key;
} image;

/* What is read so far. */
typedef struct reading {
    XML_Parser parser;
    labeling *out;
    image images[IMAGES_MAX];
    size_t n_images, room;
    int depth, labels_depth; /* labels_depth: of the RectangleLabels that is being read, or 0 */
    const char *reason;
    bool failed;
} reading;

static void fail(reading *r, const char *reason)
{
    r->failed = true;
    r->reason = reason;
    XML_StopParser(r->parser, XML_FALSE);
}

static const char *attribute(const XML_Char **pairs, const char *name)
{
    for (; pairs[0]; pairs += 2) {
        if (strcmp(pairs[0], name) == 0) {
            return pairs[1];
        }
    }
    return NULL;
}

static char *copy(reading *r, const char *text)
{
    char *out = strdup(text ? text : "");
    if (!out) {
        fail(r, NULL);
    }
    return out;
}

static void add_image(reading *r, const XML_Char **pairs)
{
    const char *value = attribute(pairs, "value");
    if (r->n_images == IMAGES_MAX) {
        fail(r, "too many images");
        return;
    }
    r->images[r->n_images++] = (image){.name = copy(r, attribute(pairs, "name")),
                                       .key = copy(r, value && *value == '$' ? value + 1 : value)};
}

static void add_label(reading *r, const XML_Char **pairs)
{
    labeling *l = r->out;
    const char *value = attribute(pairs, "value");
    if (!value || !*value) {
        return;
    }
    if (l->n_labels == r->room) {
        const size_t room = 2 * r->room + 16;
        char **grown = realloc(l->labels, room * sizeof(*grown));
        if (!grown) {
            fail(r, NULL);
            return;
        }
        l->labels = grown;
        r->room = room;
    }
    char *text = copy(r, value);
    if (text) {
        l->labels[l->n_labels++] = text;
    }
}

static void on_start(void *user, const XML_Char *name, const XML_Char **pairs)
{
    reading *r = user;
    if (++r->depth > DEPTH_MAX) {
        fail(r, "too many elements within one another");
    } else if (strcmp(name, "Image") == 0) {
        add_image(r, pairs);
    } else if (strcmp(name, "RectangleLabels") == 0 && !r->out->from_name) {
        r->out->from_name = copy(r, attribute(pairs, "name"));
        r->out->to_name = copy(r, attribute(pairs, "toName"));
        r->labels_depth = r->depth;
    } else if (strcmp(name, "Label") == 0 && r->labels_depth > 0) {
        add_label(r, pairs);
    }
}

static void on_end(void *user, const XML_Char *name)
{
    reading *r = user;
    (void)name;
    if (r->depth == r->labels_depth) {
        r->labels_depth = 0;
    }
    r->depth--;
}

/* Entities could make much of little. */
static void on_doctype(void *user, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    fail(user, "a document type isn't read");
}

/* The image that the labels are drawn on may come before them or after. */
static bool find_image(reading *r)
{
    labeling *l = r->out;
    if (!l->from_name) {
        return true;
    }
    for (size_t i = 0; i < r->n_images; i++) {
        if (strcmp(r->images[i].name, l->to_name) == 0) {
            l->key = r->images[i].key;
            r->images[i].key = NULL;
            return true;
        }
    }
    r->reason = "RectangleLabels: toName names no Image";
    return false;
}

bool labeling_read(const char *xml, labeling *out, const char **reason)
{
    reading r = {.out = out};
    const size_t length = strlen(xml);
    *out = (labeling){0};
    *reason = NULL;
    r.parser = XML_ParserCreate("UTF-8");
    if (!r.parser) {
        return false;
    }
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    bool good = length <= INT_MAX &&
                XML_Parse(r.parser, xml, (int)length, XML_TRUE) != XML_STATUS_ERROR && !r.failed;
    if (!good && !r.failed && XML_GetErrorCode(r.parser) != XML_ERROR_NO_MEMORY) {
        r.reason = "not XML";
    }
    good = good && find_image(&r);
    XML_ParserFree(r.parser);
    for (size_t i = 0; i < r.n_images; i++) {
        free(r.images[i].name);
        free(r.images[i].key);
    }
    if (!good) {
        labeling_clear(out);
        *reason = r.reason;
    }
    return good;
}

void labeling_clear(labeling *l)
{
    for (size_t i = 0; i < l->n_labels; i++) {
        free(l->labels[i]);
    }
    free(l->labels);
    free(l->from_name);
    free(l->to_name);
    free(l->key);
    *l = (labeling){0};
}
