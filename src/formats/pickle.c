/* The stack machine of pickles, as far as tensors need it. Nothing here recurses, and every opcode
 * makes at most one value and as many items as it takes from the stack: so what a file can make
 * this reader hold is proportional to the file. */
#include "formats/pickle.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"

#define MEANING(name, module, text, role, dtype) {module, text, TYTO_ROLE_##role, TYTO_##dtype},
#define TYTO_COUNT TYTO_DTYPE_COUNT
const tyto_pickle_meaning tyto_pickle_meanings[TYTO_PICKLE_GLOBAL_COUNT] = {
    TYTO_PICKLE_GLOBALS(MEANING)};

/* Longest line of a GLOBAL. */
#define LINE_BYTES_MAX 256

/* X(name, byte): the opcodes that are run. */
#define OPCODES(X)                                                                                 \
    X(MARK, '(')                                                                                   \
    X(STOP, '.')                                                                                   \
    X(POP, '0')                                                                                    \
    X(POP_MARK, '1')                                                                               \
    X(BINFLOAT, 'G')                                                                               \
    X(BININT, 'J')                                                                                 \
    X(BININT1, 'K')                                                                                \
    X(BININT2, 'M')                                                                                \
    X(NONE, 'N')                                                                                   \
    X(BINPERSID, 'Q')                                                                              \
    X(REDUCE, 'R')                                                                                 \
    X(BINSTRING, 'T')                                                                              \
    X(SHORT_BINSTRING, 'U')                                                                        \
    X(BINUNICODE, 'X')                                                                             \
    X(APPEND, 'a')                                                                                 \
    X(BUILD, 'b')                                                                                  \
    X(GLOBAL, 'c')                                                                                 \
    X(APPENDS, 'e')                                                                                \
    X(BINGET, 'h')                                                                                 \
    X(LONG_BINGET, 'j')                                                                            \
    X(BINPUT, 'q')                                                                                 \
    X(LONG_BINPUT, 'r')                                                                            \
    X(SETITEM, 's')                                                                                \
    X(TUPLE, 't')                                                                                  \
    X(SETITEMS, 'u')                                                                               \
    X(EMPTY_TUPLE, ')')                                                                            \
    X(EMPTY_LIST, ']')                                                                             \
    X(EMPTY_DICT, '}')                                                                             \
    X(PROTO, 0x80)                                                                                 \
    X(TUPLE1, 0x85)                                                                                \
    X(TUPLE2, 0x86)                                                                                \
    X(TUPLE3, 0x87)                                                                                \
    X(NEWTRUE, 0x88)                                                                               \
    X(NEWFALSE, 0x89)                                                                              \
    X(LONG1, 0x8a)                                                                                 \
    X(SHORT_BINUNICODE, 0x8c)                                                                      \
    X(BINUNICODE8, 0x8d)                                                                           \
    X(STACK_GLOBAL, 0x93)                                                                          \
    X(MEMOIZE, 0x94)                                                                               \
    X(FRAME, 0x95)

enum opcode {
#define OPCODE(name, byte) OP_##name = byte,
    OPCODES(OPCODE)
#undef OPCODE
};

typedef struct machine {
    tyto_pickle *pickle;
    tyto_cursor source;
    size_t value_capacity, item_capacity;
    tyto_pickle_ref *stack, *memo;
    size_t depth, stack_capacity;
    size_t memo_count, memo_capacity;
    size_t at; /* of the opcode, for messages */
    const char *name;
    tyto_error *err;
} machine;

/* Room for one more element. */
static bool grow(void **array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity) {
        return true;
    }
    const size_t wanted = *capacity ? *capacity * 2 : 64;
    void *moved = tyto_realloc(*array, wanted, size);
    if (moved) {
        *array = moved;
        *capacity = wanted;
    }
    return moved != NULL;
}

static tyto_status fail_format(const machine *m, const char *what)
{
    return tyto_fail(m->err, TYTO_E_FORMAT, "%s: byte %zu: %s", m->name, m->at, what);
}

static tyto_status push_ref(machine *m, tyto_pickle_ref ref)
{
    if (!grow((void **)&m->stack, &m->stack_capacity, m->depth, sizeof(*m->stack))) {
        return tyto_fail_memory(m->err, m->name);
    }
    m->stack[m->depth++] = ref;
    return TYTO_OK;
}

