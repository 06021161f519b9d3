/* Work on many photos, results on their way to a place, and what goes on where a run was ended. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>
#include <tyto/batch.h>
#include <tyto/detection_document.h>

#include "base/file.h"
#include "base/spill.h"
#include "support/golden.h"
#include "support/room.h"

#include "support/cases.h"

static char room[] = "/tmp/tyto-batch-XXXXXX";
static const char *const photos[] = {"a.png", "none.png", "c.png"};

static int make_room(void **state)
{
    (void)state;
    char path[1024];
    char *bytes;
    size_t length;
    snprintf(path, sizeof(path), "%s/golden/data/images/good/rgb_8.png", getenv("TYTO_TEST_DATA"));
    if (room_enter(room) != 0 ||
        tyto_file_read(path, (size_t)1 << 20, &bytes, &length, NULL) != TYTO_OK) {
        return -1;
    }
    const bool good = tyto_file_write("a.png", bytes, length, NULL) == TYTO_OK &&
                      tyto_file_write("c.png", bytes, length, NULL) == TYTO_OK;
    free(bytes);
    return good ? 0 : -1;
}

static int remove_room(void **state)
{
    (void)state;
    return room_leave(room);
}

/* What the work and the caller do, and what they saw. */
typedef struct plan {
    tyto_results *results;
    int64_t fails, last, cancels, stops; /* places of photos; -1: none */
    tyto_status failure;                 /* 0: E_RANGE */
    int calls, lines;
    char line[256];
} plan;

static tyto_status work(void *user, tyto_batch_photo *photo, tyto_error *err)
{
    plan *p = user;
    p->calls++;
    assert_int_equal(photo->count, 3);
    assert_true(photo->image->width_px > 0);
    if (photo->index == p->cancels) {
        return TYTO_E_CANCELLED;
    }
    if (p->results) {
        const tyto_detections nothing = {.count = 0};
        const tyto_photo_detections found = {.photo = photo->path,
                                             .index = photo->index,
                                             .width_px = photo->image->width_px,
                                             .height_px = photo->image->height_px,
                                             .detections = &nothing};
        const tyto_status status = tyto_document_add_detections(tyto_results_document(p->results),
                                                                &found, &photo->record, err);
        if (status != TYTO_OK) {
            return status;
        }
    }
    photo->last = photo->index == p->last;
    const tyto_status failure = p->failure ? p->failure : TYTO_E_RANGE;
    return photo->index == p->fails || photo->last ? failure : TYTO_OK;
}

static bool follow(void *user, const tyto_progress *progress)
{
    const plan *p = user;
    assert_string_equal(progress->stage, TYTO_BATCH_STAGE);
    assert_string_equal(progress->subject, photos[progress->done]);
    return progress->done != p->stops;
}

static void keep_line(void *user, tyto_log_level level, const char *message)
{
    plan *p = user;
    (void)level;
    p->lines++;
    snprintf(p->line, sizeof(p->line), "%s", message);
}

static tyto_status run(plan *p, tyto_batch_summary *summary)
{
    tyto_batch_options options;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_batch_options_init(&options, sizeof(options));
    options.results = p->results;
    options.progress = follow;
    options.progress_user = p;
    options.log = keep_line;
    options.log_user = p;
    const tyto_status status = tyto_batch_run(photos, 3, work, p, &options, summary, &err);
    tyto_error_clear(&err);
    return status;
}

/* A photo that fails is said, and the others go on; cancelling, the last failure, and what can't
 * be written end the run. */
