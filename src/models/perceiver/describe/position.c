#include "models/perceiver/describe/position.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/json.h"
#include "models/perceiver/describe/config.h"
#include "models/perceiver/requests.h"

static tyto_status nested(const json_t *object, const char *where, const char *key,
                          const json_t **out, tyto_error *err)
{
    *out = json_object_get(object, key);
    if (!json_is_object(*out)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': required an object", where, key);
    }
    return TYTO_OK;
}

static tyto_status read_trainable(const json_t *object, const char *where,
                                  tyto_perceiver_position *out, tyto_error *err)
{
    int64_t dims[TYTO_PERCEIVER_AXES_MAX] = {0};
    const json_t *kwargs;
    TYTO_TRY(nested(object, where, "trainable_position_encoding_kwargs", &kwargs, err));
    out->num_channels = 128;
    TYTO_TRY(tyto_perceiver_read_size(kwargs, where, "num_channels", TYTO_PERCEIVER_SIZE_MAX,
                                      &out->num_channels, err));
    TYTO_TRY(tyto_perceiver_read_sizes(kwargs, where, "index_dims", TYTO_PERCEIVER_AXES_MAX,
                                       TYTO_PERCEIVER_POSITIONS_MAX, dims, &out->index_rank, err));
    out->index_count = dims[0];
    for (int i = 1; i < out->index_rank; i++) {
        if (!tyto_mul_i64(out->index_count, dims[i], &out->index_count)) {
            out->index_count = INT64_MAX;
        }
    }
    out->index_rank = out->index_rank ? out->index_rank : 1;
    if (out->index_count < 1 || out->index_count > TYTO_PERCEIVER_POSITIONS_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: 'index_dims': required 1 to %lld positions", where,
                         (long long)TYTO_PERCEIVER_POSITIONS_MAX);
    }
    return TYTO_OK;
}

static tyto_status read_fourier(const json_t *object, const char *where,
                                tyto_perceiver_position *out, tyto_error *err)
{
    const json_t *kwargs;
    TYTO_TRY(nested(object, where, "fourier_position_encoding_kwargs", &kwargs, err));
    out->concat_pos = true;
    TYTO_TRY(tyto_perceiver_read_size(kwargs, where, "num_bands", 1 << 16, &out->num_bands, err));
    TYTO_TRY(tyto_perceiver_read_sizes(kwargs, where, "max_resolution", TYTO_PERCEIVER_AXES_MAX,
                                       TYTO_PERCEIVER_POSITIONS_MAX, out->max_resolution,
                                       &out->resolution_rank, err));
    TYTO_TRY(tyto_json_bool(kwargs, where, "concat_pos", &out->concat_pos, err));
    TYTO_TRY(tyto_json_bool(kwargs, where, "sine_only", &out->sine_only, err));
    if (out->num_bands < 1 || out->resolution_rank < 1) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: 'fourier_position_encoding_kwargs': required num_bands and a list "
                         "max_resolution",
                         where);
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_position_read(const json_t *object, const char *where, const char *type,
                                         tyto_perceiver_position *out, tyto_error *err)
{
    *out = (tyto_perceiver_position){.type = TYTO_PERCEIVER_POSITION_NONE, .project_pos_dim = -1};
    TYTO_TRY(tyto_json_text(object, where, "position_encoding_type", &type, err));
    TYTO_TRY(tyto_json_int(object, where, "project_pos_dim", &out->project_pos_dim, err));
    if (out->project_pos_dim > TYTO_PERCEIVER_SIZE_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: 'project_pos_dim': got %lld, required at most %d",
                         where, (long long)out->project_pos_dim, TYTO_PERCEIVER_SIZE_MAX);
    }
    if (strcmp(type, "trainable") == 0) {
        out->type = TYTO_PERCEIVER_POSITION_TRAINABLE;
        return read_trainable(object, where, out, err);
    }
    if (strcmp(type, "fourier") == 0) {
        out->type = TYTO_PERCEIVER_POSITION_FOURIER;
        return read_fourier(object, where, out, err);
    }
    if (strcmp(type, "none") == 0) {
        return TYTO_OK;
    }
    return tyto_fail(err, TYTO_E_FORMAT,
                     "%s: 'position_encoding_type': got '%s', required 'trainable', 'fourier' or "
                     "'none'",
                     where, type);
}

tyto_status tyto_perceiver_position_check(const tyto_perceiver_position *position,
                                          const char *where, tyto_error *err)
{
    const int64_t size = tyto_perceiver_position_size(position);
    if (position->project_pos_dim > 0 && size != position->out_channels) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: project_pos_dim: got positions of %lld channels, required "
                         "out_channels (%lld)",
                         where, (long long)size, (long long)position->out_channels);
    }
    return TYTO_OK;
}

int tyto_perceiver_position_rank(const tyto_perceiver_position *position)
{
    return position->type == TYTO_PERCEIVER_POSITION_TRAINABLE ? position->index_rank
                                                               : position->resolution_rank;
}

/* Channels of Fourier features with `groups` groups of frequencies over `rank` axes. */
static int64_t fourier_size(const tyto_perceiver_position *position, int groups, int rank)
{
    return position->num_bands * groups * (position->sine_only ? 1 : 2) +
           (position->concat_pos ? rank : 0);
}

int64_t tyto_perceiver_position_size(const tyto_perceiver_position *position)
{
    switch (position->type) {
    case TYTO_PERCEIVER_POSITION_TRAINABLE:
        return position->num_channels;
    case TYTO_PERCEIVER_POSITION_FOURIER:
        return fourier_size(position, position->resolution_rank, position->resolution_rank);
    case TYTO_PERCEIVER_POSITION_NONE:
        break;
    }
    return 0;
}

int64_t tyto_perceiver_position_channels(const tyto_perceiver_position *position)
{
    return position->project_pos_dim > 0 ? position->project_pos_dim
                                         : tyto_perceiver_position_size(position);
}

void tyto_perceiver_position_bind(tyto_binder *binder, tyto_perceiver_position *fields,
                                  const char *table_prefix, const char *projection_prefix)
{
    const int64_t index_dims = fields->index_count, num_channels = fields->num_channels,
                  project_pos_dim = fields->project_pos_dim, out_channels = fields->out_channels;
    if (fields->type == TYTO_PERCEIVER_POSITION_TRAINABLE) {
        tyto_binder_prefix(binder, "%s", table_prefix);
#define TYTO_PERCEIVER_TRAINABLE
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_TRAINABLE
    }
    if (fields->type != TYTO_PERCEIVER_POSITION_NONE && project_pos_dim > 0) {
        tyto_binder_prefix(binder, "%s", projection_prefix);
#define TYTO_PERCEIVER_PROJECT
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_PROJECT
    }
}
