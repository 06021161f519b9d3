/* What operands mean as files, and what is read of them. */
#include <sys/stat.h>
#include <unistd.h>

#include "support/golden.h"
#include "support/room.h"
#include "tasks/label_file.h"

#include "support/cases.h"

static char lines[2048];

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void keep_line(void *user, tyto_log_level level, const char *message)
{
    (void)user;
    assert_int_equal(level, TYTO_LOG_LEVEL_ERROR);
    strncat(lines, message, sizeof(lines) - strlen(lines) - 1);
    strncat(lines, "\n", sizeof(lines) - strlen(lines) - 1);
}

/* Lists as "a b c"; what is wrong goes to `lines`. */
static tyto_file_list list(tyto_file_kind kind, const char *const *operands, int64_t count,
                           const char *expected)
{
    char got[1024] = "";
    tyto_file_list_options options;
    tyto_file_list found;
    tyto_error err = TYTO_ERROR_INIT;
    lines[0] = '\0';
    tyto_file_list_options_init(&options, sizeof(options));
    options.log = keep_line;
    ASSERT_DONE(tyto_file_list_make(kind, operands, count, &options, &found, &err), &err);
    for (int64_t i = 0; i < found.count; i++) {
        strncat(got, i ? " " : "", sizeof(got) - strlen(got) - 1);
        strncat(got, found.items[i], sizeof(got) - strlen(got) - 1);
    }
    assert_string_equal(got, expected);
    const tyto_file_list counts = {.failed = found.failed, .passed_over = found.passed_over};
    tyto_file_list_clear(&found);
    return counts;
}

static void fill_folder(void)
{
    static const char *const names[] = {"f/b.jpg", "f/a.PNG",  "f/.hidden.jpg", "f/notes.txt",
                                        "f/c.mp4", "f/d.JPEG", "f/10.webp",     "f/9.webp"};
    assert_int_equal(mkdir("f", 0777), 0);
    assert_int_equal(mkdir("f/g.jpg", 0777), 0);
    assert_int_equal(mkdir("empty", 0777), 0);
    for (size_t i = 0; next_case(i, sizeof(names) / sizeof(names[0])); i++) {
        put(names[i], "x");
    }
}

static void photos_are_listed(void **state)
{
    (void)state;
    fill_folder();
    const char *const mixed[] = {"named.gif", "f", "-", "nowhere.jpg"};
    tyto_file_list counts =
        list(TYTO_FILE_KIND_PHOTOS, mixed, 4,
             "named.gif f/10.webp f/9.webp f/a.PNG f/b.jpg f/d.JPEG - nowhere.jpg");
    assert_int_equal(counts.failed, 0);
    assert_int_equal(counts.passed_over, 3); /* notes, video, folder */
    assert_string_equal(lines, "");
    /* One that holds nothing doesn't keep the others back. */
    const char *const bad[] = {"empty", "-", "-", "*.none", "f/*.jpg", "f/b*"};
    counts = list(TYTO_FILE_KIND_PHOTOS, bad, 6, "- f/b.jpg f/b.jpg");
    assert_int_equal(counts.failed, 4);
    assert_string_equal(lines, "empty: no photo in this folder, required .jpg, .png, .webp, .gif, "
                               ".bmp, .tif, .avif, .heic or the like\n"
                               "-: standard input can be read only once\n"
                               "*.none: no file matches\n"
                               "f/g.jpg: no photo in this folder, required .jpg, .png, .webp, "
                               ".gif, .bmp, .tif, .avif, .heic or the like\n");
}

static void videos_are_listed(void **state)
{
    (void)state;
    const char *const operands[] = {"f", "f/*.mp4", "x*.mp4", "empty", "-", "@videos.txt"};
    put("videos.txt", "one.mkv\nf\n");
    const tyto_file_list counts =
        list(TYTO_FILE_KIND_VIDEOS, operands, 6, "f/c.mp4 f/c.mp4 - one.mkv f/c.mp4");
    assert_int_equal(counts.failed, 2);
    assert_non_null(strstr(lines, "x*.mp4: no file matches\n"
                                  "empty: no video in this folder, required .mp4"));
    put("plain", "not much");
    put("likeness", "\xff\xd8\xff and on");
    assert_true(tyto_file_is_video("plain"));
    assert_true(tyto_file_is_video("f/c.mp4"));
    assert_false(tyto_file_is_video("likeness"));
    assert_false(tyto_file_is_video("f/b.jpg"));
    assert_false(tyto_file_is_video("f"));
    assert_false(tyto_file_is_video("absent"));
    assert_false(tyto_file_is_video(NULL));
}

