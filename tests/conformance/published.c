/* What the reference's documentation prints of published checkpoints, against what tyto makes of
 * them.
 *
 *   published EXPECTED.json [WEIGHTS]            every check must hold
 *   published --altered EXPECTED.json WEIGHTS    every expected value is changed, and every check
 * must fail
 *
 * WEIGHTS, else $TYTO_PUBLISHED_WEIGHTS, is a folder with checkpoints by their hub id (OWNER/NAME)
 * or a hub cache, and with the photos. A check whose files aren't there is skipped; the program
 * ends with 77 when all are, and then ctest says Skipped. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tyto/tyto.h>

#include "../support/search.h"

enum { PATH_BYTES = 4096, TEXTS_MAX = 8, INPUTS_MAX = 8, EXIT_SKIPPED = 77 };

/* Printed scores have three decimals, losses and boxes two. What runs in single precision on pixels
 * that differ in their last digit moves a box by less than a tenth of a pixel. */
#define SCORE_TOLERANCE 0.0015
#define LOSS_TOLERANCE 0.0055
#define BOX_TOLERANCE_PX 0.1

typedef enum verdict { HOLDS, FAILS, SKIPPED } verdict;

/* One check's description, its checkpoint, and what was found out. */
typedef struct check {
    const json_t *of;
    const char *weights;
    tyto_session *session;
    const tyto_model *model;
    char said[512]; /* what differs, or is missing */
} check;

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static verdict differs(check *on, const char *what, const char *got, const char *required)
{
    snprintf(on->said, sizeof(on->said), "%s: got %s, required %s", what, got, required);
    return FAILS;
}

static verdict failed(check *on, tyto_error *err)
{
    snprintf(on->said, sizeof(on->said), "%s", tyto_error_message(err));
    tyto_error_clear(err);
    return FAILS;
}

static verdict compare_number(check *on, const char *what, double got, double required,
                              double tolerance)
{
    char one[32], other[32];
    snprintf(one, sizeof(one), "%.6g", got);
    snprintf(other, sizeof(other), "%.6g", required);
    return fabs(got - required) <= tolerance ? HOLDS : differs(on, what, one, other);
}

static verdict compare_shape(check *on, const tyto_tensor *tensor, const json_t *required)
{
    char got[128] = "";
    bool same = (size_t)tensor->rank == json_array_size(required);
    for (int i = 0; i < tensor->rank; i++) {
        const size_t at = strlen(got);
        snprintf(got + at, sizeof(got) - at, "%s%lld", i ? "," : "", (long long)tensor->shape[i]);
        same = same && tensor->shape[i] == json_integer_value(json_array_get(required, (size_t)i));
    }
    char *wanted = json_dumps(required, JSON_COMPACT | JSON_ENCODE_ANY);
    const verdict is = same ? HOLDS : differs(on, tensor->name, got, wanted ? wanted : "?");
    free(wanted);
    return is;
}