static tyto_status push(machine *m, tyto_pickle_value value)
{
    tyto_pickle *pickle = m->pickle;
    if (!grow((void **)&pickle->values, &m->value_capacity, pickle->value_count,
              sizeof(*pickle->values))) {
        return tyto_fail_memory(m->err, m->name);
    }
    value.first = value.last = TYTO_PICKLE_END;
    pickle->values[pickle->value_count] = value;
    return push_ref(m, (tyto_pickle_ref)pickle->value_count++);
}

static tyto_status push_text(machine *m, tyto_pickle_kind kind, uint64_t length)
{
    const uint8_t *text = length <= SIZE_MAX ? tyto_cursor_take(&m->source, (size_t)length) : NULL;
    if (!text) {
        return fail_format(m, "the file is cut short");
    }
    return push(
        m, (tyto_pickle_value){.kind = (uint8_t)kind, .count = (uint32_t)length, .text = text});
}

static tyto_pickle_value *value_of(const machine *m, tyto_pickle_ref ref)
{
    return &m->pickle->values[ref];
}

static tyto_status pop(machine *m, tyto_pickle_ref *out)
{
    if (m->depth == 0 || value_of(m, m->stack[m->depth - 1])->kind == TYTO_PICKLE_MARK) {
        return fail_format(m, "takes a value from an empty stack");
    }
    *out = m->stack[--m->depth];
    return TYTO_OK;
}

/* *out = the place in the stack of the last mark. */
static tyto_status find_mark(const machine *m, size_t *out)
{
    size_t i = m->depth;
    while (i > 0 && value_of(m, m->stack[i - 1])->kind != TYTO_PICKLE_MARK) {
        i--;
    }
    if (i == 0) {
        return fail_format(m, "takes values down to a mark that isn't there");
    }
    *out = i - 1;
    return TYTO_OK;
}

static tyto_status add_item(machine *m, tyto_pickle_ref owner, tyto_pickle_ref key,
                            tyto_pickle_ref value)
{
    tyto_pickle *pickle = m->pickle;
    /* An item comes of a value, and a value of a byte at least, unless a list is read again and
     * again. */
    if (pickle->item_count >= m->source.at) {
        return fail_format(m, "more items than a pickle of this length has");
    }
    if (!grow((void **)&pickle->items, &m->item_capacity, pickle->item_count,
              sizeof(*pickle->items))) {
        return tyto_fail_memory(m->err, m->name);
    }
    const uint32_t item = (uint32_t)pickle->item_count++;
    pickle->items[item] = (tyto_pickle_item){key, value, TYTO_PICKLE_END};
    tyto_pickle_value *container = value_of(m, owner);
    if (container->count++ == 0) {
        container->first = item;
    } else {
        pickle->items[container->last].next = item;
    }
    container->last = item;
    return TYTO_OK;
}

/* The values from `begin` of the stack on join the container; pairs when `step` is 2. */
static tyto_status fill(machine *m, tyto_pickle_kind kind, size_t container, size_t begin,
                        size_t step)
{
    if (value_of(m, m->stack[container])->kind != kind) {
        return tyto_fail(m->err, TYTO_E_UNSUPPORTED,
                         "%s: byte %zu: fills something that is no %s, which tensors don't need",
                         m->name, m->at, kind == TYTO_PICKLE_DICT ? "dict" : "list");
    }
    if ((m->depth - begin) % step != 0) {
        return fail_format(m, "a key without its value");
    }
    for (size_t i = begin; i < m->depth; i += step) {
        TYTO_TRY(add_item(m, m->stack[container], m->stack[i], m->stack[i + step - 1]));
    }
    m->depth = container + 1;
    return TYTO_OK;
}

static tyto_status fill_from_mark(machine *m, tyto_pickle_kind kind, size_t step)
{
    size_t mark;
    TYTO_TRY(find_mark(m, &mark));
    if (mark == 0) {
        return fail_format(m, "fills a container that isn't there");
    }
    return fill(m, kind, mark - 1, mark + 1, step);
}

