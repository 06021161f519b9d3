#include "models/perceiver/describe/config.h"

#include <string.h>

#include "base/error.h"
#include "formats/json.h"

static tyto_status read_from(const json_t *object, const char *where, const char *key,
                             int64_t minimum, int64_t maximum, int64_t *out, tyto_error *err)
{
    TYTO_TRY(tyto_json_int(object, where, key, out, err));
    if (*out < minimum || *out > maximum) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: '%s': got %lld, required %lld to %lld", where, key,
                         (long long)*out, (long long)minimum, (long long)maximum);
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_read_size(const json_t *object, const char *where, const char *key,
                                     int64_t maximum, int64_t *out, tyto_error *err)
{
    const json_t *value = json_object_get(object, key);
    return !value || json_is_null(value) ? TYTO_OK
                                         : read_from(object, where, key, 1, maximum, out, err);
}

tyto_status tyto_perceiver_read_sizes(const json_t *object, const char *where, const char *key,
                                      int most, int64_t maximum, int64_t *out, int *rank,
                                      tyto_error *err)
{
    const json_t *value = json_object_get(object, key);
    if (!value || json_is_null(value)) {
        return TYTO_OK;
    }
    if (!json_is_array(value)) {
        *rank = 0;
        return tyto_perceiver_read_size(object, where, key, maximum, out, err);
    }
    const size_t count = json_array_size(value);
    if (count < 1 || count > (size_t)most) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': got %zu sizes, required 1 to %d", where,
                         key, count, most);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(value, i);
        const json_int_t size = json_is_integer(item) ? json_integer_value(item) : 0;
        if (size < 1 || size > maximum) {
            return tyto_fail(err, TYTO_E_RANGE, "%s: '%s'[%zu]: required an integer, 1 to %lld",
                             where, key, i, (long long)maximum);
        }
        out[i] = size;
    }
    *rank = (int)count;
    return TYTO_OK;
}

/* A list of exactly `count` sizes. */
static tyto_status read_list(const json_t *object, const char *where, const char *key, int count,
                             int64_t *out, tyto_error *err)
{
    int rank = count;
    TYTO_TRY(tyto_perceiver_read_sizes(object, where, key, count, TYTO_PERCEIVER_SIZE_MAX, out,
                                       &rank, err));
    if (rank != count) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': got %d sizes, required a list of %d", where,
                         key, rank ? rank : 1, count);
    }
    return TYTO_OK;
}

static tyto_status read_shape(const json_t *root, const char *file, tyto_perceiver_config *out,
                              tyto_error *err)
{
    const struct {
        const char *key;
        int64_t minimum, maximum;
        int64_t *value;
    } fields[] = {
        {"num_latents", 1, TYTO_PERCEIVER_SIZE_MAX, &out->num_latents},
        {"d_latents", 1, TYTO_PERCEIVER_SIZE_MAX, &out->d_latents},
        {"d_model", 1, TYTO_PERCEIVER_SIZE_MAX, &out->d_model},
        {"num_blocks", 0, TYTO_PERCEIVER_LAYERS_MAX, &out->num_blocks},
        {"num_self_attends_per_block", 0, TYTO_PERCEIVER_LAYERS_MAX,
         &out->num_self_attends_per_block},
        {"num_self_attention_heads", 1, TYTO_PERCEIVER_SIZE_MAX, &out->num_self_attention_heads},
        {"num_cross_attention_heads", 1, TYTO_PERCEIVER_SIZE_MAX, &out->num_cross_attention_heads},
        {"self_attention_widening_factor", 1, 1024, &out->self_attention_widening_factor},
        {"cross_attention_widening_factor", 1, 1024, &out->cross_attention_widening_factor},
        {"vocab_size", 1, TYTO_PERCEIVER_SIZE_MAX, &out->vocab_size},
        {"max_position_embeddings", 1, TYTO_PERCEIVER_SIZE_MAX, &out->max_position_embeddings},
        {"image_size", 1, 1 << 16, &out->image_size},
        {"num_frames", 1, 1 << 16, &out->num_frames},
        {"audio_samples_per_frame", 1, TYTO_PERCEIVER_SIZE_MAX, &out->audio_samples_per_frame},
        {"samples_per_patch", 1, TYTO_PERCEIVER_SIZE_MAX, &out->samples_per_patch},
        {"output_num_channels", 1, TYTO_PERCEIVER_SIZE_MAX, &out->output_num_channels},
        {"_label_trainable_num_channels", 1, TYTO_PERCEIVER_SIZE_MAX,
         &out->label_trainable_num_channels},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        TYTO_TRY(read_from(root, file, fields[i].key, fields[i].minimum, fields[i].maximum,
                           fields[i].value, err));
    }
    TYTO_TRY(tyto_perceiver_read_size(root, file, "qk_channels", TYTO_PERCEIVER_SIZE_MAX,
                                      &out->qk_channels, err));
    TYTO_TRY(tyto_perceiver_read_size(root, file, "v_channels", TYTO_PERCEIVER_SIZE_MAX,
                                      &out->v_channels, err));
    TYTO_TRY(read_list(root, file, "train_size", 2, out->train_size, err));
    return read_list(root, file, "output_shape", 4, out->output_shape, err);
}

