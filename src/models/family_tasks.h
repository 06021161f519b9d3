/** What a family offers as tasks. A task (src/tasks/) knows how a thing is done, whichever network
 *  does it; these tables say by which head, under which names, and in which sizes a family's
 *  network does it. README.md in this folder says what each head must compute. */
#ifndef TYTO_MODELS_FAMILY_TASKS_H
#define TYTO_MODELS_FAMILY_TASKS_H

#include <stdbool.h>
#include <stdint.h>

/** Searching photos for the queries of a vocabulary. */
typedef struct tyto_family_search {
    /** pixel_values[1,3,H,W] or image_embeds[1,rows,columns,D], and text_embeds[n,E] unless objects
     *  of any kind are looked for → logits[1,P,n], objectness_logits[1,P], pred_boxes[1,P,4],
     *  image_embeds, class_embeds[1,P,E] */
    const char *head;
    /** The same with queries from a picture, pixel_values and query_pixel_values; or NULL. */
    const char *guided_head;
    /** query_image_embeds, query_boxes[1,1,4] and query_rule → query_embeds, box_indices,
     *  query_pred_boxes, query_objectness_logits. NULL: an example can't be a query. */
    const char *query_head;
    /** The head takes parts of pictures (patch_grid) and pictures of other sizes than the
     *  checkpoint's (interpolate_pos_encoding): of at most so many patches along a side. 0: whole
     *  pictures of the checkpoint's size alone. */
    int64_t window_grid_max;
} tyto_family_search;

/** Texts and whole pictures as vectors of one space. */
typedef struct tyto_family_embed {
    const char *text_head;  /* input_ids[n,T] and attention_mask → text_features[n,E]; or NULL */
    const char *image_head; /* pixel_values[1,3,H,W] → image_features[1,E]; or NULL */
} tyto_family_embed;

/** How alike texts and whole pictures are. */
typedef struct tyto_family_similarity {
    const char *head; /* pixel_values[1,3,H,W] and text_embeds[n,E] → logits_per_image[1,n] */
} tyto_family_similarity;

/** What is classified, and what makes scores of its logits. */
typedef enum tyto_family_classes {
    TYTO_FAMILY_CLASSES_OF_NOTHING = 0,
    TYTO_FAMILY_CLASSES_OF_TEXTS = 1,
    TYTO_FAMILY_CLASSES_OF_IMAGES = 2,
} tyto_family_classes;
typedef enum tyto_family_scores {
    TYTO_FAMILY_SCORES_SOFTMAX = 0,
    TYTO_FAMILY_SCORES_SIGMOID = 1,
    TYTO_FAMILY_SCORES_NONE = 2, /* logits are values themselves */
} tyto_family_scores;

/** Classifying texts or pictures by the model's own head. */
typedef struct tyto_family_classify {
    const char *input;      /* [n,T] ids or [n,3,H,W] */
    const char *mask_input; /* [n,T] of texts: 1 where there is one; or NULL */
    const char *output;     /* [n,classes] */
    bool pictures;          /* whatever the config says; else `classes` knows */
    /** A class whose models may be composed of any parts can say of each that it does not. */
    tyto_family_classes (*classes)(const void *model);
    tyto_family_scores (*scores)(const void *model);
    int64_t (*max_tokens)(const void *model); /* of a text */
} tyto_family_classify;

/** Filling in masked bytes of texts. */
typedef struct tyto_family_fill_mask {
    const char *head;
    const char *input;        /* [1,T] ids */
    const char *points_input; /* [n] places of the masks among them */
    const char *output;       /* [1,n,vocabulary] */
    int64_t (*max_tokens)(const void *model);
} tyto_family_fill_mask;

/** How far each pixel of one frame has moved in the next. */
typedef struct tyto_family_flow {
    const char *head;
    const char *input;  /* [1,2,27,H,W]: the 3×3 pixels around each pixel of both frames */
    const char *output; /* [1,H,W,2] */
    /** Pixels of the frames that the network takes. */
    void (*size)(const void *model, int64_t *height_px, int64_t *width_px);
} tyto_family_flow;

/** Sizes of the windows of video that a network takes. */
typedef struct tyto_family_window {
    int64_t frames, height_px, width_px, frames_per_second;
    int64_t samples, sound_hz, samples_per_patch;
    int64_t labels;
} tyto_family_window;

/** Encoding a window of frames and sound, naming it, and making it again from the latents. */
typedef struct tyto_family_autoencode {
    const char *head;
    const char *image_input; /* [1,frames,3,H,W] */
    const char *sound_input; /* [1,samples,1] */
    const char *label_input; /* [1,labels]; zeros: masked */
    const char *latents;     /* output of a run with those inputs, input of one without them */
    const char *image_points, *sound_points; /* [n] which pixels or patches are decoded */
    const char *image_output;                /* [1,n,3] */
    const char *sound_output;                /* [1,n·samples_per_patch,1] or as many values */
    const char *label_output;                /* [1,labels] logits */
    void (*window)(const void *model, tyto_family_window *out);
} tyto_family_autoencode;

/** NULL where a class of models has no such task. */
typedef struct tyto_family_tasks {
    const tyto_family_search *search;
    const tyto_family_embed *embed;
    const tyto_family_similarity *similarity;
    const tyto_family_classify *classify;
    const tyto_family_fill_mask *fill_mask;
    const tyto_family_flow *flow;
    const tyto_family_autoencode *autoencode;
} tyto_family_tasks;

#endif