static verdict load_photo(check *on, const char *key, tyto_image *out)
{
    char path[PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    snprintf(path, sizeof(path), "%s/%s", on->weights, text_of(on->of, key));
    const tyto_status status = tyto_image_load(path, NULL, out, &err);
    if (status == TYTO_OK) {
        return HOLDS;
    }
    failed(on, &err);
    return status == TYTO_E_NOT_FOUND ? SKIPPED : FAILS;
}

/* How far a detection is from an expected one: 0 within tolerance, else the largest excess. */
static double distance(const check *on, const tyto_detection *found, const json_t *expected,
                       const tyto_image *photo)
{
    const json_t *target = json_object_get(on->of, "target"),
                 *box = json_object_get(expected, "box");
    const double size[2] = {(double)photo->width_px, (double)photo->height_px};
    const float sides[4] = {found->box.xmin, found->box.ymin, found->box.xmax, found->box.ymax};
    double worst =
        fmax(0.0, fabs((double)found->score - number_of(expected, "score")) - SCORE_TOLERANCE);
    for (size_t i = 0; i < 4; i++) {
        const double scale =
            target ? json_number_value(json_array_get(target, i % 2)) / size[i % 2] : 1.0;
        worst =
            fmax(worst, fabs((double)sides[i] * scale - json_number_value(json_array_get(box, i))) -
                            BOX_TOLERANCE_PX);
    }
    return worst;
}

/* Each expected object is one of those found, which are as many. */
static verdict compare_found(check *on, const tyto_detections *found, const tyto_image *photo,
                             const char *const *texts)
{
    const json_t *expected = json_object_get(on->of, "found"), *one;
    size_t i;
    char got[48], required[48];
    if ((size_t)found->count != json_array_size(expected)) {
        snprintf(got, sizeof(got), "%lld", (long long)found->count);
        snprintf(required, sizeof(required), "%zu", json_array_size(expected));
        return differs(on, "objects", got, required);
    }
    json_array_foreach(expected, i, one)
    {
        double nearest = INFINITY;
        for (int64_t k = 0; k < found->count; k++) {
            const tyto_detection *this = &found->items[k];
            if (!texts || strcmp(texts[this->label_index], text_of(one, "text")) == 0) {
                nearest = fmin(nearest, distance(on, this, one, photo));
            }
        }
        if (nearest > 0.0) {
            snprintf(got, sizeof(got), "%.3g beyond tolerance", nearest);
            snprintf(required, sizeof(required), "number %zu of the list", i);
            return differs(on, "nearest object", got, required);
        }
    }
    return HOLDS;
}

static size_t texts_of(const check *on, const char **texts)
{
    const json_t *list = json_object_get(on->of, "texts"), *text;
    size_t i, count = 0;
    json_array_foreach(list, i, text)
    {
        if (count < TEXTS_MAX) {
            texts[count++] = json_string_value(text);
        }
    }
    return count;
}

static verdict check_detect(check *on)
{
    const char *texts[TEXTS_MAX];
    const size_t count = texts_of(on, texts);
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image photo = {0};
    tyto_vocabulary *names = NULL;
    tyto_detections found = {0};
    tyto_search_options options = search_defaults(false);
    options.boxes = TYTO_BOXES_REFERENCE;
    options.threshold = (float)number_of(on->of, "threshold");
    verdict is = load_photo(on, "photo", &photo);
    if (is == HOLDS) {
        is = tyto_vocabulary_create(on->session, texts, (int64_t)count, NULL, &names, &err) ==
                         TYTO_OK &&
                     search_image(on->session, &photo, names, &options, &found, &err) == TYTO_OK
                 ? compare_found(on, &found, &photo, texts)
                 : failed(on, &err);
    }
    tyto_detections_clear(&found);
    tyto_vocabulary_destroy(names);
    tyto_image_clear(&photo);
    return is;
}

static verdict match(check *on, const tyto_image *photo, const tyto_image *query)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_photo *example = NULL;
    tyto_vocabulary *thing = NULL;
    tyto_detections found = {0};
    tyto_search_options options = search_defaults(true);
    options.boxes = TYTO_BOXES_REFERENCE;
    options.threshold = (float)number_of(on->of, "threshold");
    options.nms_iou = (float)number_of(on->of, "nms");
    const verdict is =
        tyto_photo_create(on->session, query, NULL, &example, &err) == TYTO_OK &&
                tyto_photo_query(on->session, example, NULL, TYTO_QUERY_RULE_REFERENCE, "thing",
                                 NULL, &thing, &err) == TYTO_OK &&
                search_image(on->session, photo, thing, &options, &found, &err) == TYTO_OK
            ? compare_found(on, &found, photo, NULL)
            : failed(on, &err);
    tyto_detections_clear(&found);
    tyto_vocabulary_destroy(thing);
    tyto_photo_destroy(example);
    return is;
}

static verdict check_match(check *on)
{
    tyto_image photo = {0}, query = {0};
    verdict is = load_photo(on, "photo", &photo);
    is = is == HOLDS ? load_photo(on, "query", &query) : is;
    is = is == HOLDS ? match(on, &photo, &query) : is;
    tyto_image_clear(&photo);
    tyto_image_clear(&query);
    return is;
}

