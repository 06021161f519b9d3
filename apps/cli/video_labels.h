/** What a network took videos for, as people and programs want it written. */
#ifndef TYTO_CLI_VIDEO_LABELS_H
#define TYTO_CLI_VIDEO_LABELS_H

#include <jansson.h>
#include <stdint.h>
#include <tyto/autoencode.h>

#include "output.h"

/** The words of --format. */
#define VIDEO_LABEL_FORMATS "text|json|jsonl"

typedef struct video_label_writer {
    const tyto_model *model; /**< names the labels */
    int format;
    int64_t top_k;
    bool many; /**< there is more than one video */
    output out;
    json_t *document; /**< of several videos, until the end */
} video_label_writer;

/* Each returns false after a complaint when writing fails. */

/** Begins to write to standard output. */
bool video_labels_open(video_label_writer *to);
/** The mean over the windows, and each window. */
bool video_labels_write(video_label_writer *to, const char *video, const tyto_video_classes *found);
/** What comes after the last video. */
bool video_labels_end(video_label_writer *to);

#endif
