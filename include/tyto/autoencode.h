/** Video autoencoding: a window of frames and sound is encoded, named, and made again. */
#ifndef TYTO_AUTOENCODE_H
#define TYTO_AUTOENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/classes.h>
#include <tyto/clip.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

/** The windows that the model takes: its config's frames and samples, at 25 frames a second.
 *  errors  E_ARGUMENT (a model that doesn't offer TYTO_TASK_AUTOENCODE) */
TYTO_API TYTO_NODISCARD tyto_status tyto_autoencode_shape(const tyto_model *model,
                                                          tyto_clip_shape *out, tyto_error *err);

/** What the network makes of a window. */
typedef struct tyto_reconstruction {
    float *images;        /**< [frames][H][W][3]; NULL when only classes were asked for */
    float *sound;         /**< [samples]; likewise */
    float *probabilities; /**< [n_classes], their sum is 1 */
    int64_t n_classes;
    uint64_t reserved[4]; /**< 0 */
} tyto_reconstruction;

TYTO_API void tyto_reconstruction_clear(tyto_reconstruction *reconstruction);

typedef struct tyto_autoencode_options {
    size_t struct_bytes; /**< set by tyto_autoencode_options_init */
    int64_t chunks;      /**< runs of the decoder, of about as many positions each */
    bool classify;       /**< the class alone: no picture or sound is decoded */
    /** Before each chunk (stage "chunks") and each layer; or NULL: as the session's. */
    tyto_progress_fn progress;
    void *progress_user;
} tyto_autoencode_options;

/** 8 chunks, all of the window. */
TYTO_API void tyto_autoencode_options_init(tyto_autoencode_options *options, size_t struct_bytes);

/** Encodes a window, with its label masked, and decodes it: the encoder runs once, however many
 *  chunks there are, and their number changes nothing in the result.
 *  images   [frames][3][H][W] in [0, 1]; sound [samples] in [−1, 1]
 *  options  NULL: the defaults
 *  memory   release *out with tyto_reconstruction_clear
 *  errors   E_ARGUMENT (the model, chunks), E_CANCELLED, E_MEMORY
 *  threads  one at a time per session
 *  source   Jaegle et al. 2021, and the authors' notebook on video autoencoding */
TYTO_API TYTO_NODISCARD tyto_status tyto_autoencode(tyto_session *session, const float *images,
                                                    const float *sound,
                                                    const tyto_autoencode_options *options,
                                                    tyto_reconstruction *out, tyto_error *err);

typedef struct tyto_autoencode_video_options {
    size_t struct_bytes;     /**< set by tyto_autoencode_video_options_init */
    const char *sound;       /**< a file whose sound is taken; NULL: the video's own */
    tyto_clip_sound missing; /**< what a video without sound has */
    int64_t windows;         /**< the first so many alone; 0: all */
    int64_t chunks;          /**< as tyto_autoencode_options has it */
    /** Before each window, or each chunk of one that is decoded (stage "windows", counted in chunks
     *  then, subject the video), and before each layer; or NULL: as the session's. */
    tyto_progress_fn progress;
    void *progress_user;
    bool partial; /**< when it is stopped, the windows so far are the result, and the video */
} tyto_autoencode_video_options;

/** The video's own sound, which it must have; all windows, in 8 chunks. */
TYTO_API void tyto_autoencode_video_options_init(tyto_autoencode_video_options *options,
                                                 size_t struct_bytes);

/** Runs all windows of a video, names what is in it, and writes it as the network makes it again.
 *  When it is stopped, the engine's log says how far it came.
 *  path     the .mp4, .mov or .mkv to write, which appears whole or not at all; NULL: none, which
 *           is faster
 *  options  NULL: the defaults
 *  out      empty after a failure, but for windows that are kept (`partial`): n_windows of them
 *  memory   one window; release *out with tyto_video_classes_clear
 *  errors   those of tyto_clip_reader_open, tyto_clip_reader_next, tyto_autoencode and
 *           tyto_video_writer_create */
TYTO_API TYTO_NODISCARD tyto_status tyto_autoencode_video(
    tyto_session *session, const char *video, const char *path,
    const tyto_autoencode_video_options *options, tyto_video_classes *out, tyto_error *err);
/** The same without a video to write.
 *  errors  those of tyto_autoencode_video */
TYTO_API TYTO_NODISCARD tyto_status tyto_classify_video(
    tyto_session *session, const char *video, const tyto_autoencode_video_options *options,
    tyto_video_classes *out, tyto_error *err);

TYTO_END_DECLS

#endif
