/** The files that a checkpoint's folder, or its repository on the hub, has by name. */
#ifndef TYTO_FORMATS_CHECKPOINT_FILES_H
#define TYTO_FORMATS_CHECKPOINT_FILES_H

#define TYTO_CONFIG_FILE "config.json"
/** Weights as tyto_model_pack writes them. */
#define TYTO_PACKED_FILE "model.packed.safetensors"
/** Which products run in whole numbers, and how: what a calibration chose. */
#define TYTO_CHOICES_FILE "int8.safetensors"

/** Weights, in the order in which they are looked for; an index names further files. Ends with
 *  NULL. */
extern const char *const tyto_weights_files[];
/** What stands beside config.json and the weights: processors, tokenizers, choices. Ends with
 *  NULL. */
extern const char *const tyto_companion_files[];

#endif