/* A folder or a pattern that has photos stands for these, another for its videos. */
static void photos_go_before_videos(void **state)
{
    (void)state;
    assert_int_equal(mkdir("clips", 0777), 0);
    assert_int_equal(mkdir("clips/more", 0777), 0);
    put("clips/b.mp4", "");
    put("clips/a.MKV", "");
    put("clips/notes.txt", "");
    put("clips/more/c.gif", "");
    put("clips/more/d.webm", "");
    const char *const operands[] = {"f", "f/c.mp4", "clips", "clips/?.*", "clips/**", "-"};
    const tyto_file_list counts =
        list(TYTO_FILE_KIND_MEDIA, operands, 6,
             "f/10.webp f/9.webp f/a.PNG f/b.jpg f/d.JPEG f/c.mp4 clips/a.MKV clips/b.mp4 "
             "clips/a.MKV clips/b.mp4 clips/more/c.gif -");
    assert_int_equal(counts.failed, 0);
    assert_int_equal(counts.passed_over, 3 + 2 + 3);
    const char *const none[] = {"empty"};
    assert_int_equal(list(TYTO_FILE_KIND_MEDIA, none, 1, "").failed, 1);
    assert_non_null(strstr(lines, "empty: no photo or video in this folder, required .jpg"));
}

static void lines_are_read(void **state)
{
    (void)state;
    tyto_file_list read;
    tyto_error err = TYTO_ERROR_INIT;
    put("texts", "\xef\xbb\xbf"
                 "one\r\n\ntwo words\nlast");
    ASSERT_DONE(tyto_file_lines_read("texts", false, &read, &err), &err);
    assert_int_equal(read.count, 3);
    assert_string_equal(read.items[0], "one");
    assert_string_equal(read.items[1], "two words");
    assert_string_equal(read.items[2], "last");
    tyto_file_list_clear(&read);
    ASSERT_DONE(tyto_file_lines_read("texts", true, &read, &err), &err);
    assert_int_equal(read.count, 4);
    assert_string_equal(read.items[1], "");
    tyto_file_list_clear(&read);
    assert_int_equal(tyto_file_lines_read("f", true, &read, &err), TYTO_E_ARGUMENT);
    assert_string_equal(err.message, "f: got a folder, required a file of texts");
    assert_int_equal(tyto_file_lines_read("none", true, &read, &err), TYTO_E_NOT_FOUND);
    FILE *file = fopen("binary", "wb");
    assert_int_equal(fwrite("a\0b", 1, 3, file), 3);
    fclose(file);
    assert_int_equal(tyto_file_lines_read("binary", true, &read, &err), TYTO_E_FORMAT);
    assert_int_equal(tyto_file_lines_read(NULL, true, &read, &err), TYTO_E_ARGUMENT);
    assert_null(read.items);
    tyto_error_clear(&err);
}

static void put_bytes(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

/* What editors save: UTF-16 of either order, line ends of old Macs. */
static void texts_of_other_editors_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *first, *second; /* NULL: refused */
    } cases[] = {
        {"a b\rc\r", 6, "a b", "c"},
        {"a\rb\nc", 5, "a\rb", "c"},
        {"\xff\xfe"
         "a\0\xe4\0\n\0\x3d\xd8\0\xde",
         12, "a\xc3\xa4", "\xf0\x9f\x98\x80"},
        {"\xfe\xff"
         "\0a\0\r\0\n\x20\xac",
         10, "a", "\xe2\x82\xac"},
        {"\xff\xfe"
         "a\0b",
         5, NULL, NULL},
        {"\xff\xfe\x3d\xd8"
         "a\0",
         6, NULL, NULL},
        {"\xff\xfe\x3d\xd8", 4, NULL, NULL},
        {"\xff\xfe\0\0a\0\0\0", 8, NULL, NULL},
        {"a\0\n\0", 4, NULL, NULL},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_file_list read;
        tyto_error err = TYTO_ERROR_INIT;
        put_bytes("texts", cases[i].bytes, cases[i].length);
        const tyto_status status = tyto_file_lines_read("texts", false, &read, &err);
        assert_int_equal(status, cases[i].first ? TYTO_OK : TYTO_E_FORMAT);
        if (!cases[i].first) {
            assert_non_null(strstr(err.message, "UTF-16"));
        } else {
            assert_int_equal(read.count, 2);
            assert_string_equal(read.items[0], cases[i].first);
            assert_string_equal(read.items[1], cases[i].second);
        }
        tyto_error_clear(&err);
        tyto_file_list_clear(&read);
    }
}