/* The most likely token of each masked place, as text. */
static verdict compare_decoded(check *on, const tyto_tensor *logits, int64_t first, int64_t end)
{
    enum { PLACES_MAX = 256 };
    const int64_t classes = logits->shape[2];
    int64_t ids[PLACES_MAX];
    char *text = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    for (int64_t i = first; i < end && i - first < PLACES_MAX; i++) {
        const float *row = (const float *)logits->data + i * classes;
        int64_t best = 0;
        for (int64_t c = 1; c < classes; c++) {
            best = row[c] > row[best] ? c : best;
        }
        ids[i - first] = best;
    }
    if (tyto_tokenizer_decode(tyto_model_tokenizer(on->model), ids,
                              (int64_t)((size_t)(end - first)), NULL, &text, NULL,
                              &err) != TYTO_OK) {
        return failed(on, &err);
    }
    const char *required = text_of(on->of, "decoded");
    const verdict is = strcmp(text, required) == 0 ? HOLDS : differs(on, "decoded", text, required);
    tyto_free(text);
    return is;
}

static verdict run_fill(check *on, const tyto_encoding *text, int64_t first, int64_t end)
{
    const int64_t length = (int64_t)text->offsets[1];
    static const char *const wanted[] = {"loss", "logits"};
    const tyto_tensor *outputs;
    int64_t count;
    tyto_error err = TYTO_ERROR_INIT;
    int64_t *masked = malloc(sizeof(*masked) * (size_t)length);
    if (!masked) {
        return differs(on, "memory", "none", "some");
    }
    memcpy(masked, text->input_ids, sizeof(*masked) * (size_t)length);
    for (int64_t i = first; i < end; i++) {
        masked[i] = tyto_tokenizer_role(tyto_model_tokenizer(on->model), TYTO_TOKEN_ROLE_MASK);
    }
#define IDS(called, values)                                                                        \
    {                                                                                              \
        .name = called, .dtype = TYTO_I64, .rank = 2, .shape = {1, length}, .data = values         \
    }
    const tyto_tensor inputs[] = {IDS("input_ids", masked),
                                  IDS("attention_mask", text->attention_mask),
                                  IDS("labels", text->input_ids)};
#undef IDS
    verdict is = HOLDS;
    if (tyto_forward(on->session, NULL, inputs, 3, wanted, 2, &outputs, &count, &err) != TYTO_OK) {
        is = failed(on, &err);
    }
    is = is == HOLDS ? compare_shape(on, &outputs[1], json_object_get(on->of, "shape")) : is;
    is = is == HOLDS ? compare_number(on, "loss", (double)*(const float *)outputs[0].data,
                                      number_of(on->of, "loss"), LOSS_TOLERANCE)
                     : is;
    is = is == HOLDS ? compare_decoded(on, &outputs[1], first, end) : is;
    free(masked);
    return is;
}

static verdict check_fill(check *on)
{
    const json_t *places = json_object_get(on->of, "masked");
    const int64_t first = json_integer_value(json_array_get(places, 0)),
                  end = json_integer_value(json_array_get(places, 1));
    const char *text = text_of(on->of, "text");
    const json_t *length = json_array_get(json_object_get(on->of, "shape"), 1);
    const tyto_encode_options options = {.struct_bytes = sizeof(tyto_encode_options),
                                         .padding = TYTO_PADDING_MAX_LENGTH,
                                         .max_length = json_integer_value(length)};
    tyto_encoding encoding = {0};
    tyto_error err = TYTO_ERROR_INIT;
    const verdict is = tyto_tokenizer_encode(tyto_model_tokenizer(on->model), &text, NULL, 1,
                                             &options, &encoding, &err) == TYTO_OK
                           ? run_fill(on, &encoding, first, end)
                           : failed(on, &err);
    tyto_encoding_clear(&encoding);
    return is;
}

