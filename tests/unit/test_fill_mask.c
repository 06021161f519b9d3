/* Filling in masked bytes against the reference, and the choice of the most likely text against all
 * that there are. */
#include <tyto/fill_mask.h>

#include "processors/text/unicode.h"
#include "support/golden.h"

#include "support/cases.h"

#define TOLERANCE 1e-5

typedef struct opened {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
} opened;

static void begin(opened *with, const char *folder)
{
    char path[GOLDEN_PATH_BYTES];
    const tyto_engine_options options = engine_options(2);
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_engine_create(&options, &with->engine, &err), &err);
    ASSERT_DONE(
        tyto_model_open(with->engine, golden_path(path, "%s", folder), NULL, &with->model, &err),
        &err);
    ASSERT_DONE(tyto_session_create(with->model, NULL, &with->session, &err), &err);
}

static void end(opened *with)
{
    tyto_session_destroy(with->session);
    tyto_model_destroy(with->model);
    tyto_engine_destroy(with->engine);
}

static int64_t read_spans(const json_t *list, tyto_span spans[8])
{
    const size_t count = json_array_size(list);
    assert_in_range(count, 0, 8);
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(list, i);
        spans[i].start_bytes = (size_t)json_integer_value(json_array_get(pair, 0));
        spans[i].end_bytes = (size_t)json_integer_value(json_array_get(pair, 1));
    }
    return (int64_t)count;
}

/* The guesses of one case are the reference's; equally likely ones may change places. */
static void compare(const tyto_filled_text *got, const json_t *top, const char *text)
{
    assert_int_equal(got->n_masks, json_array_size(top));
    for (int64_t m = 0; m < got->n_masks; m++) {
        const json_t *list = json_array_get(top, (size_t)m);
        for (int64_t i = 0; i < got->n_guesses; i++) {
            const json_t *pair = json_array_get(list, (size_t)i);
            const tyto_guess *guess = &got->guesses[m * got->n_guesses + i];
            const double score = json_real_value(json_array_get(pair, 1));
            if (!is_close((double)guess->score, score, TOLERANCE) ||
                guess->id != json_integer_value(json_array_get(pair, 0))) {
                fail_msg("%s: mask %lld, guess %lld: got %lld with %.9g, required %lld with %.9g",
                         text, (long long)m, (long long)i, (long long)guess->id,
                         (double)guess->score,
                         (long long)json_integer_value(json_array_get(pair, 0)), score);
            }
        }
    }
}

/* The same by the public steps, all positions decoded with the text padded to the model's length.
 */
static void check_plain_path(const opened *with, const tyto_masked_text *masked,
                             const tyto_filled_text *filled)
{
    enum { L = 96, V = 262 };
    static const char *const wanted[] = {"logits"};
    int64_t ids[L] = {0}, mask[L] = {0};
    float logits[L * V];
    const tyto_tensor *outputs;
    int64_t n_outputs;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_filled_text plain;
    for (int64_t i = 0; i < masked->count; i++) {
        ids[i] = masked->input_ids[i];
        mask[i] = 1;
    }
    const tyto_tensor inputs[] = {
        {.name = "inputs", .dtype = TYTO_I64, .rank = 2, .shape = {1, L}, .data = ids},
        {.name = "attention_mask", .dtype = TYTO_I64, .rank = 2, .shape = {1, L}, .data = mask}};
    ASSERT_DONE(tyto_forward(with->session, NULL, inputs, 2, wanted, 1, &outputs, &n_outputs, &err),
                &err);
    assert_int_equal(outputs[0].shape[1], L);
    for (int64_t m = 0; m < masked->n_masks; m++) {
        memcpy(logits + m * V, (const float *)outputs[0].data + masked->positions[m] * V,
               V * sizeof(float));
    }
    ASSERT_DONE(tyto_postprocess_fill_mask(tyto_model_tokenizer(with->model), masked, logits, V, 4,
                                           &plain, &err),
                &err);
    assert_string_equal(plain.text, filled->text);
    assert_memory_equal(plain.best, filled->best, (size_t)masked->n_masks * sizeof(int64_t));
    for (int64_t i = 0; i < 4 * masked->n_masks; i++) {
        assert_int_equal(plain.guesses[i].id, filled->guesses[i].id);
        assert_true(
            is_close((double)plain.guesses[i].score, (double)filled->guesses[i].score, 1e-6));
    }
    tyto_filled_text_clear(&plain);
}