/* Labels, joined by '|'; NULL: refused with what `message` says. */
static void assert_labels(const char *path, const char *text, const char *required, int64_t twice,
                          const char *message)
{
    tyto_file_list read;
    tyto_error err = TYTO_ERROR_INIT;
    int64_t merged;
    char joined[128] = "";
    put(path, text);
    const tyto_status status = tyto_label_file_read(path, &read, &merged, &err);
    assert_int_equal(status, required ? TYTO_OK : TYTO_E_FORMAT);
    for (int64_t i = 0; required && i < read.count; i++) {
        strcat(strcat(joined, i > 0 ? "|" : ""), read.items[i]);
    }
    assert_string_equal(joined, required ? required : "");
    assert_int_equal(merged, twice);
    assert_non_null(strstr(message ? err.message : "", message ? message : ""));
    tyto_error_clear(&err);
    tyto_file_list_clear(&read);
}

static void labels_are_read(void **state)
{
    (void)state;
    assert_labels("a.txt", " a cat \n\t\n#1\na cat\na dog\r\n a cat", "a cat|#1|a dog", 2, NULL);
    assert_labels("a.txt", "", "", 0, NULL);
    assert_labels("a.yaml",
                  "path: x\nnames:\n  0: a cat # tame\n\n  # no\n  1: \"it''s \\\"1\\\"\"\nnc: 2\n",
                  "a cat|it''s \"1\"", 0, NULL);
    assert_labels("a.yml", "names:\n- a\n- 'it''s'\n- a\ntrain: x", "a|it's|a", 0, NULL);
    assert_labels("a.yaml", "names: ['a, b', c]  # two", "a, b|c", 0, NULL);
    assert_labels("a.yaml", "names: {0: a, 1: b c}", "a|b c", 0, NULL);
    assert_labels("a.yaml", "nc: 2\n", NULL, 0, "names: got nothing");
    assert_labels("a.yaml", "names:\n  1: a\n", NULL, 0, "a number out of its order");
    assert_labels("a.yaml", "names:\n  a\n", NULL, 0, "a line without a number");
    assert_labels("a.yaml", "names: [a,\n b,  # two\n\n #c, d\n 'c #']\nnc: 3", "a|b|c #", 0, NULL);
    assert_labels("a.yaml", "names:\n  # all\n  [a,\n  b]", "a|b", 0, NULL);
    assert_labels("a.yaml", "names: {0: a,\n 1: b}", "a|b", 0, NULL);
    assert_labels("a.yaml", "names: [a,\n b", NULL, 0, "a bracket without its end");
    assert_labels("a.yaml", "names: [a\n b]", NULL, 0, "names without a comma between them");
    assert_labels("a.yaml", "names: [\"a", NULL, 0, "a text without an end");
    assert_labels("a.yaml", "names:\n- \n", NULL, 0, "an empty name");
}

static void lists_of_texts_are_read(void **state)
{
    (void)state;
    tyto_text_lists read;
    tyto_error err = TYTO_ERROR_INIT;
    put("nested.json", "[[\"a\", \"b\"], [], [\"c\"]]");
    ASSERT_DONE(tyto_text_lists_read("nested.json", &read, &err), &err);
    assert_int_equal(read.count, 3);
    assert_int_equal(read.items[0].count, 2);
    assert_int_equal(read.items[1].count, 0);
    assert_string_equal(read.items[2].items[0], "c");
    tyto_text_lists_clear(&read);
    put("flat.json", "[\"a\", \"b\"]");
    ASSERT_DONE(tyto_text_lists_read("flat.json", &read, &err), &err);
    assert_int_equal(read.count, 1);
    assert_string_equal(read.items[0].items[1], "b");
    tyto_text_lists_clear(&read);
    static const char *const wrong[] = {"{}", "[[\"a\"], 3]", "[[\"a\", 3]]", "[", "\"a\""};
    for (size_t i = 0; next_case(i, sizeof(wrong) / sizeof(wrong[0])); i++) {
        put("wrong.json", wrong[i]);
        assert_int_equal(tyto_text_lists_read("wrong.json", &read, &err), TYTO_E_FORMAT);
        assert_null(read.items);
    }
    tyto_error_clear(&err);
}

static void same_names_are_found(void **state)
{
    (void)state;
    int64_t first, second;
    const char *const names[] = {"z", "b", "a", "b", "b"};
    assert_int_equal(tyto_names_find_same(names, 5, &first, &second, NULL), TYTO_OK);
    assert_int_equal(first, 1);
    assert_int_equal(second, 3);
    assert_int_equal(tyto_names_find_same(names, 3, &first, &second, NULL), TYTO_OK);
    assert_int_equal(first, -1);
    assert_int_equal(tyto_names_find_same(NULL, 0, &first, &second, NULL), TYTO_OK);
    assert_int_equal(second, -1);
}