static verdict check_classify(check *on)
{
    tyto_image photo = {0};
    tyto_classes classes = {0};
    tyto_error err = TYTO_ERROR_INIT;
    verdict is = load_photo(on, "photo", &photo);
    if (is == HOLDS &&
        tyto_classify_images(on->session, &photo, 1, NULL, &classes, &err) != TYTO_OK) {
        is = failed(on, &err);
    }
    is = is == HOLDS ? compare_number(on, "classes", (double)classes.count,
                                      number_of(on->of, "classes"), 0.0)
                     : is;
    if (is == HOLDS) {
        const char *got = tyto_model_label(on->model, classes.items[0].label_index),
                   *required = text_of(on->of, "label");
        is = got && strcmp(got, required) == 0 ? HOLDS
                                               : differs(on, "label", got ? got : "none", required);
    }
    tyto_classes_clear(&classes);
    tyto_image_clear(&photo);
    return is;
}

/* Inputs of noise, and points 0, 1, 2 … */
static bool make_input(tyto_tensor *to, const char *name, const json_t *shape, uint64_t *state)
{
    *to =
        (tyto_tensor){.name = name, .dtype = json_is_array(shape) ? TYTO_F32 : TYTO_I64, .rank = 1};
    to->shape[0] = json_integer_value(shape);
    if (json_is_array(shape)) {
        to->rank = (int)json_array_size(shape);
        for (int i = 0; i < to->rank; i++) {
            to->shape[i] = json_integer_value(json_array_get(shape, (size_t)i));
        }
    }
    int64_t count = 1;
    for (int i = 0; i < to->rank; i++) {
        count *= to->shape[i];
    }
    to->data = malloc((size_t)count * sizeof(int64_t));
    for (int64_t i = 0; to->data && i < count; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        if (to->dtype == TYTO_I64) {
            ((int64_t *)to->data)[i] = i;
        } else {
            ((float *)to->data)[i] = (float)((double)(*state >> 40) * 0x1p-23 - 1.0);
        }
    }
    return to->data != NULL;
}

static verdict check_shapes(check *on)
{
    const char *const lists[] = {"inputs", "points"}, *name;
    tyto_tensor inputs[INPUTS_MAX];
    json_t *shape;
    size_t count = 0;
    uint64_t state = 1;
    verdict is = HOLDS;
    for (int i = 0; i < 2; i++) {
        json_object_foreach(json_object_get(on->of, lists[i]), name, shape)
        {
            if (count == INPUTS_MAX || !make_input(&inputs[count], name, shape, &state)) {
                is = differs(on, name, "no room", "memory for it");
                break;
            }
            count++;
        }
    }
    json_object_foreach(json_object_get(on->of, "outputs"), name, shape)
    {
        const tyto_tensor *outputs;
        int64_t n;
        tyto_error err = TYTO_ERROR_INIT;
        if (is == HOLDS) {
            is = tyto_forward(on->session, NULL, inputs, (int64_t)count, &name, 1, &outputs, &n,
                              &err) == TYTO_OK
                     ? compare_shape(on, &outputs[0], shape)
                     : failed(on, &err);
        }
    }
    while (count > 0) {
        free(inputs[--count].data);
    }
    return is;
}

/* The checkpoint's folder: by its name, or in a hub cache; NULL when it isn't there. */
static char *find_model(const check *on)
{
    char path[PATH_BYTES], *found = NULL;
    struct stat info;
    const char *id = text_of(on->of, "model");
    tyto_hub_options options;
    tyto_hub_options_init(&options, sizeof(options));
    options.cache = on->weights;
    options.offline = true;
    snprintf(path, sizeof(path), "%s/%s", on->weights, id);
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        return strdup(path);
    }
    return tyto_hub_is_id(id) && tyto_hub_find(id, &options, &found, NULL) == TYTO_OK ? found
                                                                                      : NULL;
}

