#include "models/owlv2/labels.h"

#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"

static void label_name(char name[TYTO_IO_NAME_BYTES], int64_t photo, const char *rest)
{
    snprintf(name, TYTO_IO_NAME_BYTES, "labels.%lld.%s", (long long)photo, rest);
}

/* A scalar input `loss_options.name`; absent leaves *out alone. */
static tyto_status read_option(tyto_io *io, const char *option, double least, double most,
                               double *out)
{
    char name[TYTO_IO_NAME_BYTES];
    const void *given;
    tyto_io_name(name, "loss_options", option);
    if (!tyto_io_has(io, name)) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_io_input(io, name, TYTO_F32, 0, NULL, &given));
    const double value = (double)*(const float *)given;
    if (!(value >= least && value <= most)) {
        return tyto_fail(io->err, TYTO_E_RANGE, "input '%s': got %g, required %g … %g", name, value,
                         least, most);
    }
    *out = value;
    return TYTO_OK;
}

static tyto_status read_options(tyto_io *io, tyto_owlv2_loss_options *out)
{
    tyto_owlv2_loss_options_init(out);
#define READ(name, value, least, most) TYTO_TRY(read_option(io, #name, least, most, &out->name));
    TYTO_OWLV2_LOSS_OPTIONS(READ)
#undef READ
    return TYTO_OK;
}

static tyto_status read_photo(tyto_io *io, int64_t photo, tyto_owlv2_targets *out)
{
    char name[TYTO_IO_NAME_BYTES];
    const void *ids, *boxes;
    int64_t count[1] = {TYTO_IO_ANY_OR_NONE};
    label_name(name, photo, "class_labels");
    TYTO_TRY(tyto_io_input(io, name, TYTO_I64, 1, count, &ids));
    label_name(name, photo, "boxes");
    TYTO_TRY(tyto_io_input(io, name, TYTO_F32, 2, (int64_t[]){count[0], 4}, &boxes));
    *out = (tyto_owlv2_targets){.labels = ids, .boxes = boxes, .count = count[0]};
    return TYTO_OK;
}

static tyto_status read_targets(tyto_exec *exec, tyto_io *io, const tyto_owlv2_queries *queries,
                                tyto_owlv2_labels *out)
{
    void *targets;
    TYTO_TRY(tyto_exec_take(exec, queries->photos, sizeof(*out->targets), &targets));
    out->targets = targets;
    for (int64_t b = 0; b < queries->photos; b++) {
        const tyto_owlv2_found found = {
            .index = b, .queries = queries->counts[b], .valid = queries->valid + b * queries->most};
        TYTO_TRY(read_photo(io, b, &out->targets[b]));
        TYTO_TRY(tyto_owlv2_targets_check(&out->targets[b], &found, io->err));
        out->most = tyto_max_i64(out->most, out->targets[b].count);
    }
    return TYTO_OK;
}

tyto_status tyto_owlv2_labels_declare(tyto_exec *exec, tyto_io *io,
                                      const tyto_owlv2_queries *queries, tyto_owlv2_labels *out)
{
    *out = (tyto_owlv2_labels){0};
    bool given = tyto_io_has(io, "labels.0.class_labels") || tyto_io_has(io, "labels.0.boxes");
    const tyto_output_kind kind = given ? TYTO_OUTPUT_DEFAULT : TYTO_OUTPUT_ON_REQUEST;
    const struct {
        const char *name;
        float **memory;
    } outputs[] = {
        {"loss", &out->loss},
        {"loss_dict.loss_ce", &out->ce},
        {"loss_dict.loss_bbox", &out->bbox},
        {"loss_dict.loss_giou", &out->giou},
        {"loss_dict.loss_objectness", &out->objectness},
    };
    for (size_t i = 0; i < sizeof(outputs) / sizeof(*outputs); i++) {
        TYTO_TRY(tyto_io_output(io, kind, outputs[i].name, 0, NULL, outputs[i].memory));
        out->wanted = out->wanted || *outputs[i].memory;
    }
    if (!out->wanted && !given) {
        return TYTO_OK;
    }
    TYTO_TRY(read_options(io, &out->options));
    return read_targets(exec, io, queries, out);
}

static void give(float *output, double value)
{
    if (output) {
        *output = (float)value;
    }
}

tyto_status tyto_owlv2_labels_run(const tyto_owlv2_labels *labels, tyto_exec *exec,
                                  const tyto_owlv2_queries *queries,
                                  const tyto_owlv2_predictions *predictions)
{
    const int64_t P = predictions->patches, most = queries->most;
    size_t mark = tyto_arena_mark(exec->arena);
    void *terms_memory, *patches;
    TYTO_TRY(tyto_exec_take(exec, queries->photos, sizeof(tyto_owlv2_loss_terms), &terms_memory));
    TYTO_TRY(tyto_exec_take(exec, labels->most, sizeof(int64_t), &patches));
    tyto_owlv2_loss_terms *terms = terms_memory;
    for (int64_t b = 0; b < queries->photos; b++) {
        const tyto_owlv2_found found = {
            .index = b,
            .patches = P,
            .queries = queries->counts[b],
            .stride = most,
            .logits = predictions->logits + b * P * most,
            .boxes = predictions->boxes + b * P * 4,
            .objectness = predictions->objectness + b * P,
            .valid = queries->valid + b * most,
        };
        TYTO_TRY(tyto_owlv2_photo_loss(exec, &labels->options, &found, &labels->targets[b], patches,
                                       &terms[b]));
    }
    tyto_owlv2_loss loss;
    tyto_owlv2_loss_join(&labels->options, terms, queries->photos, &loss);
    give(labels->loss, loss.total);
    give(labels->ce, loss.ce);
    give(labels->bbox, loss.bbox);
    give(labels->giou, loss.giou);
    give(labels->objectness, loss.objectness);
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