static void failures_of_photos_and_of_the_run(void **state)
{
    (void)state;
    static const struct {
        plan p;
        tyto_status status;
        int64_t done, failed;
        const char *line;
    } cases[] = {
        {{NULL, -1, -1, -1, -1, 0}, TYTO_OK, 2, 1, "none.png: No such file or directory"},
        {{NULL, 2, -1, -1, -1, 0}, TYTO_OK, 1, 2, "c.png: a value is out of range"},
        {{NULL, 0, -1, -1, -1, TYTO_E_IO}, TYTO_E_IO, 0, 1, ""},
        {{NULL, -1, 0, -1, -1, 0}, TYTO_E_RANGE, 0, 1, ""},
        {{NULL, -1, -1, 0, -1, 0}, TYTO_E_CANCELLED, 0, 0, ""},
        {{NULL, -1, -1, -1, 2, 0}, TYTO_E_CANCELLED, 1, 1, "none.png: No such file or directory"},
        /* What fails while the caller says stop is no fault of the photo. */
        {{NULL, -1, -1, -1, 1, 0}, TYTO_E_CANCELLED, 1, 0, ""},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        plan p = cases[i].p;
        tyto_batch_summary summary;
        assert_int_equal(run(&p, &summary), cases[i].status);
        assert_int_equal(summary.inputs, 3);
        assert_int_equal(summary.done, cases[i].done);
        assert_int_equal(summary.failed, cases[i].failed);
        assert_string_equal(p.line, cases[i].line);
    }
}

static tyto_results *begin(const char *path, tyto_format format, bool resume)
{
    tyto_results_options options;
    tyto_detection_document_options about;
    tyto_results *results;
    tyto_document *document;
    tyto_bytes bytes;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_results_options_init(&options, sizeof(options));
    options.path = path;
    options.format = format;
    options.resume = resume;
    options.inputs = photos;
    options.n_inputs = 3;
    ASSERT_DONE(tyto_results_open(&options, &results, &err), &err);
    tyto_detection_document_options_init(&about, sizeof(about));
    about.format = tyto_results_format(results);
    about.files = tyto_results_in_folder(results);
    about.photos = photos;
    about.n_photos = 3;
    ASSERT_DONE(tyto_detection_document_create(&about, &document, &bytes, &err), &err);
    ASSERT_DONE(tyto_results_begin(results, document, &bytes, &err), &err);
    return results;
}

/* A second run does what the first couldn't, and nothing twice; what grows is in its place early.
 */
static void a_run_goes_on(void **state)
{
    (void)state;
    static const struct {
        tyto_format format;
        const char *path;
        bool grows;
    } cases[] = {{TYTO_FORMAT_JSONL, "x.jsonl", true},
                 {TYTO_FORMAT_JSON, "x.json", false},
                 {TYTO_FORMAT_COCO, "x.coco", false},
                 {TYTO_FORMAT_YOLO, "labels", true}};
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        plan p = {begin(cases[i].path, cases[i].format, true), -1, -1, -1, 2};
        tyto_batch_summary summary;
        assert_int_equal(run(&p, &summary), TYTO_E_CANCELLED);
        assert_int_equal(tyto_results_count(p.results), 1);
        assert_int_equal(access(cases[i].path, F_OK) == 0, cases[i].grows);
        assert_int_equal(tyto_results_end(p.results, true, NULL), TYTO_OK);
        tyto_results_destroy(p.results);
        assert_int_equal(access(cases[i].path, F_OK), 0);
        p = (plan){begin(cases[i].path, cases[i].format, true), -1, -1, -1, -1};
        assert_true(tyto_results_done(p.results)[0]);
        assert_false(tyto_results_done(p.results)[2]);
        assert_int_equal(run(&p, &summary), TYTO_OK);
        assert_int_equal(summary.left_out, 1);
        assert_int_equal(summary.done, 1);
        assert_int_equal(summary.failed, 1);
        assert_int_equal(p.calls, 1);
        assert_int_equal(tyto_results_count(p.results), 2);
        assert_int_equal(tyto_results_end(p.results, true, NULL), TYTO_OK);
        tyto_results_destroy(p.results);
    }
}

