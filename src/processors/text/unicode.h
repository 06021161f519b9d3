/** Unicode as the reference's tokenizer sees it. */
#ifndef TYTO_PROCESSORS_TEXT_UNICODE_H
#define TYTO_PROCESSORS_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a code point is to the split into words. */
typedef enum tyto_char_kind {
    TYTO_CHAR_SPACE,
    TYTO_CHAR_LETTER,
    TYTO_CHAR_NUMBER,
    TYTO_CHAR_OTHER,
} tyto_char_kind;

tyto_char_kind tyto_char_kind_of(int32_t c);
/** Whether c belongs to a word in the sense of `\w`: what a single_word token may not touch. */
bool tyto_char_is_word(int32_t c);
/** Whether Python's `str.strip` removes c: white space, and four separators of ASCII. */
bool tyto_char_is_blank(int32_t c);
/** Whether composition stops before and after c: a code point without combining class and without
 *  compositions for the reference, whose normaliser knows Unicode 9.0. */
bool tyto_char_is_barrier(int32_t c);

/** Whether bytes are UTF-8; if not, *at is the place of the first wrong one. */
bool tyto_utf8_check(const char *bytes, size_t length, size_t *at);
/** Bytes of the UTF-8 sequence at `bytes`, of which `left` ≥ 1 are there; when it's a wrong one,
 *  *valid is false, and it's the longest start of a right one, at least a byte. */
size_t tyto_utf8_sequence(const char *bytes, size_t left, bool *valid);
/** Reads one code point of checked text; returns its bytes. */
size_t tyto_utf8_read(const char *at, int32_t *c);
/** Writes one code point, at most 4 bytes; returns its bytes. */
size_t tyto_utf8_write(int32_t c, char *at);

/** Steps of a normaliser, in the order in which they run. */
typedef enum tyto_text_step {
    TYTO_STEP_NFC,    /**< canonical composition */
    TYTO_STEP_SPACES, /**< runs of white space become one space */
    TYTO_STEP_LOWER,  /**< lower case, code point by code point */
} tyto_text_step;

enum { TYTO_TEXT_STEPS_MAX = 8 };

typedef struct tyto_normalizer {
    int count;
    tyto_text_step steps[TYTO_TEXT_STEPS_MAX];
} tyto_normalizer;

/** From one code point up to another. */
typedef struct tyto_range {
    int32_t start, end;
} tyto_range;

/** A growing string of code points. */
typedef struct tyto_points {
    int32_t *c;
    size_t count;
    size_t capacity;
    bool has_sources;    /* set by whoever wants them */
    tyto_range *sources; /* [count]: of which code points of the text that was read each stands */
} tyto_points;

void tyto_points_clear(tyto_points *points);
/** Makes room for `more` further code points; false when memory is out. */
bool tyto_points_reserve(tyto_points *points, size_t more);
/** Appends the composed form of `count` ≥ 1 code points without a barrier, with the sources that
 *  the reference gives each; `out` has sources. False when memory is out. */
bool tyto_compose_sources(const int32_t *c, const tyto_range *sources, size_t count,
                          tyto_points *out);

/** Appends a piece of checked UTF-8; false when memory is out. */
bool tyto_points_read(tyto_points *points, const char *bytes, size_t length);
/** Runs all steps; the work of each is linear, whatever the text. False when memory is out. */
bool tyto_normalize(const tyto_normalizer *normalizer, tyto_points *points);

#endif