static void names_have_commas_between_them(void **state)
{
    (void)state;
    static const char *const good[] = {"a,b", "c"}, *const bad[] = {"a,", ",a", "a,,b", ""};
    tyto_file_list names;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_names_split(good, 2, &names, &err), TYTO_OK);
    assert_int_equal(names.count, 3);
    assert_string_equal(names.items[0], "a");
    assert_string_equal(names.items[1], "b");
    assert_string_equal(names.items[2], "c");
    tyto_file_list_clear(&names);
    assert_int_equal(tyto_names_split(NULL, 0, &names, &err), TYTO_OK);
    assert_int_equal(names.count, 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(tyto_names_split(&bad[i], 1, &names, &err), TYTO_E_FORMAT);
        assert_int_equal(names.count, 0);
    }
    assert_int_equal(tyto_names_split(NULL, 1, &names, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

/* Folders at any depth, hidden ones and links back to a folder above left out. */
static void folders_within_folders_are_listed(void **state)
{
    (void)state;
    static const char *const names[] = {"tree/2.jpg", "tree/a/1.png", "tree/a/b/3.jpg",
                                        "tree/a/b/notes.md", "tree/.hidden/4.jpg"};
    static const char *const folders[] = {"tree", "tree/a", "tree/a/b", "tree/.hidden"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mkdir(folders[i], 0755), 0);
    }
    for (size_t i = 0; i < 5; i++) {
        put(names[i], "");
    }
    assert_int_equal(symlink("..", "tree/a/up.jpg"), 0);
    static const struct {
        const char *operand, *expected;
    } cases[] = {
        {"tree/**/*.jpg", "tree/2.jpg tree/a/b/3.jpg"},
        {"tree/**", "tree/2.jpg tree/a/1.png tree/a/b/3.jpg"},
        {"tr*/**/?.png", "tree/a/1.png"},
        {"tree/**/b/**/*.jpg", "tree/a/b/3.jpg"},
        {"tree/a/**/b/3*", "tree/a/b/3.jpg"},
        {"tree/**/c/*.jpg", ""},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        const bool none = !*cases[i].expected;
        const tyto_file_list counts =
            list(TYTO_FILE_KIND_PHOTOS, &cases[i].operand, 1, cases[i].expected);
        assert_int_equal(counts.failed, none);
        assert_string_equal(lines, none ? "tree/**/c/*.jpg: no file matches\n" : "");
    }
    static const char *const tree[] = {"tree"};
    tyto_file_list_options options;
    tyto_file_list found;
    tyto_file_list_options_init(&options, sizeof(options));
    options.recursive = true;
    assert_int_equal(tyto_file_list_make(TYTO_FILE_KIND_PHOTOS, tree, 1, &options, &found, NULL),
                     TYTO_OK);
    assert_int_equal(found.count, 3);
    assert_string_equal(found.items[0], "tree/2.jpg");
    assert_string_equal(found.items[2], "tree/a/b/3.jpg");
    assert_int_equal(found.passed_over, 1);
    assert_int_equal(found.many, 1);
    tyto_file_list_clear(&found);
}

/* A list's lines are operands, but no further lists. */
static void lists_name_operands(void **state)
{
    (void)state;
    put("named.txt", "one.jpg\r\n\nnumbers\n@named.txt\n");
    put("@real.jpg", "");
    assert_int_equal(mkdir("numbers", 0755), 0);
    put("numbers/7.jpg", "");
    static const char *const operands[] = {"@named.txt", "last.jpg", "@real.jpg", "@no.txt"};
    const tyto_file_list counts = list(TYTO_FILE_KIND_PHOTOS, operands, 4,
                                       "one.jpg numbers/7.jpg @named.txt last.jpg @real.jpg");
    assert_int_equal(counts.failed, 1);
    assert_string_equal(lines, "@no.txt: no.txt: No such file or directory\n");
}

static void paths_of_one_name_are_found(void **state)
{
    (void)state;
    static const char *const paths[] = {"a/1.jpg", "2.jpg", "b/1.jpg"};
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_paths_check_names(paths, 2, "drawn to", &err), TYTO_OK);
    assert_int_equal(tyto_paths_check_names(paths, 3, "drawn to", &err), TYTO_E_ARGUMENT);
    assert_string_equal(tyto_error_message(&err), "a/1.jpg and b/1.jpg: both would be drawn to "
                                                  "'1.jpg', required different names");
    assert_int_equal(tyto_paths_check_names(paths, 3, NULL, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(photos_are_listed),
        cmocka_unit_test(videos_are_listed),
        cmocka_unit_test(photos_go_before_videos),
        cmocka_unit_test(lines_are_read),
        cmocka_unit_test(lists_of_texts_are_read),
        cmocka_unit_test(folders_within_folders_are_listed),
        cmocka_unit_test(lists_name_operands),
        cmocka_unit_test(paths_of_one_name_are_found),
        cmocka_unit_test(same_names_are_found),
        cmocka_unit_test(names_have_commas_between_them),
        cmocka_unit_test(texts_of_other_editors_are_read),
        cmocka_unit_test(labels_are_read),
    };
    return cmocka_run_group_tests(tests, room_begin, room_end);
}