static void a_summary_is_a_sentence(void **state)
{
    (void)state;
    static const struct {
        tyto_batch_summary summary;
        const char *found, *expected;
    } cases[] = {
        {{.inputs = 7, .done = 2, .kind = TYTO_BATCH_KIND_TEXTS, .interrupted = true},
         NULL,
         "interrupted after 2 of 7 texts: 2 texts done, 0 failed, in 0.0 s"},
        {{.inputs = 1, .done = 1, .kind = TYTO_BATCH_KIND_VIDEOS, .passed_over = 4},
         "found",
         "1 video done, 0 failed, 4 passed over, 7 found, in 0.0 s"},
        {{966, 960, 6, 0, 81.54}, "found", "960 photos done, 6 failed, 7 found, in 81.5 s"},
        {{966, 1, 0, 178, 2.0},
         NULL,
         "ended after 179 of 966 photos: 1 photo done, 0 failed, 178 done before, in 2.0 s"},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_bytes text;
        assert_int_equal(tyto_batch_summary_text(&cases[i].summary, cases[i].found, 7, &text, NULL),
                         TYTO_OK);
        assert_string_equal(text.data, cases[i].expected);
        tyto_bytes_clear(&text);
    }
}

static void places_that_cannot_be_meant_are_refused(void **state)
{
    (void)state;
    static const char *const twins[] = {"a/1.png", "b/1.png"}, *const spared[] = {"a.png"};
    static const tyto_format tables[] = {TYTO_FORMAT_TEXT, TYTO_FORMAT_CSV};
    static const struct {
        tyto_results_options options;
        const char *message;
    } cases[] = {
        {{.path = "x.npy", .by_ending = true}, "x.npy: got the ending '.npy', required "},
        {{.path = "x.coco", .by_ending = true, .formats = tables, .n_formats = 2}, "'.coco'"},
        {{.path = "a.png", .spared = spared, .n_spared = 1}, "a.png is one of the photos"},
        {{.path = "two", .format = TYTO_FORMAT_YOLO, .inputs = twins, .n_inputs = 2},
         "a/1.png and b/1.png: both would be written to '1.txt'"},
        {{.format = TYTO_FORMAT_JSON, .resume = true}, "got standard output, which can't be"},
        {{.path = "x.txt", .by_ending = true, .resume = true}, "got tables, which can't be"},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_results_options options = cases[i].options;
        tyto_results *results;
        tyto_error err = TYTO_ERROR_INIT;
        options.struct_bytes = sizeof(options);
        assert_int_equal(tyto_results_open(&options, &results, &err), TYTO_E_ARGUMENT);
        assert_null(results);
        assert_non_null(strstr(tyto_error_message(&err), cases[i].message));
        tyto_error_clear(&err);
    }
    tyto_format format;
    assert_int_equal(tyto_format_choose("a.b/found", NULL, 0, &format, NULL), TYTO_OK);
    assert_int_equal(format, TYTO_FORMAT_TEXT);
    assert_int_equal(tyto_format_choose("found.csv", tables, 2, &format, NULL), TYTO_OK);
    assert_int_equal(format, TYTO_FORMAT_CSV);
    assert_int_equal(tyto_format_choose(NULL, NULL, 0, &format, NULL), TYTO_OK);
    assert_int_equal(tyto_format_choose("found.csv", tables, 2, NULL, NULL), TYTO_E_ARGUMENT);
}

enum { THINGS = 2000 };

/* Adds photos of many things until the disk is full. Returns how many there was room for; a
 * negative number when anything else happens. */
static int fill(tyto_format format, rlim_t bytes_most)
{
    static tyto_detection things[THINGS];
    static const char *const labels[] = {"a thing"};
    const tyto_detections found = {.items = things, .count = THINGS};
    const struct rlimit limit = {bytes_most, bytes_most};
    tyto_results_options options;
    tyto_detection_document_options how;
    tyto_results *results;
    tyto_document *document;
    tyto_bytes bytes = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_results_options_init(&options, sizeof(options));
    options.path = "full";
    options.format = format;
    tyto_detection_document_options_init(&how, sizeof(how));
    how.format = format;
    how.labels = labels;
    how.n_labels = 1;
    how.array = true;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        tyto_results_open(&options, &results, NULL) != TYTO_OK ||
        tyto_detection_document_create(&how, &document, &bytes, NULL) != TYTO_OK ||
        tyto_results_begin(results, document, &bytes, NULL) != TYTO_OK) {
        return -1;
    }
    int n = 0;
    tyto_status status = TYTO_OK;
    for (; status == TYTO_OK && n < 100; n++) {
        const tyto_photo_detections photo = {
            .photo = "a.png", .index = n, .width_px = 8, .height_px = 8, .detections = &found};
        if (tyto_document_add_detections(document, &photo, &bytes, NULL) != TYTO_OK) {
            return -2;
        }
        status = tyto_results_add(results, &bytes, &err);
    }
    const bool told = status == TYTO_E_IO && strstr(tyto_error_message(&err), "full: File too la");
    tyto_error_clear(&err);
    const bool ended = tyto_results_end(results, false, &err) == TYTO_OK;
    tyto_error_clear(&err);
    tyto_results_destroy(results);
    return told && ended ? n - 1 : -3;
}

