/* config.json of an OWLv2 checkpoint. */
#include "formats/json.h"
#include "fuzz.h"
#include "models/owlv2/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_owlv2_config config;
    json_t *root = NULL;
    if (tyto_json_parse((const char *)data, size, "config.json", &root, &err) == TYTO_OK &&
        tyto_owlv2_config_read(root, "config.json", &config, &err) == TYTO_OK) {
        /* What is accepted must be usable: nothing later checks these again. */
        if (config.vision.patch_size < 1 || config.vision.encoder.num_attention_heads < 1 ||
            config.vision.encoder.hidden_size % config.vision.encoder.num_attention_heads != 0 ||
            tyto_owlv2_grid(&config.vision) < 1 || config.projection_dim < 1) {
            __builtin_trap();
        }
    }
    json_decref(root);
    tyto_error_clear(&err);
    return 0;
}