static void guesses_are_the_references(void **state)
{
    (void)state;
    opened with;
    char path[GOLDEN_PATH_BYTES];
    begin(&with, "perceiver_tasks/fill_mask/model");
    json_t *cases =
        json_load_file(golden_path(path, "perceiver_tasks/fill_mask/cases.json"), 0, NULL);
    assert_int_equal(json_array_size(cases), 7);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i), *at = json_object_get(item, "positions");
        const char *text = json_string_value(json_object_get(item, "text"));
        tyto_span spans[8];
        const int64_t n = read_spans(json_object_get(item, "spans"), spans);
        tyto_error err = TYTO_ERROR_INIT;
        tyto_masked_text masked;
        tyto_filled_text filled;
        ASSERT_DONE(tyto_masked_text_make(tyto_model_tokenizer(with.model), text, strlen(text),
                                          spans, n, &masked, &err),
                    &err);
        assert_int_equal(masked.n_masks, json_array_size(at));
        for (int64_t m = 0; m < masked.n_masks; m++) {
            assert_int_equal(masked.positions[m],
                             json_integer_value(json_array_get(at, (size_t)m)));
        }
        tyto_fill_mask_options options;
        tyto_fill_mask_options_init(&options, sizeof(options));
        options.spans = spans;
        options.n_spans = n;
        options.top_k = 4;
        ASSERT_DONE(tyto_fill_mask(with.session, text, strlen(text), &options, &filled, &err),
                    &err);
        assert_memory_equal(filled.positions, masked.positions,
                            (size_t)masked.n_masks * sizeof(int64_t));
        compare(&filled, json_object_get(item, "top"), text);
        check_plain_path(&with, &masked, &filled);
        tyto_filled_text_clear(&filled);
        tyto_masked_text_clear(&masked);
    }
    json_decref(cases);
    end(&with);
}

/* All pairs of bytes in place of two masks: none that is UTF-8 is more likely than the one chosen.
 */
static void the_best_text_is_the_best_of_all(void **state)
{
    (void)state;
    enum { V = 262 };
    static const char *const texts[] = {"[MASK][MASK]",          "a[MASK]b[MASK]",
                                        "\xC3[MASK][MASK]z",     "[MASK]\xA9[MASK]",
                                        "\xE2[MASK]\x82[MASK]!", "[MASK][MASK]\x80\x80",
                                        "\xF4[MASK][MASK]\x80",  "\xED[MASK][MASK]x"};
    tyto_tokenizer *tokenizer;
    stream numbers = {11};
    assert_int_equal(tyto_tokenizer_create_bytes(&tokenizer, NULL), TYTO_OK);
    for (size_t round = 0; round < 6 * sizeof(texts) / sizeof(texts[0]); round++) {
        const char *text = texts[round % (sizeof(texts) / sizeof(texts[0]))];
        float logits[2 * V];
        tyto_masked_text masked;
        tyto_filled_text filled;
        tyto_error err = TYTO_ERROR_INIT;
        for (int i = 0; i < 2 * V; i++) {
            logits[i] = 6.0f * next_float(&numbers);
        }
        ASSERT_DONE(tyto_masked_text_make(tokenizer, text, strlen(text), NULL, 0, &masked, &err),
                    &err);
        assert_int_equal(masked.n_masks, 2);
        double best = -INFINITY;
        char bytes[16];
        for (int pair = 0; pair < 256 * 256; pair++) {
            size_t length = 0, mask = 0, wrong;
            for (int64_t i = 1; i + 1 < masked.count; i++) {
                const bool is_mask = mask < 2 && masked.positions[mask] == i;
                bytes[length++] = (char)(is_mask ? (mask++ ? pair / 256 : pair % 256)
                                                 : masked.input_ids[i] - TYTO_BYTE_ID_FIRST);
            }
            const double score = (double)logits[TYTO_BYTE_ID_FIRST + pair % 256] +
                                 (double)logits[V + TYTO_BYTE_ID_FIRST + pair / 256];
            if (score > best && tyto_utf8_check(bytes, length, &wrong)) {
                best = score;
            }
        }
        ASSERT_DONE(tyto_postprocess_fill_mask(tokenizer, &masked, logits, V, 1, &filled, &err),
                    &err);
        assert_true(best > -INFINITY);
        assert_true(is_close((double)logits[filled.best[0]] + (double)logits[V + filled.best[1]],
                             best, 1e-9));
        size_t wrong;
        assert_true(tyto_utf8_check(filled.text, filled.length_bytes, &wrong));
        assert_null(strstr(filled.text, "\uFFFD"));
        tyto_filled_text_clear(&filled);
        tyto_masked_text_clear(&masked);
    }
    tyto_tokenizer_destroy(tokenizer);
}

