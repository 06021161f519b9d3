/* Documents that go on where an earlier run left them: its records are read and taken back. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "results/document.h"

/* A text and its place in a list. */
typedef struct named {
    char *text;
    int64_t at;
} named;

/* Labels in order. */
struct tyto_label_index {
    named *items;
    int64_t count;
};

/* Records of one name, in documents that group them. */
typedef struct group {
    char *name;   /* NULL: there was none yet */
    bool kept;    /* the run is about it */
    int64_t at;   /* its place among the names; -1: it isn't among them */
    size_t bytes; /* that were written before it, */
    int64_t records;
} group;

typedef struct taking {
    tyto_resume *resume;
    const tyto_record_reader *reader;
    bool plain;   /* names are as they are, and not as JSON has them */
    named *names; /* [resume->n_names] in order, so that a record's is found */
    int64_t line; /* that is being read, from 1 */
    group group;
} taking;

tyto_status tyto_resume_refuse(const tyto_resume *resume, const char *what)
{
    return tyto_fail(resume->err, TYTO_E_FORMAT,
                     "got %s, required results in format %s as they "
                     "were written",
                     what, tyto_format_name(resume->document->format));
}

tyto_status tyto_resume_check_label(const tyto_resume *resume, int64_t index, const char *text)
{
    const tyto_document *document = resume->document;
    const char *own = document->kind->label ? document->kind->label(document, index) : text;
    json_t *spelled = own ? tyto_json_string(own) : NULL;
    const bool same = spelled && text &&
                      (strcmp(json_string_value(spelled), text) == 0 || strcmp(own, text) == 0);
    json_decref(spelled);
    return same ? TYTO_OK
                : tyto_fail(resume->err, TYTO_E_ARGUMENT,
                            "got results whose label %lld is '%s', required those of '%s'",
                            (long long)index, text ? text : "", own ? own : "nothing");
}

tyto_status tyto_resume_check_threshold(const json_t *record, float threshold, tyto_error *err)
{
    const json_t *given = json_object_get(record, "threshold");
    const double own = tyto_float_decimal(threshold);
    return json_is_number(given) && json_number_value(given) == own
               ? TYTO_OK
               : tyto_fail(err, TYTO_E_ARGUMENT,
                           "got results of threshold %g, required those of %g",
                           json_number_value(given), own);
}

static int by_text_and_place(const void *left, const void *right)
{
    const named *a = left, *b = right;
    const int order = strcmp(a->text, b->text);
    return order != 0 ? order : a->at < b->at ? -1 : a->at > b->at;
}

static void drop_list(named *list, int64_t count)
{
    for (int64_t i = 0; list && i < count; i++) {
        free(list[i].text);
    }
    free(list);
}

/* The text as the document has it, newly allocated; NULL when memory is out. */
static char *spell(const char *text, bool plain)
{
    json_t *spelled = plain ? NULL : tyto_json_string(text);
    if (!plain && !spelled) {
        return NULL;
    }
    text = plain ? text : json_string_value(spelled);
    char *copy = tyto_copy_text(text, strlen(text));
    json_decref(spelled);
    return copy;
}

static tyto_status sort_names(taking *take)
{
    const tyto_resume *resume = take->resume;
    take->names = tyto_alloc_zeroed((size_t)resume->n_names, sizeof(*take->names));
    bool good = take->names;
    for (int64_t i = 0; good && i < resume->n_names; i++) {
        const char *name = resume->names[i];
        char *own = take->reader->spell ? take->reader->spell(resume->document, name) : NULL;
        good = own || !take->reader->spell;
        if (good) {
            take->names[i] = (named){spell(own ? own : name, take->plain), i};
            good = take->names[i].text;
        }
        free(own);
    }
    if (!good) {
        return tyto_fail_memory(resume->err, "names");
    }
    qsort(take->names, (size_t)resume->n_names, sizeof(*take->names), by_text_and_place);
    return TYTO_OK;
}

/* Labels in order, as the document has them. */
static tyto_label_index *index_labels(const tyto_resume *resume)
{
    const tyto_document *document = resume->document;
    tyto_label_index *index = tyto_alloc_zeroed(1, sizeof(*index));
    int64_t count = 0;
    while (document->kind->label(document, count)) {
        count++;
    }
    if (index) {
        index->items = tyto_alloc_zeroed((size_t)count, sizeof(*index->items));
    }
    bool good = index && index->items;
    for (; good && index->count < count; index->count++) {
        named *item = &index->items[index->count];
        *item = (named){spell(document->kind->label(document, index->count), false), index->count};
        good = item->text;
    }
    if (!good) {
        drop_list(index ? index->items : NULL, count);
        free(index);
        return NULL;
    }
    qsort(index->items, (size_t)count, sizeof(*index->items), by_text_and_place);
    return index;
}