/* The topmost `count` values become a key with its value, or an item, of the one below. */
static tyto_status fill_one(machine *m, tyto_pickle_kind kind, size_t count)
{
    if (m->depth <= count) {
        return fail_format(m, "takes a value from an empty stack");
    }
    const size_t begin = m->depth - count;
    for (size_t i = begin; i < m->depth; i++) {
        if (value_of(m, m->stack[i])->kind == TYTO_PICKLE_MARK) {
            return fail_format(m, "takes a mark for a value");
        }
    }
    return fill(m, kind, begin - 1, begin, count);
}

/* The values from `begin` of the stack on become a tuple, which takes the place
 * of those from `start` on. */
static tyto_status make_tuple(machine *m, size_t start, size_t begin)
{
    const size_t end = m->depth;
    TYTO_TRY(push(m, (tyto_pickle_value){.kind = TYTO_PICKLE_TUPLE}));
    const tyto_pickle_ref tuple = m->stack[m->depth - 1];
    for (size_t i = begin; i < end; i++) {
        if (value_of(m, m->stack[i])->kind == TYTO_PICKLE_MARK) {
            return fail_format(m, "takes a mark for a value");
        }
        TYTO_TRY(add_item(m, tuple, m->stack[i], m->stack[i]));
    }
    m->depth = start;
    return push_ref(m, tuple);
}

static tyto_status make_short_tuple(machine *m, size_t count)
{
    if (m->depth < count) {
        return fail_format(m, "takes a value from an empty stack");
    }
    return make_tuple(m, m->depth - count, m->depth - count);
}

static tyto_status make_tuple_from_mark(machine *m)
{
    size_t mark;
    TYTO_TRY(find_mark(m, &mark));
    return make_tuple(m, mark, mark + 1);
}

/* The name module.name, when it is one of the few that are known. */
static tyto_status push_name(machine *m, const char *module, size_t module_length, const char *name,
                             size_t name_length)
{
    for (size_t i = 0; i < TYTO_PICKLE_GLOBAL_COUNT; i++) {
        const tyto_pickle_meaning *known = &tyto_pickle_meanings[i];
        if (strlen(known->module) == module_length && strlen(known->name) == name_length &&
            memcmp(known->module, module, module_length) == 0 &&
            memcmp(known->name, name, name_length) == 0) {
            return push(m, (tyto_pickle_value){.kind = TYTO_PICKLE_NAME, .global = (uint8_t)i});
        }
    }
    return tyto_fail(m->err, TYTO_E_UNSUPPORTED,
                     "%s: byte %zu: uses '%.*s.%.*s', which tensors of this build's types don't "
                     "need; nothing was executed",
                     m->name, m->at, (int)(module_length < 80 ? module_length : 80), module,
                     (int)(name_length < 80 ? name_length : 80), name);
}

/* A line without its end, of printable characters. */
static tyto_status read_line(machine *m, const char **out, size_t *length)
{
    const uint8_t *line = m->source.data + m->source.at;
    *length = 0;
    for (;;) {
        const uint8_t *byte = tyto_cursor_take(&m->source, 1);
        if (byte && *byte == '\n') {
            break;
        }
        if (!byte || *byte < ' ' || *byte > '~' || ++*length > LINE_BYTES_MAX) {
            return fail_format(m, "required a line with a name");
        }
    }
    *out = (const char *)line;
    return TYTO_OK;
}

static tyto_status run_global(machine *m)
{
    const char *module, *name;
    size_t module_length, name_length;
    TYTO_TRY(read_line(m, &module, &module_length));
    TYTO_TRY(read_line(m, &name, &name_length));
    return push_name(m, module, module_length, name, name_length);
}

static tyto_status run_stack_global(machine *m)
{
    tyto_pickle_ref name, module;
    TYTO_TRY(pop(m, &name));
    TYTO_TRY(pop(m, &module));
    const tyto_pickle_value *a = value_of(m, module), *b = value_of(m, name);
    if (a->kind != TYTO_PICKLE_TEXT || b->kind != TYTO_PICKLE_TEXT) {
        return fail_format(m, "required a name as two texts");
    }
    return push_name(m, (const char *)a->text, a->count, (const char *)b->text, b->count);
}

/* OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 wrote it. */
static tyto_status make_dict(machine *m, tyto_pickle_ref arguments)
{
    TYTO_TRY(push(m, (tyto_pickle_value){.kind = TYTO_PICKLE_DICT}));
    const tyto_pickle_ref dict = m->stack[m->depth - 1];
    const uint32_t argument = value_of(m, arguments)->first;
    if (argument == TYTO_PICKLE_END) {
        return TYTO_OK;
    }
    const tyto_pickle_value list = *value_of(m, m->pickle->items[argument].value);
    if (value_of(m, arguments)->count != 1 || list.kind != TYTO_PICKLE_LIST) {
        return fail_format(m, "OrderedDict: required no argument, or a list");
    }
    for (uint32_t i = list.first; i != TYTO_PICKLE_END; i = m->pickle->items[i].next) {
        const tyto_pickle_value *pair = value_of(m, m->pickle->items[i].value);
        if ((pair->kind != TYTO_PICKLE_LIST && pair->kind != TYTO_PICKLE_TUPLE) ||
            pair->count != 2) {
            return fail_format(m, "OrderedDict: required pairs of a key and a value");
        }
        TYTO_TRY(add_item(m, dict, m->pickle->items[pair->first].value,
                          m->pickle->items[pair->last].value));
    }
    return TYTO_OK;
}

static tyto_status run_reduce(machine *m)
{
    tyto_pickle_ref arguments, function;
    TYTO_TRY(pop(m, &arguments));
    TYTO_TRY(pop(m, &function));
    const tyto_pickle_value *called = value_of(m, function);
    if (value_of(m, arguments)->kind != TYTO_PICKLE_TUPLE || called->kind != TYTO_PICKLE_NAME ||
        tyto_pickle_meanings[called->global].role != TYTO_ROLE_CALL) {
        return tyto_fail(m->err, TYTO_E_UNSUPPORTED,
                         "%s: byte %zu: calls what is no function that makes tensors; nothing was "
                         "executed",
                         m->name, m->at);
    }
    if (called->global == TYTO_PICKLE_ORDERED_DICT) {
        return make_dict(m, arguments);
    }
    return push(m, (tyto_pickle_value){
                       .kind = TYTO_PICKLE_CALL, .global = called->global, .argument = arguments});
}

/* State is given to dicts alone, as modules do with _metadata, and it says nothing of tensors. */
static tyto_status run_build(machine *m)
{
    tyto_pickle_ref state, object;
    TYTO_TRY(pop(m, &state));
    TYTO_TRY(pop(m, &object));
    if (value_of(m, object)->kind != TYTO_PICKLE_DICT ||
        value_of(m, state)->kind != TYTO_PICKLE_DICT) {
        return tyto_fail(m->err, TYTO_E_UNSUPPORTED,
                         "%s: byte %zu: sets the state of an object, which tensors don't need",
                         m->name, m->at);
    }
    return push_ref(m, object);
}

static tyto_status run_persistent(machine *m)
{
    tyto_pickle_ref id;
    TYTO_TRY(pop(m, &id));
    return push(m, (tyto_pickle_value){.kind = TYTO_PICKLE_PERSISTENT, .argument = id});
}

/* Picklers number what they remember one by one; Python 2 began with 1. */
static tyto_status remember(machine *m, uint64_t place)
{
    if (m->depth == 0 || value_of(m, m->stack[m->depth - 1])->kind == TYTO_PICKLE_MARK) {
        return fail_format(m, "remembers a value of an empty stack");
    }
    if (place > m->memo_count + 1) {
        return fail_format(m, "remembers values out of order");
    }
    while (m->memo_count <= place) {
        if (!grow((void **)&m->memo, &m->memo_capacity, m->memo_count, sizeof(*m->memo))) {
            return tyto_fail_memory(m->err, m->name);
        }
        m->memo[m->memo_count++] = TYTO_PICKLE_END;
    }
    m->memo[place] = m->stack[m->depth - 1];
    return TYTO_OK;
}

static tyto_status recall(machine *m, uint64_t place)
{
    if (place >= m->memo_count || m->memo[place] == TYTO_PICKLE_END) {
        return fail_format(m, "recalls a value that was not remembered");
    }
    return push_ref(m, m->memo[place]);
}

static tyto_status push_integer(machine *m, int64_t value)
{
    return push(m, (tyto_pickle_value){.kind = TYTO_PICKLE_INTEGER, .integer = value});
}

