/* Opt-in approximations of OWLv2: pictures of another size, and parts of pictures. */
#include "models/owlv2/window.h"
#include "support/checkpoint.h"
#include "support/operators.h"
#include "support/search.h"

#include "support/cases.h"

#define GRID 9 /* of the checkpoint: 63 pixels in patches of 7 */
#define PATCH 7
#define WIDTH 44
#define POSITIONS "owlv2.vision_model.embeddings.position_embedding.weight"
#define MOST 32

typedef struct opened {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
} opened;

static opened open_checkpoint(const char *path)
{
    opened of = {0};
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_engine_options options = engine_options(2);
    ASSERT_DONE(tyto_engine_create(&options, &of.engine, &err), &err);
    ASSERT_DONE(tyto_model_open(of.engine, path, NULL, &of.model, &err), &err);
    ASSERT_DONE(tyto_session_create(of.model, NULL, &of.session, &err), &err);
    return of;
}

static opened open_odd(void)
{
    char path[GOLDEN_PATH_BYTES];
    return open_checkpoint(golden_path(path, "owlv2/odd/model"));
}

static void close_checkpoint(opened *of)
{
    tyto_session_destroy(of->session);
    tyto_model_destroy(of->model);
    tyto_engine_destroy(of->engine);
}

/* Pixels of a picture, the same at every call, and the inputs of a run: some rows and columns of
 * patches of it. */
typedef struct inputs {
    float pixels[3 * MOST * PATCH * MOST * PATCH];
    float texts[2 * 36];
    int64_t grid[2], interpolated;
    tyto_tensor tensors[4];
    size_t count;
} inputs;

static inputs made;

static inputs *make_inputs(int64_t rows, int64_t columns, int64_t whole_columns)
{
    stream numbers = {77};
    const int64_t H = rows * PATCH, W = columns * PATCH;
    fill_floats(&numbers, made.texts, 72);
    for (int64_t i = 0; i < 3 * H * W; i++) {
        const int64_t x = i % W, y = i / W % H, c = i / W / H;
        made.pixels[i] = sinf((float)(x + 3 * c)) * cosf(0.3f * (float)(y * whole_columns + x));
    }
    made.tensors[0] = (tyto_tensor){"pixel_values", TYTO_F32, 4, {1, 3, H, W}, made.pixels};
    made.tensors[1] = (tyto_tensor){"text_embeds", TYTO_F32, 2, {2, 36}, made.texts};
    made.count = 2;
    return &made;
}

static void add_grid(inputs *to, int64_t rows, int64_t columns)
{
    to->grid[0] = rows;
    to->grid[1] = columns;
    to->tensors[to->count++] = (tyto_tensor){"patch_grid", TYTO_I64, 1, {2}, to->grid};
}

static void add_interpolation(inputs *to, int64_t value)
{
    to->interpolated = value;
    to->tensors[to->count++] = (tyto_tensor){
        .name = "interpolate_pos_encoding", .dtype = TYTO_I64, .data = &to->interpolated};
}

static const char *const wanted[] = {"logits", "objectness_logits", "pred_boxes", "image_embeds",
                                     "vision_model_output.hidden_states.0"};
enum { LOGITS, OBJECTNESS, BOXES, EMBEDS, FIRST_STATES, OUTPUTS };

/* A run's outputs, copied. */
typedef struct outputs {
    tyto_tensor of[OUTPUTS];
} outputs;

static outputs forward(const opened *with, const inputs *from)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_tensor *given;
    outputs out;
    int64_t count;
    ASSERT_DONE(tyto_forward(with->session, NULL, from->tensors, (int64_t)from->count, wanted,
                             OUTPUTS, &given, &count, &err),
                &err);
    for (int i = 0; i < OUTPUTS; i++) {
        const size_t bytes = (size_t)tyto_tensor_elements(&given[i]) * sizeof(float);
        out.of[i] = given[i];
        out.of[i].data = malloc(bytes);
        assert_non_null(out.of[i].data);
        memcpy(out.of[i].data, given[i].data, bytes);
    }
    return out;
}

