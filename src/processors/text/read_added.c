/* Added and special tokens, which several files describe. Which of them counts when is the
 * reference's rule (PreTrainedTokenizerBase._from_pretrained, PreTrainedTokenizerFast.__init__):
 *
 *   - tokenizer.json's list comes first;
 *   - `added_tokens_decoder` of tokenizer_config.json replaces what special_tokens_map.json and
 *     added_tokens.json say, which are read without it only;
 *   - bos_token and its like are added last, unless they are there already. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/json.h"
#include "processors/text/read.h"

/* A token as a file gives it. */
typedef struct spec {
    const char *content; /* the document's; NULL: there is none */
    bool is_text;        /* a bare string, without flags */
    bool single_word, lstrip, rstrip, special;
    int normalized;  /* 1, 0, or −1: not said, which means !special */
    int32_t id;      /* that it must get, or TYTO_NO_TOKEN */
    bool is_default; /* no file gave it */
} spec;

typedef struct spec_list {
    spec *items;
    size_t count, capacity;
} spec_list;

/* Tokens with a role, in the order in which they are added. */
enum role {
    BOS = TYTO_TOKEN_ROLE_BOS,
    EOS = TYTO_TOKEN_ROLE_EOS,
    UNK = TYTO_TOKEN_ROLE_UNK,
    SEP = TYTO_TOKEN_ROLE_SEP,
    PAD = TYTO_TOKEN_ROLE_PAD,
    CLS = TYTO_TOKEN_ROLE_CLS,
    MASK = TYTO_TOKEN_ROLE_MASK,
    ROLES = TYTO_TOKEN_ROLE_COUNT
};
static const char *const role_names[ROLES] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                              "pad_token", "cls_token", "mask_token"};

typedef struct reader {
    const tyto_tokenizer_files *files;
    tyto_tokenizer *tokenizer;
    spec roles[ROLES];
    spec_list additional; /* additional_special_tokens */
    spec_list decoder;    /* what the files describe by id */
} reader;

static tyto_status add_spec(spec_list *list, const spec *item, tyto_error *err)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 8;
        spec *items = tyto_realloc(list->items, capacity, sizeof(*items));
        if (!items) {
            return tyto_fail_memory(err, "added tokens");
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *item;
    return TYTO_OK;
}

static bool normalized_of(const spec *item)
{
    return item->normalized < 0 ? !item->special : item->normalized;
}

static bool same_content(const spec *a, const spec *b)
{
    return strcmp(a->content, b->content) == 0;
}

static bool same_token(const spec *a, const spec *b)
{
    return same_content(a, b) && a->single_word == b->single_word && a->lstrip == b->lstrip &&
           a->rstrip == b->rstrip && normalized_of(a) == normalized_of(b) &&
           a->special == b->special;
}

/* A string, or an object with content and flags. */
static tyto_status read_spec(const json_t *value, const char *file, const char *what, spec *out,
                             tyto_error *err)
{
    *out = (spec){.normalized = -1, .id = TYTO_NO_TOKEN};
    if (json_is_string(value)) {
        out->content = json_string_value(value);
        out->is_text = true;
        return TYTO_OK;
    }
    bool normalized = false;
    if (json_is_object(value)) {
        TYTO_TRY(tyto_json_text(value, file, "content", &out->content, err));
        TYTO_TRY(tyto_json_bool(value, file, "single_word", &out->single_word, err));
        TYTO_TRY(tyto_json_bool(value, file, "lstrip", &out->lstrip, err));
        TYTO_TRY(tyto_json_bool(value, file, "rstrip", &out->rstrip, err));
        TYTO_TRY(tyto_json_bool(value, file, "special", &out->special, err));
        TYTO_TRY(tyto_json_bool(value, file, "normalized", &normalized, err));
        if (json_is_boolean(json_object_get(value, "normalized"))) {
            out->normalized = normalized;
        }
    }
    if (!out->content) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: '%.60s': got %s, required a token: a string, or an object with "
                         "'content'",
                         file, what, tyto_json_type(value));
    }
    return TYTO_OK;
}