/* Where nothing makes it UTF-8 each mask has its own best byte. */
static void a_text_that_is_none_is_filled_too(void **state)
{
    (void)state;
    enum { V = 262 };
    static const char text[] = "\xFF[MASK]";
    float logits[V] = {[3] = 9.0f, ['x' + TYTO_BYTE_ID_FIRST] = 2.0f, [0x80 + 6] = 3.0f};
    tyto_tokenizer *tokenizer;
    tyto_masked_text masked;
    tyto_filled_text filled;
    assert_int_equal(tyto_tokenizer_create_bytes(&tokenizer, NULL), TYTO_OK);
    assert_int_equal(
        tyto_masked_text_make(tokenizer, text, sizeof(text) - 1, NULL, 0, &masked, NULL), TYTO_OK);
    assert_int_equal(tyto_postprocess_fill_mask(tokenizer, &masked, logits, V, 3, &filled, NULL),
                     TYTO_OK);
    assert_int_equal(filled.best[0], 0x80 + 6);
    assert_int_equal(filled.guesses[0].id, 3);
    assert_int_equal(filled.guesses[1].id, 0x80 + 6);
    assert_int_equal(filled.guesses[2].id, 'x' + 6);
    assert_string_equal(filled.text, "\uFFFD\uFFFD");
    tyto_filled_text_clear(&filled);
    logits[7] = NAN;
    assert_int_equal(tyto_postprocess_fill_mask(tokenizer, &masked, logits, V, 3, &filled, NULL),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_postprocess_fill_mask(tokenizer, &masked, logits, 6, 3, &filled, NULL),
                     TYTO_E_ARGUMENT);
    tyto_masked_text_clear(&masked);
    tyto_tokenizer_destroy(tokenizer);
}

static void refused(tyto_session *session, const char *text, const tyto_span *spans, int64_t n,
                    tyto_status required, const char *message)
{
    tyto_fill_mask_options options;
    tyto_fill_mask_options_init(&options, sizeof(options));
    options.spans = spans;
    options.n_spans = n;
    options.top_k = 1;
    tyto_filled_text filled;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_fill_mask(session, text, strlen(text), &options, &filled, &err),
                     required);
    if (!strstr(tyto_error_message(&err), message)) {
        fail_msg("got '%s', required '%s'", tyto_error_message(&err), message);
    }
    assert_null(filled.guesses);
    tyto_error_clear(&err);
}