static void clear(outputs *out)
{
    for (int i = 0; i < OUTPUTS; i++) {
        free(out->of[i].data);
    }
}

static void assert_equal(outputs *a, outputs *b)
{
    for (int i = 0; i < OUTPUTS; i++) {
        assert_int_equal(a->of[i].rank, b->of[i].rank);
        assert_memory_equal(a->of[i].shape, b->of[i].shape,
                            (size_t)a->of[i].rank * sizeof(int64_t));
        assert_memory_equal(a->of[i].data, b->of[i].data,
                            (size_t)tyto_tensor_elements(&a->of[i]) * sizeof(float));
    }
    clear(a);
    clear(b);
}

static void the_whole_grid_is_the_plain_run(void **state)
{
    (void)state;
    opened with = open_odd();
    outputs plain = forward(&with, make_inputs(GRID, GRID, GRID));
    inputs *from = make_inputs(GRID, GRID, GRID);
    add_grid(from, GRID, GRID);
    add_interpolation(from, 1);
    outputs whole = forward(&with, from);
    assert_equal(&plain, &whole);
    close_checkpoint(&with);
}

static void find_positions(const tyto_owlv2_vision_config *config, const float *table,
                           const tyto_owlv2_window *window, float *out)
{
    tyto_arena arena = {0};
    tyto_exec exec = {.arena = &arena};
    assert_int_equal(tyto_owlv2_positions(config, &exec, table, window, out), TYTO_OK);
    tyto_arena_clear(&arena);
}

/* torch 2.4: interpolate(arange(9).reshape(1,1,3,3)**1.5, size, mode="bicubic",
 * align_corners=False), the values rounded to five digits. */
static void interpolation_is_torchs(void **state)
{
    (void)state;
    static const struct {
        int64_t rows, columns;
        float values[20];
    } cases[] = {
        {2, 2, {1.08037f, 3.89022f, 13.41667f, 19.56236f}},
        {4, 5, {-0.45654f, -0.15986f, 0.49756f,  1.61985f,  2.39516f,  2.08391f,  2.88558f,
                4.32175f,  6.05467f,  7.16187f,  8.86718f,  10.23424f, 12.56004f, 15.04429f,
                16.57452f, 15.00482f, 16.59022f, 19.27538f, 22.11022f, 23.84974f}},
        {5,
         2,
         {-0.37122f, 1.67086f, 1.62018f, 4.78399f, 5.71959f, 10.55837f, 12.05561f, 18.04125f,
          16.34989f, 22.91351f}},
    };
    const tyto_owlv2_vision_config config = {
        .encoder = {.hidden_size = 1}, .image_size = 3, .patch_size = 1};
    float table[10] = {0};
    for (int i = 0; i < 9; i++) {
        table[i + 1] = powf((float)i, 1.5f);
    }
    for (size_t c = 0; next_case(c, sizeof(cases) / sizeof(cases[0])); c++) {
        const int64_t rows = cases[c].rows, columns = cases[c].columns;
        /* All of it, and its top left. */
        for (int64_t h = rows - 1; h <= rows; h++) {
            const tyto_owlv2_window window = {h, columns - 1, rows, columns, true};
            float out[20];
            find_positions(&config, table, &window, out);
            for (int64_t i = 0; i < h * (columns - 1); i++) {
                const int64_t at = i / (columns - 1) * columns + i % (columns - 1);
                assert_float_equal(out[i], cases[c].values[at], 2e-5f);
            }
        }
    }
}

/* The checkpoint with the positions that a smaller or larger grid takes, saved as one of that size,
 * gives the same numbers as the run that finds them by itself. */