static int by_text(const void *key, const void *item)
{
    return strcmp(key, ((const named *)item)->text);
}

tyto_status tyto_resume_find_label(const tyto_resume *resume, const char *text)
{
    tyto_resume *own = (tyto_resume *)(uintptr_t)resume;
    if (!own->labels && !(own->labels = index_labels(resume))) {
        return tyto_fail_memory(resume->err, "labels");
    }
    char *spelled = text ? spell(text, false) : NULL;
    if (text && !spelled) {
        return tyto_fail_memory(resume->err, "labels");
    }
    const tyto_label_index *index = own->labels;
    const bool found = spelled && bsearch(spelled, index->items, (size_t)index->count,
                                          sizeof(*index->items), by_text);
    free(spelled);
    return found ? TYTO_OK
                 : tyto_fail(resume->err, TYTO_E_ARGUMENT,
                             "got results of label '%s', required those of this run's labels",
                             text ? text : "");
}

/* Whether the record of that name is kept. A name of the run that comes twice is done once for each
 * record; one that isn't of the run is kept. *place: among the names; -1: it isn't of the run, or
 * isn't kept. */
static bool keeps(const taking *take, const char *name, int64_t *place)
{
    const tyto_resume *resume = take->resume;
    int64_t first = 0, end = resume->n_names;
    while (first < end) {
        const int64_t middle = first + (end - first) / 2;
        if (strcmp(take->names[middle].text, name) < 0) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    bool known = false;
    *place = -1;
    for (int64_t i = first; i < resume->n_names && strcmp(take->names[i].text, name) == 0; i++) {
        const int64_t at = take->names[i].at;
        known = true;
        if (!resume->done[at] && (!resume->wanted || resume->wanted[at])) {
            resume->done[at] = true;
            *place = at;
            return true;
        }
    }
    return !known;
}

static tyto_status refuse_line(const taking *take)
{
    return tyto_fail(take->resume->err, TYTO_E_FORMAT,
                     "line %lld: required results in format %s as they were written",
                     (long long)take->line, tyto_format_name(take->resume->document->format));
}

/* Whose record it is; NULL: of nobody. */
static const char *name_of(const json_t *record)
{
    static const char *const keys[] = {"image", "text", "video"};
    const char *name = NULL;
    for (size_t i = 0; !name && i < sizeof(keys) / sizeof(keys[0]); i++) {
        name = json_string_value(json_object_get(record, keys[i]));
    }
    return name;
}

static const char *whose(const taking *take, const json_t *record)
{
    return take->reader->name ? take->reader->name(record) : name_of(record);
}

static tyto_status check_record(const taking *take, const json_t *record)
{
    const tyto_resume *resume = take->resume;
    if (take->reader->check) {
        return whose(take, record) ? take->reader->check(resume, record) : refuse_line(take);
    }
    const tyto_document_kind *kind = resume->document->kind;
    const json_t *list = kind->list ? json_object_get(record, kind->list) : NULL;
    if (!name_of(record) || (kind->list && !json_is_array(list))) {
        return refuse_line(take);
    }
    if (kind->check) {
        TYTO_TRY(kind->check(resume->document, record, resume->err));
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        TYTO_TRY(tyto_resume_check_label(resume,
                                         json_integer_value(json_object_get(item, "label_index")),
                                         json_string_value(json_object_get(item, "label"))));
    }
    return TYTO_OK;
}

/* Whether a record of a group is kept, which its first record decides for all; *status says whether
 * there was memory. */
static bool keeps_in_group(taking *take, const char *name, tyto_status *status)
{
    group *now = &take->group;
    if (!now->name || strcmp(now->name, name) != 0) {
        free(now->name);
        now->name = tyto_copy_text(name, strlen(name));
        now->bytes = take->resume->writer->buffer.length;
        now->records = take->resume->document->records;
        now->kept = keeps(take, name, &now->at);
        *status = now->name ? TYTO_OK : tyto_fail_memory(take->resume->err, "results");
    }
    return now->kept;
}

/* The last group may not be whole. */
static void drop_group(taking *take)
{
    group *last = &take->group;
    tyto_resume *resume = take->resume;
    if (last->name && last->kept && resume->writer->buffer.data) {
        resume->writer->buffer.length = last->bytes;
        resume->writer->buffer.data[last->bytes] = '\0';
        resume->document->records = last->records;
    }
    if (last->name && last->at >= 0) {
        resume->done[last->at] = false;
    }
    free(last->name);
    *last = (group){0};
}

/* A record of JSON, with a comma behind it or none. cut: nothing follows, not even a line's end, so
 * that it may be half a record, which is left out. */
static tyto_status take_line(taking *take, const char *line, size_t length, bool cut)
{
    const tyto_resume *resume = take->resume;
    json_error_t where;
    const bool comma = length > 0 && line[length - 1] == ',';
    json_t *record = json_loadb(line, length - comma, 0, &where);
    if (!record && cut) {
        return TYTO_OK;
    }
    if (!record) {
        return json_error_code(&where) == json_error_out_of_memory
                   ? tyto_fail_memory(resume->err, "results")
                   : refuse_line(take);
    }
    tyto_status status = check_record(take, record);
    int64_t at;
    bool kept = status == TYTO_OK;
    if (kept) {
        const char *name = whose(take, record);
        kept = resume->document->kind->grouped ? keeps_in_group(take, name, &status)
                                               : keeps(take, name, &at);
    }
    if (status != TYTO_OK || !kept) {
        json_decref(record);
        return status;
    }
    (take->reader->write ? take->reader->write : tyto_records_json)(resume->document,
                                                                    resume->writer, record);
    return TYTO_OK;
}

static bool is_bracket(const char *line, size_t length)
{
    return length == 0 || (length == 1 && (line[0] == '[' || line[0] == ']'));
}

static tyto_status take_lines(taking *take)
{
    const char *at = take->resume->bytes, *end = at + take->resume->length;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const size_t length = (size_t)((newline ? newline : end) - at);
        take->line++;
        if (!is_bracket(at, length)) {
            TYTO_TRY(take_line(take, at, length, !newline));
        }
        at += length + (newline != NULL);
    }
    return TYTO_OK;
}