static int compare_by_id(const void *a, const void *b)
{
    const spec *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* added_tokens_decoder: {"49406": {…}} */
static tyto_status read_decoder(reader *r, const json_t *decoder, tyto_error *err)
{
    const char *file = r->files->config_path, *key;
    json_t *value;
    if (!json_is_object(decoder)) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: 'added_tokens_decoder': got %s, required an object", file,
                         tyto_json_type(decoder));
    }
    json_object_foreach((json_t *)decoder, key, value)
    {
        spec item;
        char *end;
        const long id = strtol(key, &end, 10);
        if (key[0] < '0' || key[0] > '9' || *end || id > TYTO_TOKEN_ID_MAX) {
            return tyto_fail(err, TYTO_E_RANGE,
                             "%s: 'added_tokens_decoder': got id '%.40s', required 0 to %d", file,
                             key, TYTO_TOKEN_ID_MAX);
        }
        if (!json_is_object(value)) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: 'added_tokens_decoder': %s: got %s, required an object", file,
                             key, tyto_json_type(value));
        }
        TYTO_TRY(read_spec(value, file, key, &item, err));
        item.id = (int32_t)id;
        TYTO_TRY(add_spec(&r->decoder, &item, err));
    }
    return TYTO_OK;
}

/* Puts a token into r->decoder in place of one with the same id. */
static tyto_status put_decoder(reader *r, const spec *item, tyto_error *err)
{
    for (size_t i = 0; i < r->decoder.count; i++) {
        if (r->decoder.items[i].id == item->id) {
            r->decoder.items[i] = *item;
            return TYTO_OK;
        }
    }
    return add_spec(&r->decoder, item, err);
}

static tyto_status read_additional(reader *r, const json_t *list, const char *file, bool special,
                                   tyto_error *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        spec item;
        TYTO_TRY(read_spec(json_array_get(list, i), file, "additional_special_tokens", &item, err));
        item.special = item.special || (special && !item.is_text);
        TYTO_TRY(add_spec(&r->additional, &item, err));
    }
    return TYTO_OK;
}

/* bos_token and its like from tokenizer_config.json or, with `special`, special_tokens_map.json. */
static tyto_status read_roles(reader *r, const json_t *document, const char *file, bool special,
                              tyto_error *err)
{
    for (int role = 0; role < ROLES; role++) {
        const json_t *value = json_object_get(document, role_names[role]);
        if (json_is_null(value)) {
            r->roles[role].content = NULL;
        } else if (value) {
            TYTO_TRY(read_spec(value, file, role_names[role], &r->roles[role], err));
            r->roles[role].special |= special && !r->roles[role].is_text;
        }
    }
    return read_additional(r, json_object_get(document, "additional_special_tokens"), file, special,
                           err);
}

/* What tokenizer_config.json without added_tokens_decoder leaves to the older files. */
static tyto_status read_older_files(reader *r, tyto_error *err)
{
    const tyto_tokenizer_files *files = r->files;
    const char *text;
    json_t *value;
    TYTO_TRY(read_roles(r, files->special, files->special_path, true, err));
    json_object_foreach(files->added, text, value)
    {
        spec item = {.content = text, .normalized = -1};
        TYTO_TRY(tyto_read_id(value, files->added_path, text, &item.id, err));
        for (int role = 0; role < ROLES; role++) {
            item.special |= r->roles[role].content && same_content(&r->roles[role], &item);
        }
        for (size_t i = 0; i < r->additional.count; i++) {
            item.special |= same_content(&r->additional.items[i], &item);
        }
        TYTO_TRY(put_decoder(r, &item, err));
    }
    const json_t *list = json_object_get(files->tokenizer, "added_tokens");
    for (size_t i = 0; i < json_array_size(list); i++) {
        spec item;
        const json_t *entry = json_array_get(list, i);
        TYTO_TRY(read_spec(entry, files->tokenizer_path, "added_tokens", &item, err));
        TYTO_TRY(tyto_read_id(json_object_get(entry, "id"), files->tokenizer_path, item.content,
                              &item.id, err));
        TYTO_TRY(put_decoder(r, &item, err));
    }
    return TYTO_OK;
}

/* Gives the roles the flags that the same contents have in the decoder. added_tokens.json alone
 * has none to give. */
static void join_roles(reader *r, bool from_added_json_only)
{
    for (int role = 0; role < ROLES && !from_added_json_only; role++) {
        for (size_t i = 0;
             r->roles[role].content && !r->roles[role].is_default && i < r->decoder.count; i++) {
            if (same_content(&r->roles[role], &r->decoder.items[i])) {
                r->roles[role] = r->decoder.items[i];
                break;
            }
        }
    }
}