/* So many records are in the file, which is whole. */
static void check_full(tyto_format format, int n)
{
    json_t *root = json_load_file("full", 0, NULL);
    const size_t things = (size_t)n * THINGS;
    assert_non_null(root);
    if (format == TYTO_FORMAT_COCO) {
        const json_t *last, *list = json_object_get(root, "annotations");
        assert_int_equal(json_array_size(json_object_get(root, "images")), n);
        assert_int_equal(json_array_size(json_object_get(root, "categories")), 1);
        assert_int_equal(json_array_size(list), things);
        last = json_array_get(list, things - 1);
        assert_int_equal(json_integer_value(json_object_get(last, "image_id")), n);
    } else {
        assert_int_equal(json_array_size(root), format == TYTO_FORMAT_JSON ? (size_t)n : things);
    }
    json_decref(root);
}

static void a_full_disk_keeps_what_was_finished(void **state)
{
    (void)state;
    static const tyto_format formats[] = {TYTO_FORMAT_COCO, TYTO_FORMAT_COCO_RESULTS,
                                          TYTO_FORMAT_JSON};
    for (size_t i = 0; next_case(i, sizeof(formats) / sizeof(formats[0])); i++) {
        int status;
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            const int n = fill(formats[i], formats[i] == TYTO_FORMAT_COCO ? 4400000 : 700000);
            _exit(n > 0 ? n : 200 - n);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_in_range(WEXITSTATUS(status), 2, 100);
        check_full(formats[i], WEXITSTATUS(status));
        assert_int_equal(unlink("full"), 0);
    }
}

/* What a full disk doesn't take stays in memory, and comes back in order. */
static int spill_beyond_a_limit(void)
{
    const struct rlimit limit = {6 << 20, 6 << 20};
    const size_t piece = (size_t)3 << 20;
    char *bytes = malloc(piece), byte;
    size_t length = 0, total = 0;
    tyto_spill spill;
    bool good = bytes && setrlimit(RLIMIT_FSIZE, &limit) == 0;
    signal(SIGXFSZ, SIG_IGN);
    tyto_spill_init(&spill);
    for (int i = 0; good && i < 5; i++) {
        memset(bytes, 'a' + i, piece);
        good = tyto_spill_add(&spill, bytes, piece) == 0;
    }
    tyto_spill_cut(&spill, (int64_t)(4 * piece));
    good = good && tyto_spill_bytes(&spill) == (int64_t)(4 * piece);
    do {
        byte = (char)('a' + total / piece);
        good = good && tyto_spill_read(&spill, bytes, 1 << 16, &length) == 0;
        good = good && (length == 0 || bytes[0] == byte);
        total += length;
    } while (good && length > 0);
    tyto_spill_clear(&spill);
    free(bytes);
    return good && total == 4 * piece ? 0 : 1;
}

static void what_is_kept_for_later_outlives_a_full_disk(void **state)
{
    (void)state;
    int status;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(spill_beyond_a_limit());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_of_photos_and_of_the_run),
        cmocka_unit_test(a_run_goes_on),
        cmocka_unit_test(a_summary_is_a_sentence),
        cmocka_unit_test(places_that_cannot_be_meant_are_refused),
        cmocka_unit_test(a_full_disk_keeps_what_was_finished),
        cmocka_unit_test(what_is_kept_for_later_outlives_a_full_disk),
    };
    return cmocka_run_group_tests(tests, make_room, remove_room);
}