static void assert_as_a_checkpoint(int64_t side, bool interpolated)
{
    char config[128];
    static float table[(MOST * MOST + 1) * WIDTH];
    checkpoint other;
    checkpoint_start(&other, "odd");
    tyto_tensor *positions = checkpoint_tensor(&other, POSITIONS);
    const float *from = positions->data;
    memcpy(table, from, WIDTH * sizeof(float));
    const tyto_owlv2_vision_config sizes = {
        .encoder = {.hidden_size = WIDTH}, .image_size = GRID * PATCH, .patch_size = PATCH};
    const tyto_owlv2_window window = {side, side, side, side, interpolated};
    find_positions(&sizes, from, &window, table + WIDTH);
    positions->data = table;
    positions->shape[0] = side * side + 1;
    snprintf(config, sizeof(config), "{\"vision_config\": {\"image_size\": %d}}",
             (int)side * PATCH);
    checkpoint_merge(&other, config);
    checkpoint_write(&other);

    opened plain = open_checkpoint(other.folder), with = open_odd();
    inputs *given = make_inputs(side, side, side);
    outputs wanted_ones = forward(&plain, given);
    if (interpolated) {
        add_interpolation(given, 1);
    } else {
        add_grid(given, side, side);
    }
    outputs got = forward(&with, given);
    assert_equal(&wanted_ones, &got);
    close_checkpoint(&plain);
    close_checkpoint(&with);
    checkpoint_end(&other);
}

static void another_size_is_another_checkpoint(void **state)
{
    (void)state;
    assert_as_a_checkpoint(6, false);
    assert_as_a_checkpoint(1, false);
    assert_as_a_checkpoint(6, true);
    assert_as_a_checkpoint(14, true);
}

/* Patches keep their own place: what goes into the first layer is what the whole picture has
 * there, and boxes lie around it. */
static void a_part_keeps_its_places(void **state)
{
    (void)state;
    static float zeros[4 * WIDTH];
    checkpoint blind;
    checkpoint_start(&blind, "odd");
    checkpoint_tensor(&blind, "box_head.dense2.weight")->data = zeros;
    checkpoint_tensor(&blind, "box_head.dense2.bias")->data = zeros;
    checkpoint_write(&blind);
    opened with = open_checkpoint(blind.folder);
    enum { ROWS = 4, COLUMNS = 7 };
    outputs whole = forward(&with, make_inputs(GRID, GRID, GRID));
    inputs *from = make_inputs(GRID, GRID, GRID);
    for (int64_t i = 0; i < 3 * ROWS * PATCH; i++) {
        memmove(from->pixels + i * COLUMNS * PATCH,
                from->pixels +
                    (i / (ROWS * PATCH) * GRID * PATCH + i % (ROWS * PATCH)) * GRID * PATCH,
                COLUMNS * PATCH * sizeof(float));
    }
    from->tensors[0].shape[2] = ROWS * PATCH;
    from->tensors[0].shape[3] = COLUMNS * PATCH;
    add_grid(from, GRID, GRID);
    outputs part = forward(&with, from);
    const int64_t shapes[OUTPUTS][4] = {{1, ROWS * COLUMNS, 2},
                                        {1, ROWS * COLUMNS},
                                        {1, ROWS * COLUMNS, 4},
                                        {1, ROWS, COLUMNS, WIDTH},
                                        {1, ROWS * COLUMNS + 1, WIDTH}};
    for (int i = 0; i < OUTPUTS; i++) {
        assert_memory_equal(part.of[i].shape, shapes[i], (size_t)part.of[i].rank * sizeof(int64_t));
    }
    const float *all = whole.of[FIRST_STATES].data, *some = part.of[FIRST_STATES].data,
                *boxes = part.of[BOXES].data;
    for (int64_t p = 0; p < ROWS * COLUMNS; p++) {
        const int64_t y = p / COLUMNS, x = p % COLUMNS;
        for (int64_t c = 0; c < WIDTH; c++) {
            assert_float_equal(some[(p + 1) * WIDTH + c], all[(y * GRID + x + 1) * WIDTH + c],
                               1e-5f);
        }
        const float wanted_box[4] = {(float)(x + 1) / GRID, (float)(y + 1) / GRID, 1.0f / GRID,
                                     1.0f / GRID};
        for (int i = 0; i < 4; i++) {
            assert_float_equal(boxes[4 * p + i], wanted_box[i], 3e-4f);
        }
    }
    clear(&whole);
    clear(&part);
    close_checkpoint(&with);
    checkpoint_end(&blind);
}

