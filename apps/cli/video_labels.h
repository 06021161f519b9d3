/** What a network took videos for, as people and programs want it written. */
#ifndef TYTO_CLI_VIDEO_LABELS_H
#define TYTO_CLI_VIDEO_LABELS_H

#include <jansson.h>
#include <stdint.h>
#include <tyto/model.h>

#include "output.h"

/** The words of --format. */
#define VIDEO_LABEL_FORMATS "text|json|jsonl"

/** One video's windows, in order. Release `scores` with free. */
typedef struct video_labels {
    const char *video;
    int64_t labels;
    size_t windows;
    float *scores;   /**< [windows,labels] */
    double window_s; /**< seconds from one window to the next */
    double end_s;    /**< where the last one ends */
} video_labels;

/** Adds a window that ends at end_s. */
void video_labels_add(video_labels *to, const float *scores, int64_t labels, double end_s);

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
bool video_labels_write(video_label_writer *to, const video_labels *found);
/** What comes after the last video. */
bool video_labels_end(video_label_writer *to);

#endif