static tyto_status run_long(machine *m)
{
    const size_t bytes = (size_t)tyto_cursor_little(&m->source, 1);
    if (bytes > 8) {
        return push_text(m, TYTO_PICKLE_LONG, bytes);
    }
    const uint64_t low = tyto_cursor_little(&m->source, bytes);
    /* Two's complement of any width. */
    const bool negative = bytes > 0 && low >> (8 * bytes - 1) != 0;
    const uint64_t sign = negative && bytes < 8 ? ~(uint64_t)0 << (8 * bytes) : 0;
    return push_integer(m, (int64_t)(low | sign));
}

static tyto_status run_real(machine *m)
{
    const uint64_t bits = tyto_cursor_big(&m->source, 8);
    tyto_pickle_value value = {.kind = TYTO_PICKLE_REAL};
    memcpy(&value.real, &bits, sizeof(bits));
    return push(m, value);
}

static tyto_status run_proto(machine *m)
{
    const uint64_t version = tyto_cursor_little(&m->source, 1);
    if (version < 2 || version > 5) {
        return tyto_fail(m->err, TYTO_E_UNSUPPORTED,
                         "%s: byte %zu: got a pickle of protocol %u, required 2 to 5", m->name,
                         m->at, (unsigned)version);
    }
    return TYTO_OK;
}

static tyto_status run_pop_mark(machine *m)
{
    return find_mark(m, &m->depth);
}

static tyto_status push_kind(machine *m, tyto_pickle_kind kind, int64_t integer)
{
    return push(m, (tyto_pickle_value){.kind = (uint8_t)kind, .integer = integer});
}

/* Plain values. *known is false when the opcode is none of them. */
static tyto_status run_value(machine *m, int opcode, bool *known)
{
    tyto_cursor *source = &m->source;
    *known = true;
    switch (opcode) {
    case OP_NONE:
        return push_kind(m, TYTO_PICKLE_NONE, 0);
    case OP_NEWTRUE:
    case OP_NEWFALSE:
        return push_kind(m, TYTO_PICKLE_BOOL, opcode == OP_NEWTRUE);
    case OP_BININT:
        return push_integer(m, (int32_t)(uint32_t)tyto_cursor_little(source, 4));
    case OP_BININT1:
        return push_integer(m, (int64_t)tyto_cursor_little(source, 1));
    case OP_BININT2:
        return push_integer(m, (int64_t)tyto_cursor_little(source, 2));
    case OP_LONG1:
        return run_long(m);
    case OP_BINFLOAT:
        return run_real(m);
    case OP_BINSTRING:
    case OP_BINUNICODE:
        return push_text(m, TYTO_PICKLE_TEXT, tyto_cursor_little(source, 4));
    case OP_SHORT_BINSTRING:
    case OP_SHORT_BINUNICODE:
        return push_text(m, TYTO_PICKLE_TEXT, tyto_cursor_little(source, 1));
    case OP_BINUNICODE8:
        return push_text(m, TYTO_PICKLE_TEXT, tyto_cursor_little(source, 8));
    default:
        *known = false;
        return TYTO_OK;
    }
}

/* Tuples, lists and dicts. */
static tyto_status run_container(machine *m, int opcode, bool *known)
{
    *known = true;
    switch (opcode) {
    case OP_MARK:
        return push_kind(m, TYTO_PICKLE_MARK, 0);
    case OP_EMPTY_TUPLE:
        return push_kind(m, TYTO_PICKLE_TUPLE, 0);
    case OP_EMPTY_LIST:
        return push_kind(m, TYTO_PICKLE_LIST, 0);
    case OP_EMPTY_DICT:
        return push_kind(m, TYTO_PICKLE_DICT, 0);
    case OP_TUPLE:
        return make_tuple_from_mark(m);
    case OP_TUPLE1:
    case OP_TUPLE2:
    case OP_TUPLE3:
        return make_short_tuple(m, (size_t)(opcode - OP_TUPLE1 + 1));
    case OP_APPEND:
        return fill_one(m, TYTO_PICKLE_LIST, 1);
    case OP_APPENDS:
        return fill_from_mark(m, TYTO_PICKLE_LIST, 1);
    case OP_SETITEM:
        return fill_one(m, TYTO_PICKLE_DICT, 2);
    case OP_SETITEMS:
        return fill_from_mark(m, TYTO_PICKLE_DICT, 2);
    default:
        *known = false;
        return TYTO_OK;
    }
}