/* One record that stands by itself. */
static tyto_status take_alone(taking *take)
{
    const tyto_resume *resume = take->resume;
    take->line = 1;
    return resume->length > 0 ? take_line(take, resume->bytes, resume->length, false) : TYTO_OK;
}

/* Fields of a line of CSV that are looked at. */
enum { NAME, LABEL, LABEL_INDEX, FIELDS };
typedef struct row {
    const char *next; /* the line after it; NULL: it has no end */
    char *fields[FIELDS];
} row;

static void row_clear(row *line)
{
    for (int i = 0; i < FIELDS; i++) {
        free(line->fields[i]);
    }
    *line = (row){0};
}

/* Bytes of a field, whose quotes may hold commas and line ends. */
static size_t field_bytes(const char *at, const char *end)
{
    bool quoted = false;
    const char *begin = at;
    for (; at < end && (quoted || (*at != ',' && *at != '\n')); at++) {
        quoted = quoted != (*at == '"');
    }
    return (size_t)(at - begin);
}

static char *unquoted(const char *field, size_t length)
{
    const bool quoted = length >= 2 && field[0] == '"' && field[length - 1] == '"';
    char *text = tyto_copy_text(field + quoted, length - 2 * (size_t)quoted);
    for (char *at = text; at && (at = strstr(at, "\"\"")) != NULL; at++) {
        memmove(at, at + 1, strlen(at));
    }
    return text;
}

/* columns: of each field */
static bool read_row(const char *at, const char *end, const int columns[FIELDS], row *out)
{
    *out = (row){0};
    for (int column = 0; at <= end; column++) {
        const size_t length = field_bytes(at, end);
        for (int i = 0; i < FIELDS; i++) {
            if (columns[i] == column && !(out->fields[i] = unquoted(at, length))) {
                return false;
            }
        }
        at += length;
        if (at == end) {
            return true;
        }
        if (*at++ == '\n') {
            out->next = at;
            return true;
        }
    }
    return true;
}

/* Where a column is in a header; −1: nowhere. */
static int column_of(const char *header, const char *name)
{
    int column = 0;
    while (*header) {
        const size_t length = strcspn(header, ",");
        if (strlen(name) == length && strncmp(header, name, length) == 0) {
            return column;
        }
        header += length + (header[length] == ',');
        column++;
    }
    return -1;
}

static tyto_status check_row(const taking *take, const row *line)
{
    if (!line->fields[NAME] || !*line->fields[NAME]) {
        return refuse_line(take);
    }
    if (take->reader->label) {
        return tyto_resume_find_label(take->resume, line->fields[LABEL]);
    }
    if (!take->resume->document->kind->label || !line->fields[LABEL] ||
        !line->fields[LABEL_INDEX]) {
        return TYTO_OK;
    }
    return tyto_resume_check_label(take->resume, strtoll(line->fields[LABEL_INDEX], NULL, 10),
                                   line->fields[LABEL]);
}

