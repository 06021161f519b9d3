/* What tokenizer.json does around its model. */
#include <string.h>

#include "base/error.h"
#include "formats/json.h"
#include "processors/text/read.h"

/* How CLIP cuts a text into words. */
#define SPLIT_PATTERN "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"
/* Files of version 5 keep special tokens whole here; the step by bytes then cuts such a word as the
 * pattern above would have cut it, so that nothing comes out differently. */
#define SPLIT_PATTERN_5 "<\\|startoftext\\|>|<\\|endoftext\\|>|" SPLIT_PATTERN
#define SPACES_PATTERN "\\s+"

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is_type(const json_t *object, const char *type)
{
    return strcmp(text_at(object, "type"), type) == 0;
}

static bool is_regex(const json_t *object, const char *pattern)
{
    return strcmp(text_at(json_object_get(object, "pattern"), "Regex"), pattern) == 0;
}

static tyto_status unsupported(const char *file, const char *what, const json_t *value,
                               const char *required, tyto_error *err)
{
    const char *type = text_at(value, "type");
    return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: '%s': got %.40s, required %s", file, what,
                     type[0] ? type : tyto_json_type(value), required);
}

static tyto_status read_step(const json_t *value, const char *file, tyto_normalizer *normalizer,
                             tyto_error *err)
{
    const bool is_spaces = is_type(value, "Replace") && is_regex(value, SPACES_PATTERN) &&
                           strcmp(text_at(value, "content"), " ") == 0;
    if (normalizer->count == TYTO_TEXT_STEPS_MAX ||
        !(is_spaces || is_type(value, "NFC") || is_type(value, "Lowercase"))) {
        return unsupported(file, "normalizer", value,
                           "NFC, Replace of white space by a space, Lowercase", err);
    }
    normalizer->steps[normalizer->count++] = is_spaces               ? TYTO_STEP_SPACES
                                             : is_type(value, "NFC") ? TYTO_STEP_NFC
                                                                     : TYTO_STEP_LOWER;
    return TYTO_OK;
}

static tyto_status read_normalizer(const json_t *value, const char *file,
                                   tyto_normalizer *normalizer, tyto_error *err)
{
    if (!value || json_is_null(value)) {
        return TYTO_OK;
    }
    if (!is_type(value, "Sequence")) {
        return read_step(value, file, normalizer, err);
    }
    const json_t *list = json_object_get(value, "normalizers");
    for (size_t i = 0; i < json_array_size(list); i++) {
        TYTO_TRY(read_step(json_array_get(list, i), file, normalizer, err));
    }
    return TYTO_OK;
}

/* The split into words, then into bytes: nothing else is CLIP's. */
static tyto_status check_pre_tokenizer(const json_t *value, const char *file, tyto_error *err)
{
    const json_t *list = json_object_get(value, "pretokenizers");
    const json_t *split = json_array_get(list, 0), *bytes = json_array_get(list, 1);
    if (!is_type(value, "Sequence") || json_array_size(list) != 2 || !is_type(split, "Split") ||
        !is_type(bytes, "ByteLevel")) {
        return unsupported(file, "pre_tokenizer", value, "a Sequence of Split and ByteLevel", err);
    }
    if (!(is_regex(split, SPLIT_PATTERN) || is_regex(split, SPLIT_PATTERN_5)) ||
        strcmp(text_at(split, "behavior"), "Removed") != 0 ||
        !json_is_true(json_object_get(split, "invert"))) {
        return unsupported(file, "pre_tokenizer", split, "CLIP's pattern, inverted, Removed", err);
    }
    if (!json_is_false(json_object_get(bytes, "add_prefix_space"))) {
        return unsupported(file, "pre_tokenizer", bytes, "add_prefix_space false", err);
    }
    return TYTO_OK;
}

/* The id of ["<|endoftext|>", 49407]. */
static tyto_status read_end(const json_t *processor, const char *key, const char *file,
                            int32_t *out, tyto_error *err)
{
    return tyto_read_id(json_array_get(json_object_get(processor, key), 1), file, key, out, err);
}

/* The text of a template's piece: "A" and "B" for the texts, else a special token's. */
static const char *piece_text(const json_t *template, size_t i, bool *is_text, int *type_id)
{
    const json_t *piece = json_array_get(template, i);
    const json_t *text = json_object_get(piece, "Sequence"),
                 *token = json_object_get(piece, "SpecialToken");
    *is_text = text != NULL;
    *type_id = (int)json_integer_value(json_object_get(text ? text : token, "type_id"));
    return text_at(text ? text : token, "id");
}