static bool has_role(const reader *r, const spec *item)
{
    for (int role = 0; role < ROLES; role++) {
        if (r->roles[role].content && same_content(&r->roles[role], item)) {
            return true;
        }
    }
    for (size_t i = 0; i < r->additional.count; i++) {
        if (same_content(&r->additional.items[i], item)) {
            return true;
        }
    }
    return false;
}

static tyto_status add_token(reader *r, const spec *item, const char *file, tyto_error *err)
{
    tyto_tokenizer *tokenizer = r->tokenizer;
    spec as = *item;
    as.special = as.special || has_role(r, item);
    const tyto_added_token token = {.content = as.content,
                                    .single_word = as.single_word,
                                    .lstrip = as.lstrip,
                                    .rstrip = as.rstrip,
                                    .normalized = normalized_of(&as),
                                    .special = as.special};
    return tyto_added_add(&tokenizer->added, &tokenizer->bpe, &token, file, err);
}

/* The id that a file gives a token must be the one that it has. */
static tyto_status check_id(const reader *r, const spec *item, const char *file, tyto_error *err)
{
    const int32_t id = tyto_added_find(&r->tokenizer->added, item->content);
    if (item->content[0] && id != item->id) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: added token '%.60s': got id %d, required %d, %s",
                         file, item->content, item->id, id,
                         tyto_bpe_token(&r->tokenizer->bpe, id) ? "the vocabulary's"
                                                                : "the next free one");
    }
    return TYTO_OK;
}

/* The list of tokenizer.json itself. */
static tyto_status add_listed(reader *r, tyto_error *err)
{
    const char *file = r->files->tokenizer_path;
    const json_t *list = json_object_get(r->files->tokenizer, "added_tokens");
    for (size_t i = 0; i < json_array_size(list); i++) {
        spec item;
        const json_t *entry = json_array_get(list, i);
        TYTO_TRY(read_spec(entry, file, "added_tokens", &item, err));
        TYTO_TRY(tyto_read_id(json_object_get(entry, "id"), file, item.content, &item.id, err));
        const tyto_added_token token = {.content = item.content,
                                        .single_word = item.single_word,
                                        .lstrip = item.lstrip,
                                        .rstrip = item.rstrip,
                                        .normalized = normalized_of(&item),
                                        .special = item.special};
        TYTO_TRY(tyto_added_add(&r->tokenizer->added, &r->tokenizer->bpe, &token, file, err));
        TYTO_TRY(check_id(r, &item, file, err));
    }
    return TYTO_OK;
}

tyto_status tyto_read_listed_tokens(const tyto_tokenizer_files *files, tyto_tokenizer *tokenizer,
                                    tyto_error *err)
{
    reader r = {.files = files, .tokenizer = tokenizer};
    return add_listed(&r, err);
}

/* Adds a token with a role unless it's there: a bare string when its content is, an object when
 * it comes with just these flags. */
static tyto_status add_special(reader *r, const spec *item, size_t listed, tyto_error *err)
{
    bool there = item->is_text && tyto_added_find(&r->tokenizer->added, item->content) >= 0;
    for (size_t i = 0; i < listed && !there; i++) {
        there = !item->is_text && same_token(item, &r->decoder.items[i]);
    }
    return there ? TYTO_OK : add_token(r, item, r->files->config_path, err);
}

static tyto_status add_all(reader *r, tyto_error *err)
{
    const char *file = r->files->config ? r->files->config_path : r->files->added_path;
    TYTO_TRY(add_listed(r, err));
    for (size_t i = 0; i < r->decoder.count; i++) {
        TYTO_TRY(add_token(r, &r->decoder.items[i], file, err));
    }
    for (size_t i = 0; i < r->decoder.count; i++) {
        TYTO_TRY(check_id(r, &r->decoder.items[i], file, err));
    }
    for (int role = 0; role < ROLES; role++) {
        bool again = !r->roles[role].content;
        for (int before = 0; before < role && !again; before++) {
            again = r->roles[before].content && same_content(&r->roles[before], &r->roles[role]);
        }
        if (!again) {
            TYTO_TRY(add_special(r, &r->roles[role], r->decoder.count, err));
        }
    }
    for (size_t i = 0; i < r->additional.count; i++) {
        TYTO_TRY(add_special(r, &r->additional.items[i], r->decoder.count, err));
    }
    return TYTO_OK;
}

