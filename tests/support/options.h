/** Calls that take options, tried with those of programs that were built with an older or a newer
 *  header: fields that a program lacks have their defaults, fields that it has count, and a size
 *  that no header has is refused. */
#ifndef TYTO_TESTS_OPTIONS_H
#define TYTO_TESTS_OPTIONS_H

#include <stdio.h>

#include <tyto/tyto.h>

#include "support/rendered.h"
#include "support/small.h"

#include "support/cases.h"

/** Bytes of more than any options. */
enum { OPTIONS_ROOM = 512 };

/** One call that takes options, and the fields that `change` sets: first … end in bytes. */
typedef struct options_call {
    const char *name, *type;
    size_t bytes, first, end;
    void (*init)(void *options, size_t struct_bytes);
    void (*change)(void *options);
    tyto_status (*run)(const void *options, tyto_error *err);
    bool other_null; /* NULL means something else than the defaults of _init */
} options_call;

/** Begins the function of a call and describes it: its name, the type of its options, the first and
 *  last field that `change` sets in *o, and whether NULL means something else than the defaults. */
#define CALL_BY(name, type, first, last, change, other_null)                                       \
    static tyto_status name(const void *given, tyto_error *err);                                   \
    static void init_##name(void *options, size_t struct_bytes)                                    \
    {                                                                                              \
        type##_init(options, struct_bytes);                                                        \
    }                                                                                              \
    static void change_##name(void *options)                                                       \
    {                                                                                              \
        type *const o = options;                                                                   \
        change;                                                                                    \
    }                                                                                              \
    static const options_call call_##name = {#name,                                                \
                                             #type,                                                \
                                             sizeof(type),                                         \
                                             offsetof(type, first),                                \
                                             offsetof(type, last) + sizeof(((type *)0)->last),     \
                                             init_##name,                                          \
                                             change_##name,                                        \
                                             name,                                                 \
                                             other_null};                                          \
    static tyto_status name(const void *given, tyto_error *err)
#define CALL(name, type, field, value) CALL_BY(name, type, field, field, o->field = (value), false)

/** A digest of what a call gave, and of what it reported meanwhile. */
static uint64_t seen;

static inline void see(const void *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        seen = (seen ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
    }
}

static inline void see_number(int64_t number)
{
    see(&number, sizeof(number));
}

static inline void see_text(const char *text)
{
    see(text ? text : "", text ? strlen(text) : 0);
}

static inline bool see_step(void *user, const tyto_progress *progress)
{
    (void)user;
    see_number(progress->done);
    return true;
}

static inline void see_line(void *user, tyto_log_level level, const char *message)
{
    (void)user;
    see_number((int64_t)level);
    see_text(message);
}

static inline void see_detections(tyto_detections *found)
{
    see_number(found->count);
    tyto_detections_clear(found);
}

/** What a call came to. */
typedef struct options_outcome {
    tyto_status status;
    uint64_t seen;
    char message[512];
} options_outcome;

static inline options_outcome options_run(const options_call *call, const void *options)
{
    tyto_error err = TYTO_ERROR_INIT;
    options_outcome of = {0};
    seen = 0xcbf29ce484222325u;
    of.status = call->run(options, &err);
    of.seen = seen;
    assert_int_equal(err.status, of.status);
    snprintf(of.message, sizeof(of.message), "%s", tyto_error_message(&err));
    tyto_error_clear(&err);
    return of;
}

static inline bool options_alike(const options_outcome *a, const options_outcome *b)
{
    return a->status == b->status && a->seen == b->seen && strcmp(a->message, b->message) == 0;
}

/* Options of so many bytes, with changes, between bytes that no call may read or write. */
static inline void options_make(const options_call *call, size_t struct_bytes, uint64_t *room)
{
    memset(room, 0xA5, OPTIONS_ROOM);
    call->init(room, struct_bytes);
    call->change(room);
}

/** A program that was built with fewer fields gets their defaults, whatever lies behind. */
static inline void options_may_be_older(const options_call *call)
{
    uint64_t room[OPTIONS_ROOM / sizeof(uint64_t)], before[OPTIONS_ROOM / sizeof(uint64_t)];
    assert_true(call->bytes < OPTIONS_ROOM / 2);
    memset(room, 0xA5, sizeof(room));
    call->init(room, call->bytes);
    const options_outcome usual = options_run(call, room);
    options_make(call, call->bytes, room);
    const options_outcome changed = options_run(call, room);
    if (options_alike(&usual, &changed)) {
        fail_msg("%s: the change changes nothing: %s", call->name, usual.message);
    }
    if (!call->other_null) {
        const options_outcome none = options_run(call, NULL);
        assert_true(options_alike(&usual, &none));
    }
    for (size_t bytes = sizeof(size_t); bytes <= call->bytes; bytes += sizeof(size_t)) {
        options_make(call, bytes, room);
        memcpy(before, room, sizeof(room));
        const options_outcome got = options_run(call, room);
        assert_memory_equal(room, before, sizeof(room));
        const bool all = bytes >= call->end, none = bytes <= call->first;
        if ((all || none) && !options_alike(&got, all ? &changed : &usual)) {
            fail_msg("%s: %zu bytes of %s: got %s (%s), required %s (%s)", call->name, bytes,
                     call->type, tyto_status_name(got.status), got.message,
                     tyto_status_name((all ? &changed : &usual)->status),
                     (all ? &changed : &usual)->message);
        }
    }
}

/** Options that were never made, and those of a newer header, whatever is in their further fields.
 */
static inline void options_are_of_a_known_size(const options_call *call)
{
    const size_t sizes[] = {0, sizeof(size_t) - 1, call->bytes + 1, call->bytes + 8, SIZE_MAX};
    for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t room[OPTIONS_ROOM / sizeof(uint64_t)];
        char required[256];
        memset(room, i % 2 ? 0xA5 : 0, sizeof(room));
        call->init(room, call->bytes);
        room[0] = sizes[i / 2];
        snprintf(required, sizeof(required),
                 "%s: got struct_bytes %zu, required at most %zu, as %s_init sets it", call->type,
                 sizes[i / 2], call->bytes, call->type);
        const options_outcome got = options_run(call, room);
        if (got.status != TYTO_E_ARGUMENT || !strstr(got.message, required)) {
            fail_msg("%s: got %s (%s), required %s", call->name, tyto_status_name(got.status),
                     got.message, required);
        }
    }
}

#endif
