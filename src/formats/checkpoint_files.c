#include "formats/checkpoint_files.h"

#include <stddef.h>

const char *const tyto_weights_files[] = {TYTO_PACKED_FILE,
                                          "model.safetensors",
                                          "model.safetensors.index.json",
                                          "pytorch_model.bin",
                                          "pytorch_model.bin.index.json",
                                          NULL};

const char *const tyto_companion_files[] = {"preprocessor_config.json",
                                            "processor_config.json",
                                            "tokenizer.json",
                                            "tokenizer_config.json",
                                            "special_tokens_map.json",
                                            "added_tokens.json",
                                            "vocab.json",
                                            "merges.txt",
                                            TYTO_CHOICES_FILE,
                                            NULL};