/* Whether a template is what RobertaProcessing makes: as in `pattern`, where S and E are the
 * tokens that stand at the start and end of the first text, and all of type 0. */
static bool fits_template(const json_t *template, const char *pattern, const char *start,
                          const char *end)
{
    bool fits = json_array_size(template) == strlen(pattern);
    for (size_t i = 0; fits && pattern[i]; i++) {
        bool is_text;
        int type_id;
        const char *text = piece_text(template, i, &is_text, &type_id);
        const bool special = pattern[i] == 'S' || pattern[i] == 'E';
        const char letter[2] = {pattern[i]};
        const char *required = pattern[i] == 'S' ? start : pattern[i] == 'E' ? end : letter;
        fits = is_text == !special && type_id == 0 && strcmp(text, required) == 0;
    }
    return fits;
}

/* A special token's only id. */
static tyto_status read_template_token(const json_t *value, const char *token, const char *file,
                                       int32_t *out, tyto_error *err)
{
    const json_t *tokens = json_object_get(value, "special_tokens"),
                 *ids = json_object_get(json_object_get(tokens, token), "ids");
    if (json_array_size(ids) != 1) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: 'post_processor': '%.40s': got %zu ids, required 1", file, token,
                         json_array_size(ids));
    }
    return tyto_read_id(json_array_get(ids, 0), file, "ids", out, err);
}

/* TemplateProcessing that spells out what RobertaProcessing does. */
static tyto_status read_template(const json_t *value, const char *file, tyto_tokenizer *tokenizer,
                                 tyto_error *err)
{
    const json_t *single = json_object_get(value, "single"), *pair = json_object_get(value, "pair");
    bool is_text;
    int type_id;
    const char *start = piece_text(single, 0, &is_text, &type_id),
               *end = piece_text(single, 2, &is_text, &type_id);
    if (!fits_template(single, "SAE", start, end) || !fits_template(pair, "SAEEBE", start, end)) {
        return unsupported(file, "post_processor", value,
                           "a template 'start A end' and 'start A end end B end', types 0", err);
    }
    TYTO_TRY(read_template_token(value, start, file, &tokenizer->start_id, err));
    return read_template_token(value, end, file, &tokenizer->end_id, err);
}

static tyto_status read_post_processor(const json_t *value, const char *file,
                                       tyto_tokenizer *tokenizer, tyto_error *err)
{
    if (!value || json_is_null(value) || is_type(value, "ByteLevel")) {
        return TYTO_OK;
    }
    if (is_type(value, "TemplateProcessing")) {
        return read_template(value, file, tokenizer, err);
    }
    if (!is_type(value, "RobertaProcessing") && !is_type(value, "BertProcessing")) {
        return unsupported(file, "post_processor", value,
                           "RobertaProcessing or a TemplateProcessing like it", err);
    }
    tokenizer->trims_offsets = json_is_true(json_object_get(value, "trim_offsets"));
    TYTO_TRY(read_end(value, "cls", file, &tokenizer->start_id, err));
    return read_end(value, "sep", file, &tokenizer->end_id, err);
}

tyto_status tyto_read_pipeline(const tyto_tokenizer_files *files, tyto_tokenizer *tokenizer,
                               tyto_error *err)
{
    const json_t *root = files->tokenizer, *decoder = json_object_get(root, "decoder");
    const char *file = files->tokenizer_path;
    TYTO_TRY(
        read_normalizer(json_object_get(root, "normalizer"), file, &tokenizer->normalizer, err));
    TYTO_TRY(check_pre_tokenizer(json_object_get(root, "pre_tokenizer"), file, err));
    TYTO_TRY(read_post_processor(json_object_get(root, "post_processor"), file, tokenizer, err));
    if (!is_type(decoder, "ByteLevel")) {
        return unsupported(file, "decoder", decoder, "ByteLevel", err);
    }
    /* Only the sides of these outlive loading: lengths and padding come with each call. */
    tokenizer->pad_left =
        strcmp(text_at(json_object_get(root, "padding"), "direction"), "Left") == 0;
    tokenizer->truncate_left =
        strcmp(text_at(json_object_get(root, "truncation"), "direction"), "Left") == 0;
    return TYTO_OK;
}