static void assert_refused(const inputs *from, const char *text)
{
    opened with = open_odd();
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_tensor *given;
    int64_t count;
    const tyto_status status = tyto_forward(with.session, NULL, from->tensors, (int64_t)from->count,
                                            wanted, OUTPUTS, &given, &count, &err);
    if (status == TYTO_OK || !strstr(tyto_error_message(&err), text)) {
        fail_msg("%s, required '%s'", tyto_error_message(&err), text);
    }
    tyto_error_clear(&err);
    close_checkpoint(&with);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    inputs *from = make_inputs(6, 6, 6);
    assert_refused(from, "got 42x42 pixels, required 63x63 (image_size)");
    add_interpolation(from, 0);
    assert_refused(from, "got 42x42 pixels, required 63x63 (image_size)");
    from = make_inputs(6, 6, 6);
    add_grid(from, 5, 6);
    assert_refused(from, "'patch_grid': got 5x6, required at least the pixels' 6x6");
    from = make_inputs(6, 6, 6);
    add_grid(from, 6, 10);
    assert_refused(from, "'patch_grid': got 6x10, required at most 9x9 (image_size)");
    add_interpolation(from, 1);
    from->grid[0] = INT64_MAX;
    assert_refused(from, "required at most 1024x1024");
    from = make_inputs(6, 6, 6);
    add_grid(from, 9, 9);
    from->tensors[0].shape[2] = PATCH - 1;
    assert_refused(from, "got 6x42 pixels, required a patch of 7x7");
    from = make_inputs(GRID, GRID, GRID);
    add_grid(from, GRID, GRID);
    from->tensors[2].shape[0] = 3;
    assert_refused(from, "patch_grid");
}

/* Searches. */

static tyto_image photo_of(int64_t width, int64_t height)
{
    tyto_image image = {0};
    assert_int_equal(tyto_image_make(width, height, &image, NULL), TYTO_OK);
    for (int64_t i = 0; i < 3 * width * height; i++) {
        image.data[i] = (uint8_t)(i * 7 % 251);
    }
    return image;
}

static tyto_search_options plain(void)
{
    tyto_search_options options = search_defaults(false);
    options.threshold = 0.0F;
    return options;
}

static tyto_search_options approximate(bool skip_padding, int64_t input_px,
                                       tyto_positions positions)
{
    tyto_search_options options = plain();
    options.skip_padding = skip_padding;
    options.input_px = input_px;
    options.positions = positions;
    return options;
}

static tyto_detections search(const opened *with, const tyto_image *image,
                              tyto_search_options options)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_detections found;
    ASSERT_DONE(search_image(with->session, image, NULL, &options, &found, &err), &err);
    assert_true(found.count > 0);
    return found;
}

static bool same(const tyto_detections *a, const tyto_detections *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (int64_t i = 0; i < a->count; i++) {
        if (a->items[i].score != b->items[i].score || a->items[i].patch != b->items[i].patch ||
            memcmp(&a->items[i].box, &b->items[i].box, sizeof(tyto_box)) != 0) {
            return false;
        }
    }
    return true;
}

/* A square photo has no padding; of a wide one, 9 × ⌈9·50/100⌉ patches are left. */
static void padding_is_left_out(void **state)
{
    (void)state;
    opened with = open_odd();
    tyto_image square = photo_of(90, 90), wide = photo_of(100, 50), tall = photo_of(1, 400);
    const tyto_search_options skips = approximate(true, 0, TYTO_POSITIONS_INTERPOLATED);
    tyto_detections a = search(&with, &square, plain()), c = search(&with, &wide, plain());
    tyto_detections b = search(&with, &square, skips), d = search(&with, &wide, skips),
                    e = search(&with, &tall, skips);
    assert_true(same(&a, &b));
    assert_false(same(&c, &d));
    int64_t last = 0;
    for (int64_t i = 0; i < d.count; i++) {
        last = d.items[i].patch > last ? d.items[i].patch : last;
        assert_true(d.items[i].box.xmax <= 100.0F && d.items[i].box.ymax <= 50.0F);
    }
    assert_in_range(last, 9 * 4, 9 * 5 - 1);
    assert_in_range(e.count, 1, 9);
    tyto_detections f = search(&with, &wide, plain());
    assert_true(same(&c, &f));
    tyto_detections *const all[] = {&a, &b, &c, &d, &e, &f};
    for (size_t i = 0; i < 6; i++) {
        tyto_detections_clear(all[i]);
    }
    tyto_image_clear(&square);
    tyto_image_clear(&wide);
    tyto_image_clear(&tall);
    close_checkpoint(&with);
}