static int32_t id_of(const reader *r, enum role role)
{
    const char *content = r->roles[role].content;
    return content ? (int32_t)tyto_tokenizer_id(r->tokenizer, content) : TYTO_NO_TOKEN;
}

/* Start, end and unknown token, where no tokenizer.json sets them. */
static tyto_status set_ends(reader *r, tyto_error *err)
{
    tyto_tokenizer *tokenizer = r->tokenizer;
    tokenizer->start_id = id_of(r, BOS);
    tokenizer->end_id = id_of(r, EOS);
    if (tokenizer->start_id == TYTO_NO_TOKEN || tokenizer->end_id == TYTO_NO_TOKEN) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': got none, required a token",
                         r->files->config_path,
                         role_names[tokenizer->start_id == TYTO_NO_TOKEN ? BOS : EOS]);
    }
    return tyto_bpe_set_unknown(&tokenizer->bpe, r->roles[UNK].content, err);
}

/* The defaults, and the strings that become tokens with flags when there is no tokenizer.json. */
static void set_defaults(reader *r)
{
    const spec end = {.content = "<|endoftext|>", .is_text = true, .normalized = -1};
    r->roles[EOS] = r->roles[UNK] = r->roles[PAD] = r->roles[BOS] = end;
    r->roles[BOS].content = "<|startoftext|>";
}

static void make_tokens_of_texts(reader *r)
{
    static const enum role made[] = {BOS, EOS, UNK};
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        r->roles[made[i]].is_text = false;
    }
    for (int role = 0; role < ROLES; role++) {
        if (!r->roles[role].is_text) {
            r->roles[role].normalized = normalized_of(&r->roles[role]);
        }
    }
}

tyto_status tyto_read_added_tokens(const tyto_tokenizer_files *files, tyto_tokenizer *tokenizer,
                                   tyto_error *err)
{
    reader r = {.files = files, .tokenizer = tokenizer};
    const json_t *decoder = json_object_get(files->config, "added_tokens_decoder");
    tyto_status status;
    set_defaults(&r);
    TYTO_CHECK(read_roles(&r, files->config, files->config_path, false, err));
    if (decoder) {
        TYTO_CHECK(read_decoder(&r, decoder, err));
    } else {
        TYTO_CHECK(read_older_files(&r, err));
    }
    join_roles(&r, !decoder && !files->tokenizer);
    if (!files->tokenizer) {
        make_tokens_of_texts(&r);
    }
    if (r.decoder.count > 0) {
        qsort(r.decoder.items, r.decoder.count, sizeof(spec), compare_by_id);
    }
    TYTO_CHECK(add_all(&r, err));
    for (int role = 0; role < ROLES; role++) {
        tokenizer->roles[role] = id_of(&r, (enum role)role);
    }
    tokenizer->pad_id = tokenizer->roles[PAD];
    if (!files->tokenizer) {
        TYTO_CHECK(set_ends(&r, err));
    }
cleanup:
    free(r.additional.items);
    free(r.decoder.items);
    return status;
}

/* ---- bytes ---- */

/* The ids that every vocabulary of bytes starts with. */
static const enum role byte_roles[TYTO_BYTE_ID_FIRST] = {PAD, BOS, EOS, MASK, CLS, SEP};

static void set_byte_defaults(reader *r)
{
    static const char *const contents[ROLES] = {"[BOS]", "[EOS]", NULL,    "[SEP]",
                                                "[PAD]", "[CLS]", "[MASK]"};
    for (int role = 0; role < ROLES; role++) {
        r->roles[role] = (spec){.content = contents[role], .normalized = -1, .is_default = true};
    }
}

static tyto_status put_byte(reader *r, int32_t id, const spec *item, const char *file,
                            tyto_error *err)
{
    const tyto_added_token token = {.content = item->content,
                                    .single_word = item->single_word,
                                    .lstrip = item->lstrip,
                                    .rstrip = item->rstrip};
    if (!item->content[0]) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: added token %d: got an empty text, required one",
                         file, id);
    }
    return tyto_byte_tokens_put(&r->tokenizer->bytes, id, &token, file, err);
}