static void what_is_refused(void **state)
{
    (void)state;
    opened with, other;
    char longer[97];
    begin(&with, "perceiver_tasks/fill_mask/model");
    memset(longer, 'x', 95);
    longer[95] = '\0';
    const tyto_span first = {0, 1}, outside = {3, 6}, empty = {2, 2};
    refused(with.session, "no mask", NULL, 0, TYTO_E_ARGUMENT,
            "text: got no mask, required [MASK]");
    refused(with.session, "", NULL, 0, TYTO_E_ARGUMENT, "text: got no mask");
    refused(with.session, "short", &outside, 1, TYTO_E_RANGE, "span: got 3 to 6, required");
    refused(with.session, "short", &empty, 1, TYTO_E_RANGE, "in a text of 5 bytes");
    refused(with.session, longer, &first, 1, TYTO_E_LIMIT,
            "text: got 97 tokens, required at most 96");
    begin(&other, "perceiver_tasks/texts/model");
    refused(other.session, "[MASK]", NULL, 0, TYTO_E_ARGUMENT,
            "model: got a PerceiverForSequenceClassification, required a PerceiverForMaskedLM");
    end(&other);
    end(&with);
}

static void spans_are_read(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "3",   "3:",        ":3",
                                      "3:3",  "4:3", "-1:3",      "1:2x",
                                      " 1:2", "a:b", "0:1048577", "1:99999999999999999999"};
    tyto_spans spans = {0};
    tyto_error err = TYTO_ERROR_INIT;
    for (size_t i = 0; next_case(i, sizeof(bad) / sizeof(bad[0])); i++) {
        assert_int_equal(tyto_spans_add_text(&spans, bad[i], &err), TYTO_E_ARGUMENT);
        assert_non_null(strstr(tyto_error_message(&err), "required START:END"));
    }
    assert_int_equal(spans.count, 0);
    ASSERT_DONE(tyto_spans_add_text(&spans, "0:1048576", &err), &err);
    ASSERT_DONE(tyto_spans_add_text(&spans, "52:61", &err), &err);
    assert_int_equal(spans.count, 2);
    assert_true(spans.items[0].start_bytes == 0 && spans.items[0].end_bytes == TYTO_TEXT_BYTES_MAX);
    assert_true(spans.items[1].start_bytes == 52 && spans.items[1].end_bytes == 61);
    tyto_spans_clear(&spans);
    assert_int_equal(tyto_spans_add_text(NULL, "1:2", &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_spans_add_text(&spans, NULL, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

/* Parts are masked as spans at their places are. */
static void parts_are_masked_where_they_stand(void **state)
{
    (void)state;
    static const char text[] = "one two one";
    static const tyto_span places[] = {{0, 3}, {8, 11}};
    static const char *const parts[] = {"one", "four"};
    opened with;
    tyto_fill_mask_options options;
    tyto_filled_text by_spans, by_parts;
    tyto_error err = TYTO_ERROR_INIT;
    begin(&with, "perceiver_tasks/fill_mask/model");
    tyto_fill_mask_options_init(&options, sizeof(options));
    options.spans = places;
    options.n_spans = 2;
    ASSERT_DONE(tyto_fill_mask(with.session, text, strlen(text), &options, &by_spans, &err), &err);
    options.n_spans = 0;
    options.parts = parts;
    options.n_parts = 1;
    ASSERT_DONE(tyto_fill_mask(with.session, text, strlen(text), &options, &by_parts, &err), &err);
    assert_int_equal(by_parts.n_masks, 6);
    assert_string_equal(by_parts.text, by_spans.text);
    tyto_filled_text_clear(&by_spans);
    tyto_filled_text_clear(&by_parts);
    options.n_parts = 2;
    assert_int_equal(tyto_fill_mask(with.session, text, strlen(text), &options, &by_parts, &err),
                     TYTO_E_ARGUMENT);
    assert_string_equal(tyto_error_message(&err),
                        "got no \"four\" in it, required a part of the text to mask");
    options.parts = NULL;
    assert_int_equal(tyto_fill_mask(with.session, text, strlen(text), &options, &by_parts, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    end(&with);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guesses_are_the_references),
        cmocka_unit_test(the_best_text_is_the_best_of_all),
        cmocka_unit_test(a_text_that_is_none_is_filled_too),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(spans_are_read),
        cmocka_unit_test(parts_are_masked_where_they_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