/* The checkpoint's own size is no shortcut; other sizes have other patches. Tiles take the size
 * too, and a photo that is encoded for later doesn't. */
static void photos_are_searched_at_another_size(void **state)
{
    (void)state;
    opened with = open_odd();
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = photo_of(100, 50);
    const tyto_search_options how = approximate(true, 28, TYTO_POSITIONS_INTERPOLATED);
    tyto_tiles tiles;
    tyto_photo *photo;
    tyto_detections kept;
    tyto_detections exact = search(&with, &image, plain());
    tyto_detections own = search(&with, &image, approximate(false, 63, TYTO_POSITIONS_TRUNCATED));
    assert_true(same(&exact, &own));
    tyto_detections small = search(&with, &image, how);
    assert_in_range(small.count, 1, 4 * 2);
    ASSERT_DONE(tyto_search_tiles(with.session, 100, 50, &how, &tiles, &err), &err);
    assert_int_equal(tiles.tile_width_px, 28);
    ASSERT_DONE(tyto_photo_create(with.session, &image, NULL, &photo, &err), &err);
    ASSERT_DONE(search_encoded(with.session, photo, NULL, &how, &kept, &err), &err);
    assert_true(same(&exact, &kept));
    tyto_photo_destroy(photo);
    tyto_detections_clear(&kept);
    tyto_detections_clear(&exact);
    tyto_detections_clear(&own);
    tyto_detections_clear(&small);
    tyto_image_clear(&image);
    close_checkpoint(&with);
}

static void assert_no_shortcut(const opened *with, int64_t input_px, tyto_positions positions,
                               tyto_status status, const char *text)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_search_options options = approximate(true, input_px, positions);
    const tyto_status got = tyto_search_check(with->session, &options, &err);
    if (got != status || !strstr(tyto_error_message(&err), text)) {
        fail_msg("%s: %s", tyto_status_name(got), tyto_error_message(&err));
    }
    tyto_error_clear(&err);
}

static void bad_shortcuts_are_refused(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    opened with = open_odd();
    assert_no_shortcut(&with, 6, TYTO_POSITIONS_INTERPOLATED, TYTO_E_RANGE, "got 6, required 7 to");
    assert_no_shortcut(&with, -7, TYTO_POSITIONS_INTERPOLATED, TYTO_E_RANGE, "got -7");
    assert_no_shortcut(&with, 70, TYTO_POSITIONS_TRUNCATED, TYTO_E_RANGE,
                       "required 7 to 63 (truncated positions)");
    assert_no_shortcut(&with, INT64_MAX, TYTO_POSITIONS_INTERPOLATED, TYTO_E_RANGE,
                       "required 7 to 7168");
    assert_no_shortcut(&with, 30, TYTO_POSITIONS_INTERPOLATED, TYTO_E_ARGUMENT,
                       "required a multiple of 7 (patch_size)");
    close_checkpoint(&with);
    with = open_checkpoint(golden_path(path, "owlv2/contrastive/model"));
    assert_no_shortcut(&with, 0, TYTO_POSITIONS_INTERPOLATED, TYTO_E_UNSUPPORTED,
                       "a model without Owlv2ForObjectDetection");
    close_checkpoint(&with);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_grid_is_the_plain_run),
        cmocka_unit_test(interpolation_is_torchs),
        cmocka_unit_test(another_size_is_another_checkpoint),
        cmocka_unit_test(a_part_keeps_its_places),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(padding_is_left_out),
        cmocka_unit_test(photos_are_searched_at_another_size),
        cmocka_unit_test(bad_shortcuts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