/* The six first tokens, then what the files put at ids. */
static tyto_status put_listed_bytes(reader *r, const char *file, tyto_error *err)
{
    for (int32_t id = 0; id < TYTO_BYTE_ID_FIRST; id++) {
        spec *item = &r->roles[byte_roles[id]];
        if (!item->content) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': got none, required a token",
                             r->files->config_path, role_names[byte_roles[id]]);
        }
        if (item->is_text) {
            *item = (spec){.content = item->content, .normalized = -1};
        }
        TYTO_TRY(put_byte(r, id, item, r->files->config_path, err));
    }
    for (size_t i = 0; i < r->decoder.count; i++) {
        TYTO_TRY(put_byte(r, r->decoder.items[i].id, &r->decoder.items[i], file, err));
    }
    return TYTO_OK;
}

/* Adds a token with a role: at the id that it has, which takes on its flags, or at the next one.
 * One that is a bare string, and there, stays as it is. */
static tyto_status add_special_byte(reader *r, const spec *item, int32_t *next, const char *file,
                                    tyto_error *err)
{
    tyto_byte_tokens *bytes = &r->tokenizer->bytes;
    int32_t id = tyto_byte_tokens_look(bytes, item->content);
    if (item->is_text && tyto_byte_tokens_has(bytes, item->content)) {
        return TYTO_OK;
    }
    if (id == TYTO_NO_TOKEN) {
        id = (*next)++;
    }
    return put_byte(r, id, item, file, err);
}

static tyto_status add_special_bytes(reader *r, const char *file, tyto_error *err)
{
    tyto_byte_tokens *bytes = &r->tokenizer->bytes;
    int32_t next = (int32_t)tyto_byte_tokens_size(bytes);
    for (int role = 0; role < ROLES; role++) {
        bool again = !r->roles[role].content;
        for (int before = 0; before < role && !again; before++) {
            again = r->roles[before].content && same_content(&r->roles[before], &r->roles[role]);
        }
        if (!again) {
            TYTO_TRY(add_special_byte(r, &r->roles[role], &next, file, err));
            tyto_byte_tokens_mark(bytes, r->roles[role].content, false);
        }
    }
    for (size_t i = 0; i < r->additional.count; i++) {
        const spec *item = &r->additional.items[i];
        if (!item->content[0]) {
            continue;
        }
        if (!tyto_byte_tokens_is_special(bytes, item->content)) {
            TYTO_TRY(add_special_byte(r, item, &next, file, err));
        }
        tyto_byte_tokens_mark(bytes, item->content, true);
    }
    return TYTO_OK;
}

tyto_status tyto_read_byte_tokens(const tyto_tokenizer_files *files, tyto_tokenizer *tokenizer,
                                  tyto_error *err)
{
    reader r = {.files = files, .tokenizer = tokenizer};
    const json_t *decoder = json_object_get(files->config, "added_tokens_decoder");
    const char *file = files->config ? files->config_path : files->added_path;
    tyto_status status;
    set_byte_defaults(&r);
    TYTO_CHECK(read_roles(&r, files->config, files->config_path, false, err));
    if (decoder) {
        TYTO_CHECK(read_decoder(&r, decoder, err));
    } else {
        TYTO_CHECK(read_older_files(&r, err));
    }
    join_roles(&r, !decoder && !files->tokenizer);
    if (r.decoder.count > 0) {
        qsort(r.decoder.items, r.decoder.count, sizeof(spec), compare_by_id);
    }
    TYTO_CHECK(put_listed_bytes(&r, file, err));
    TYTO_CHECK(add_special_bytes(&r, file, err));
    for (int role = 0; role < ROLES; role++) {
        const char *content = r.roles[role].content;
        tokenizer->roles[role] =
            content ? tyto_byte_tokens_look(&tokenizer->bytes, content) : TYTO_NO_TOKEN;
    }
    tokenizer->pad_id = tokenizer->roles[PAD];
    tokenizer->start_id = tokenizer->roles[CLS];
    tokenizer->end_id = tokenizer->roles[SEP];
    tyto_byte_tokens_finish(&tokenizer->bytes);
cleanup:
    free(r.additional.items);
    free(r.decoder.items);
    return status;
}
