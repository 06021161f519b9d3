/** Inputs: texts and pictures as the named tensors that tyto_forward takes. */
#ifndef TYTO_INPUTS_H
#define TYTO_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/engine.h>
#include <tyto/image.h>
#include <tyto/processor.h>
#include <tyto/tensor.h>
#include <tyto/tokenizer.h>

TYTO_BEGIN_DECLS

typedef struct tyto_text_list {
    const char *const *items;
    int64_t count;
    uint64_t reserved[4]; /**< zeros */
} tyto_text_list;

/** What a call is about. Texts need a tokenizer, pictures a processor. */
typedef struct tyto_inputs_source {
    size_t struct_bytes; /**< set by tyto_inputs_source_init */
    /** A list for each photo; shorter ones are filled up with the text " ", as the reference does.
     *  One list alone is rows as they are, for photos in turn, or for none. */
    const tyto_text_list *texts;
    int64_t n_texts;
    const tyto_tokenizer *tokenizer;
    const tyto_encode_options *encode; /**< NULL: padded to the tokenizer's length, nothing cut */

    const tyto_image *images, *query_images;
    int64_t n_images, n_query_images;
    const tyto_image_processor *processor;
    const tyto_engine *engine; /**< threads and kernels; may be NULL */

    bool shared_texts; /**< one list of texts, which every photo gets */
} tyto_inputs_source;

/** Nothing of all that. struct_bytes: sizeof(tyto_inputs_source). */
TYTO_API void tyto_inputs_source_init(tyto_inputs_source *source, size_t struct_bytes);

#define TYTO_INPUTS_MAX 4

/** Tensors with the names that tyto_forward knows: input_ids [n,T] and attention_mask [n,T] i64,
 *  query_pixel_values and pixel_values [B,3,H,W] f32; those that there are, in this order. */
typedef struct tyto_inputs {
    tyto_tensor tensors[TYTO_INPUTS_MAX];
    int64_t count;
    uint64_t reserved[4];
} tyto_inputs;

/** Makes a call's inputs, equal to what the reference's processor returns. (That one forgets the
 *  texts where there are query pictures; here they stay.)
 *  memory  *out is filled; release it with tyto_inputs_clear
 *  errors  E_ARGUMENT (nothing given; texts without a tokenizer, pictures without a processor;
 *          lists for another number of photos, or several that are shared; no text in any list),
 *          E_LIMIT, E_SHAPE (rows of different lengths, pictures that become different sizes), and
 *          those of tyto_tokenizer_encode and tyto_image_processor_run
 *  threads any
 *  source  Owlv2Processor.__call__ */
TYTO_API TYTO_NODISCARD tyto_status tyto_inputs_make(const tyto_inputs_source *source,
                                                     tyto_inputs *out, tyto_error *err);
TYTO_API void tyto_inputs_clear(tyto_inputs *inputs);

TYTO_END_DECLS

#endif