static void take_rows_of(taking *take, const char *begin, const char *end, const char *name)
{
    tyto_resume *resume = take->resume;
    int64_t at;
    if (keeps(take, name, &at)) {
        tyto_writer_bytes(resume->writer, begin, (size_t)(end - begin));
        resume->document->records++;
    }
}

/* Rows of one name are its record, which the next name ends. Those of the last may not be all, and
 * are left out. */
static tyto_status take_rows(taking *take)
{
    const tyto_resume *resume = take->resume;
    const char *header = resume->document->header, *end = resume->bytes + resume->length;
    const char *label = take->reader->label ? take->reader->label : "label";
    const size_t header_bytes = strlen(header);
    const int columns[FIELDS] = {0, column_of(header, label), column_of(header, "label_index")};
    tyto_status status = TYTO_OK;
    if (resume->length == 0) {
        return TYTO_OK;
    }
    if (resume->length <= header_bytes || memcmp(resume->bytes, header, header_bytes) != 0 ||
        resume->bytes[header_bytes] != '\n') {
        return tyto_resume_refuse(resume, "another first line");
    }
    const char *at = resume->bytes + header_bytes + 1, *begin = at;
    char *name = NULL;
    take->line = 1;
    while (status == TYTO_OK && at < end) {
        row line;
        take->line++;
        if (!read_row(at, end, columns, &line)) {
            status = tyto_fail_memory(resume->err, "results");
        } else if (!line.next) {
            at = end;
        } else if ((status = check_row(take, &line)) == TYTO_OK) {
            if (name && strcmp(name, line.fields[NAME]) != 0) {
                take_rows_of(take, begin, at, name);
                begin = at;
            }
            free(name);
            name = line.fields[NAME];
            line.fields[NAME] = NULL;
            at = line.next;
        }
        row_clear(&line);
    }
    free(name);
    return status;
}

static tyto_status take_by(tyto_resume *resume, const tyto_record_reader *reader, bool plain,
                           tyto_status (*take_them)(taking *take))
{
    taking take = {.resume = resume, .reader = reader, .plain = plain};
    tyto_status status = sort_names(&take);
    if (status == TYTO_OK) {
        status = take_them(&take);
    }
    drop_group(&take);
    drop_list(take.names, resume->n_names);
    return status;
}

tyto_status tyto_resume_lines(tyto_resume *resume, const tyto_record_reader *reader)
{
    return take_by(resume, reader, false, take_lines);
}

tyto_status tyto_resume_rows(tyto_resume *resume, const tyto_record_reader *reader)
{
    return take_by(resume, reader, true, take_rows);
}

static tyto_status take_back(tyto_resume *resume)
{
    static const tyto_record_reader records = {NULL};
    const tyto_document *document = resume->document;
    switch (document->format) {
    case TYTO_FORMAT_JSON:
        return take_by(resume, &records, false, document->alone ? take_alone : take_lines);
    case TYTO_FORMAT_JSONL:
        return tyto_resume_lines(resume, &records);
    case TYTO_FORMAT_CSV:
        return tyto_resume_rows(resume, &records);
    default:
        return document->kind->resume ? document->kind->resume(resume)
                                      : tyto_resume_refuse(resume, "a format that isn't read back");
    }
}

tyto_status tyto_document_resume(tyto_document *document, const void *bytes, size_t length_bytes,
                                 const char *const *names, int64_t n_names, const bool *wanted,
                                 bool *done, tyto_bytes *out, tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_check_list(names, n_names, "names", err));
    TYTO_TRY(tyto_check_list(done, n_names, "done", err));
    for (int64_t i = 0; i < n_names; i++) {
        TYTO_REQUIRE(err, names[i]);
        done[i] = false;
    }
    if (length_bytes > 0) {
        TYTO_REQUIRE(err, bytes);
    }
    if (document->records > 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "document: got %lld records already, required none",
                         (long long)document->records);
    }
    TYTO_TRY(tyto_document_begin_step(document, NULL, &writer, err));
    tyto_resume resume = {document, &writer, bytes, length_bytes, names,
                          n_names,  wanted,  done,  err,          NULL};
    const tyto_status status = take_back(&resume);
    if (resume.labels) {
        drop_list(resume.labels->items, resume.labels->count);
        free(resume.labels);
    }
    if (status != TYTO_OK) {
        tyto_writer_clear(&writer);
        document->status = status;
        return status;
    }
    return tyto_document_end_step(document, &writer, out, err);
}