static tyto_status run_other(machine *m, int opcode)
{
    tyto_pickle_ref dropped;
    switch (opcode) {
    case OP_PROTO:
        return run_proto(m);
    case OP_FRAME:
        (void)tyto_cursor_take(&m->source, 8);
        return TYTO_OK;
    case OP_POP:
        return pop(m, &dropped);
    case OP_POP_MARK:
        return run_pop_mark(m);
    case OP_BINGET:
        return recall(m, tyto_cursor_little(&m->source, 1));
    case OP_LONG_BINGET:
        return recall(m, tyto_cursor_little(&m->source, 4));
    case OP_BINPUT:
        return remember(m, tyto_cursor_little(&m->source, 1));
    case OP_LONG_BINPUT:
        return remember(m, tyto_cursor_little(&m->source, 4));
    case OP_MEMOIZE:
        return remember(m, m->memo_count);
    case OP_GLOBAL:
        return run_global(m);
    case OP_STACK_GLOBAL:
        return run_stack_global(m);
    case OP_REDUCE:
        return run_reduce(m);
    case OP_BUILD:
        return run_build(m);
    case OP_BINPERSID:
        return run_persistent(m);
    default:
        return tyto_fail(m->err, TYTO_E_UNSUPPORTED,
                         "%s: byte %zu: opcode 0x%02x, which tensors don't need; nothing was "
                         "executed",
                         m->name, m->at, (unsigned)opcode);
    }
}

static tyto_status run(machine *m)
{
    for (;;) {
        m->at = m->source.at;
        const int opcode = (int)tyto_cursor_little(&m->source, 1);
        bool known = false;
        if (!m->source.failed && opcode == OP_STOP) {
            return pop(m, &m->pickle->root);
        }
        if (!m->source.failed) {
            TYTO_TRY(run_value(m, opcode, &known));
        }
        if (!m->source.failed && !known) {
            TYTO_TRY(run_container(m, opcode, &known));
        }
        if (!m->source.failed && !known) {
            TYTO_TRY(run_other(m, opcode));
        }
        if (m->source.failed) {
            return fail_format(m, "the file is cut short");
        }
    }
}

tyto_status tyto_pickle_read(const uint8_t *bytes, size_t length, const char *name,
                             tyto_pickle *out, tyto_error *err)
{
    const bool cut = length > TYTO_PICKLE_BYTES_MAX;
    tyto_error found = TYTO_ERROR_INIT;
    *out = (tyto_pickle){0};
    machine m = {.pickle = out,
                 .source = tyto_cursor_over(bytes, cut ? TYTO_PICKLE_BYTES_MAX : length),
                 .name = name,
                 .err = &found};
    tyto_status status = run(&m);
    out->bytes = m.source.at;
    if (status != TYTO_OK && cut && m.source.failed) {
        status = tyto_fail(err, TYTO_E_LIMIT, "%s: got a longer pickle, required at most %zu bytes",
                           name, TYTO_PICKLE_BYTES_MAX);
    } else if (status != TYTO_OK) {
        status = found.message ? tyto_fail(err, status, "%s", found.message)
                               : tyto_fail_memory(err, name);
    }
    tyto_error_clear(&found);
    free(m.stack);
    free(m.memo);
    if (status != TYTO_OK) {
        tyto_pickle_clear(out);
    }
    return status;
}

void tyto_pickle_clear(tyto_pickle *pickle)
{
    free(pickle->values);
    free(pickle->items);
    *pickle = (tyto_pickle){0};
}

bool tyto_pickle_is_text(const tyto_pickle_value *value, const char *text)
{
    return value && value->kind == TYTO_PICKLE_TEXT && value->count == strlen(text) &&
           memcmp(value->text, text, value->count) == 0;
}

const tyto_pickle_value *tyto_pickle_at(const tyto_pickle *pickle,
                                        const tyto_pickle_value *container, size_t i)
{
    if (!container ||
        (container->kind != TYTO_PICKLE_TUPLE && container->kind != TYTO_PICKLE_LIST) ||
        i >= container->count) {
        return NULL;
    }
    uint32_t item = container->first;
    while (i-- > 0) {
        item = pickle->items[item].next;
    }
    return &pickle->values[pickle->items[item].value];
}