static tyto_status read_switches(const json_t *root, const char *file, tyto_perceiver_config *out,
                                 tyto_error *err)
{
    const char *act = "gelu", *shape = "kv";
    TYTO_TRY(tyto_json_text(root, file, "hidden_act", &act, err));
    if (!tyto_activation_find(act, &out->hidden_act)) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: 'hidden_act': got '%s', required one of %s",
                         file, act, tyto_activation_names());
    }
    TYTO_TRY(tyto_json_text(root, file, "cross_attention_shape_for_attention", &shape, err));
    if (strcmp(shape, "kv") != 0 && strcmp(shape, "q") != 0) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: 'cross_attention_shape_for_attention': got '%s', required 'kv' or "
                         "'q'",
                         file, shape);
    }
    out->cross_attention_shape_q = shape[0] == 'q';
    TYTO_TRY(tyto_json_bool(root, file, "use_query_residual", &out->use_query_residual, err));
    TYTO_TRY(tyto_json_bool(root, file, "output_attentions", &out->output_attentions, err));
    TYTO_TRY(tyto_json_bool(root, file, "output_hidden_states", &out->output_hidden_states, err));
    TYTO_TRY(tyto_json_double(root, file, "attention_probs_dropout_prob",
                              &out->attention_probs_dropout_prob, err));
    TYTO_TRY(tyto_json_double(root, file, "initializer_range", &out->initializer_range, err));
    TYTO_TRY(tyto_json_double(root, file, "layer_norm_eps", &out->layer_norm_eps, err));
    if (!(out->attention_probs_dropout_prob >= 0 && out->attention_probs_dropout_prob <= 1)) {
        return tyto_fail(err, TYTO_E_RANGE,
                         "%s: 'attention_probs_dropout_prob': got %g, required 0 to 1", file,
                         out->attention_probs_dropout_prob);
    }
    return TYTO_OK;
}

/* The number of labels is that of id2label, then num_labels, then 2. */
static tyto_status read_labels(const json_t *root, const char *file, tyto_perceiver_config *out,
                               tyto_error *err)
{
    static const char *const names[] = {"", "regression", "single_label_classification",
                                        "multi_label_classification"};
    const json_t *labels = json_object_get(root, "id2label");
    const char *problem = NULL;
    TYTO_TRY(tyto_perceiver_read_size(root, file, "num_labels", TYTO_PERCEIVER_SIZE_MAX,
                                      &out->num_labels, err));
    if (json_is_object(labels) && json_object_size(labels) > 0) {
        if (json_object_size(labels) > TYTO_PERCEIVER_SIZE_MAX) {
            return tyto_fail(err, TYTO_E_RANGE, "%s: 'id2label': got %zu, required at most %d",
                             file, json_object_size(labels), TYTO_PERCEIVER_SIZE_MAX);
        }
        out->num_labels = (int64_t)json_object_size(labels);
    }
    TYTO_TRY(tyto_json_text(root, file, "problem_type", &problem, err));
    for (int i = 1; problem && i <= TYTO_PERCEIVER_MULTI_LABEL; i++) {
        if (strcmp(problem, names[i]) == 0) {
            out->problem_type = (tyto_perceiver_problem)i;
            return TYTO_OK;
        }
    }
    return !problem ? TYTO_OK
                    : tyto_fail(err, TYTO_E_FORMAT,
                                "%s: 'problem_type': got '%s', required %s, %s or %s", file,
                                problem, names[1], names[2], names[3]);
}

/* The reference's own checks of the core. */
static tyto_status check(const tyto_perceiver_config *config, const json_t *root, const char *file,
                         tyto_error *err)
{
    const struct {
        const char *name;
        int64_t value;
    } heads[] = {{"num_self_attention_heads", config->num_self_attention_heads},
                 {"num_cross_attention_heads", config->num_cross_attention_heads}};
    for (int i = 0; i < 2; i++) {
        if (config->d_latents % heads[i].value != 0) {
            return tyto_fail(
                err, TYTO_E_FORMAT, "%s: d_latents: got %lld, required a multiple of %s (%lld)",
                file, (long long)config->d_latents, heads[i].name, (long long)heads[i].value);
        }
    }
    if (json_object_size(json_object_get(root, "pruned_heads")) > 0) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: 'pruned_heads': required none", file);
    }
    /* Self-attention adds its values, projected to v_channels, to the latents. */
    const int64_t v = config->v_channels    ? config->v_channels
                      : config->qk_channels ? config->qk_channels
                                            : config->d_latents;
    if (config->num_self_attends_per_block > 0 && v != config->d_latents) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: v_channels: got %lld%s, required d_latents (%lld), to which "
                         "self-attention adds them",
                         file, (long long)v, config->v_channels ? "" : " (from qk_channels)",
                         (long long)config->d_latents);
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_config_read(const json_t *root, const char *file,
                                       tyto_perceiver_config *out, tyto_error *err)
{
    *out = (tyto_perceiver_config){
        .num_latents = 256,
        .d_latents = 1280,
        .d_model = 768,
        .num_blocks = 1,
        .num_self_attends_per_block = 26,
        .num_self_attention_heads = 8,
        .num_cross_attention_heads = 8,
        .self_attention_widening_factor = 1,
        .cross_attention_widening_factor = 1,
        .use_query_residual = true,
        .vocab_size = 262,
        .max_position_embeddings = 2048,
        .image_size = 56,
        .train_size = {368, 496},
        .num_frames = 16,
        .audio_samples_per_frame = 1920,
        .samples_per_patch = 16,
        .output_shape = {1, 16, 224, 224},
        .output_num_channels = 512,
        .label_trainable_num_channels = 1024,
        .num_labels = 2,
        .attention_probs_dropout_prob = 0.1,
        .initializer_range = 0.02,
        .layer_norm_eps = 1e-12,
    };
    TYTO_TRY(read_shape(root, file, out, err));
    TYTO_TRY(read_switches(root, file, out, err));
    TYTO_TRY(read_labels(root, file, out, err));
    return check(out, root, file, err);
}