static verdict run(check *on, tyto_engine *engine)
{
    static const struct {
        const char *name;
        verdict (*run)(check *);
    } kinds[] = {{"detect", check_detect},
                 {"match", check_match},
                 {"fill", check_fill},
                 {"classify", check_classify},
                 {"shapes", check_shapes}};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model *model = NULL;
    char *folder = find_model(on);
    if (!folder) {
        snprintf(on->said, sizeof(on->said), "not in %s", on->weights);
        return SKIPPED;
    }
    verdict is = tyto_model_open(engine, folder, NULL, &model, &err) == TYTO_OK &&
                         tyto_session_create(model, NULL, &on->session, &err) == TYTO_OK
                     ? HOLDS
                     : failed(on, &err);
    on->model = model;
    for (size_t i = 0; is == HOLDS && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(text_of(on->of, "check"), kinds[i].name) == 0) {
            is = kinds[i].run(on);
            break;
        }
    }
    tyto_session_destroy(on->session);
    tyto_model_destroy(model);
    free(folder);
    return is;
}

/* Another value of the same kind. */
static void alter(json_t *value)
{
    char text[256];
    if (json_is_array(value)) {
        alter(json_array_get(value, json_array_size(value) - 1));
    } else if (json_is_integer(value)) {
        json_integer_set(value, json_integer_value(value) + 1);
    } else if (json_is_real(value)) {
        json_real_set(value, json_real_value(value) + 0.3);
    } else if (json_is_string(value)) {
        snprintf(text, sizeof(text), "%.200s!", json_string_value(value));
        json_string_set(value, text);
    } else {
        const char *key;
        json_t *inner;
        json_object_foreach(value, key, inner)
        {
            alter(inner);
        }
    }
}

/* Whether a check fails with each of its expected values altered alone. */
static verdict run_altered(check *on, tyto_engine *engine)
{
    static const char *const expected[] = {"found", "loss",    "shape",  "decoded",
                                           "label", "classes", "outputs"};
    const json_t *original = on->of;
    verdict is = HOLDS;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        json_t *copy = json_deep_copy(original), *value = json_object_get(copy, expected[i]);
        if (value && is == HOLDS) {
            on->of = copy;
            alter(value);
            is = run(on, engine) == FAILS ? HOLDS : differs(on, expected[i], "no complaint", "one");
        }
        json_decref(copy);
    }
    return is;
}

static int run_all(const json_t *checks, const char *weights, bool altered, tyto_engine *engine)
{
    static const char *const words[] = {"ok", "FAILED", "skipped"};
    size_t i, counts[3] = {0};
    const json_t *of;
    json_array_foreach(checks, i, of)
    {
        check on = {.of = of, .weights = weights};
        const verdict is = altered ? run_altered(&on, engine) : run(&on, engine);
        printf("%s: %s %s%s%s\n", words[is], text_of(of, "check"), text_of(of, "model"),
               on.said[0] ? ": " : "", on.said);
        fflush(stdout);
        counts[is]++;
    }
    printf("%zu ok, %zu failed, %zu skipped\n", counts[HOLDS], counts[FAILS], counts[SKIPPED]);
    if (counts[FAILS] > 0) {
        return 1;
    }
    return counts[HOLDS] > 0 ? 0 : EXIT_SKIPPED;
}

int main(int count, char **words)
{
    const bool altered = count > 1 && strcmp(words[1], "--altered") == 0;
    const char *weights =
        count > 2 + altered ? words[2 + altered] : getenv("TYTO_PUBLISHED_WEIGHTS");
    json_error_t error;
    json_t *checks = count > 1 + altered ? json_load_file(words[1 + altered], 0, &error) : NULL;
    tyto_engine *engine = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    if (!json_is_array(checks)) {
        fprintf(stderr, "usage: published [--altered] EXPECTED.json [WEIGHTS]\n");
        return 2;
    }
    if (!weights || !*weights) {
        printf("skipped: TYTO_PUBLISHED_WEIGHTS names no folder with published checkpoints\n");
        json_decref(checks);
        return EXIT_SKIPPED;
    }
    int code = 1;
    if (tyto_engine_create(NULL, &engine, &err) == TYTO_OK) {
        code = run_all(checks, weights, altered, engine);
    } else {
        fprintf(stderr, "%s\n", tyto_error_message(&err));
    }
    tyto_engine_destroy(engine);
    tyto_error_clear(&err);
    json_decref(checks);
    return code;
}
