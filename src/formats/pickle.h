/** Pickles, read as data: nothing is imported, called or executed.
 *
 *  A pickle is a program for a stack machine. This reader runs the opcodes that files of tensors
 *  are made of, and makes a tree of values; a call stays a value, "this known function with these
 *  arguments". Every other opcode, and every name that tensors don't need, is refused.
 *
 *  source  Python's pickletools.py describes the opcodes */
#ifndef TYTO_FORMATS_PICKLE_H
#define TYTO_FORMATS_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/tensor.h>

/** Most bytes of one pickle; that of a model with a thousand tensors has some 100 kB. */
#define TYTO_PICKLE_BYTES_MAX ((size_t)64 << 20)

/** X(name, module, name there, what it stands for, type of its elements) */
#define TYTO_PICKLE_GLOBALS(X)                                                                     \
    X(ORDERED_DICT, "collections", "OrderedDict", CALL, COUNT)                                     \
    X(REBUILD_TENSOR, "torch._utils", "_rebuild_tensor", CALL, COUNT)                              \
    X(REBUILD_TENSOR_V2, "torch._utils", "_rebuild_tensor_v2", CALL, COUNT)                        \
    X(REBUILD_TENSOR_V3, "torch._utils", "_rebuild_tensor_v3", CALL, COUNT)                        \
    X(REBUILD_PARAMETER, "torch._utils", "_rebuild_parameter", CALL, COUNT)                        \
    X(REBUILD_PARAMETER_STATE, "torch._utils", "_rebuild_parameter_with_state", CALL, COUNT)       \
    X(FLOAT_STORAGE, "torch", "FloatStorage", STORAGE, F32)                                        \
    X(DOUBLE_STORAGE, "torch", "DoubleStorage", STORAGE, F64)                                      \
    X(HALF_STORAGE, "torch", "HalfStorage", STORAGE, F16)                                          \
    X(BFLOAT16_STORAGE, "torch", "BFloat16Storage", STORAGE, BF16)                                 \
    X(LONG_STORAGE, "torch", "LongStorage", STORAGE, I64)                                          \
    X(INT_STORAGE, "torch", "IntStorage", STORAGE, I32)                                            \
    X(SHORT_STORAGE, "torch", "ShortStorage", STORAGE, I16)                                        \
    X(CHAR_STORAGE, "torch", "CharStorage", STORAGE, I8)                                           \
    X(BYTE_STORAGE, "torch", "ByteStorage", STORAGE, U8)                                           \
    X(BOOL_STORAGE, "torch", "BoolStorage", STORAGE, BOOL)                                         \
    X(UNTYPED_STORAGE, "torch.storage", "UntypedStorage", STORAGE, U8)                             \
    X(FLOAT32, "torch", "float32", TYPE, F32)                                                      \
    X(FLOAT64, "torch", "float64", TYPE, F64)                                                      \
    X(FLOAT16, "torch", "float16", TYPE, F16)                                                      \
    X(BFLOAT16, "torch", "bfloat16", TYPE, BF16)                                                   \
    X(INT64, "torch", "int64", TYPE, I64)                                                          \
    X(INT32, "torch", "int32", TYPE, I32)                                                          \
    X(INT16, "torch", "int16", TYPE, I16)                                                          \
    X(INT8, "torch", "int8", TYPE, I8)                                                             \
    X(UINT64, "torch", "uint64", TYPE, U64)                                                        \
    X(UINT32, "torch", "uint32", TYPE, U32)                                                        \
    X(UINT16, "torch", "uint16", TYPE, U16)                                                        \
    X(UINT8, "torch", "uint8", TYPE, U8)                                                           \
    X(BOOLEAN, "torch", "bool", TYPE, BOOL)

/** The names that a pickle may use. */
typedef enum tyto_pickle_global {
#define TYTO_PICKLE_GLOBAL_ENUM(name, ...) TYTO_PICKLE_##name,
    TYTO_PICKLE_GLOBALS(TYTO_PICKLE_GLOBAL_ENUM)
#undef TYTO_PICKLE_GLOBAL_ENUM
        TYTO_PICKLE_GLOBAL_COUNT
} tyto_pickle_global;

typedef enum tyto_pickle_role {
    TYTO_ROLE_CALL,
    TYTO_ROLE_STORAGE,
    TYTO_ROLE_TYPE
} tyto_pickle_role;

/** What a name stands for. */
typedef struct tyto_pickle_meaning {
    const char *module, *name;
    tyto_pickle_role role;
    tyto_dtype dtype; /**< of a storage's elements, or the type itself */
} tyto_pickle_meaning;
extern const tyto_pickle_meaning tyto_pickle_meanings[TYTO_PICKLE_GLOBAL_COUNT];

typedef enum tyto_pickle_kind {
    TYTO_PICKLE_NONE,
    TYTO_PICKLE_BOOL,
    TYTO_PICKLE_INTEGER,
    TYTO_PICKLE_REAL,
    TYTO_PICKLE_LONG, /**< an integer of more than 64 bits: its little-endian bytes */
    TYTO_PICKLE_TEXT, /**< bytes of the file, not NUL-terminated */
    TYTO_PICKLE_TUPLE,
    TYTO_PICKLE_LIST,
    TYTO_PICKLE_DICT,
    TYTO_PICKLE_NAME,       /**< one of tyto_pickle_global */
    TYTO_PICKLE_CALL,       /**< global(argument); argument is a tuple */
    TYTO_PICKLE_PERSISTENT, /**< something outside of the pickle, which `argument` identifies */
    TYTO_PICKLE_MARK        /**< only while reading */
} tyto_pickle_kind;

/** Index of a value. */
typedef uint32_t tyto_pickle_ref;
/** The end of a list of items. */
#define TYTO_PICKLE_END UINT32_MAX

typedef struct tyto_pickle_value {
    uint8_t kind, global;
    uint32_t count;           /**< items of a tuple, list or dict; bytes of a text */
    uint32_t first, last;     /**< its first and last item */
    tyto_pickle_ref argument; /**< of a call or a persistent id */
    union {
        int64_t integer; /**< an integer, or a bool */
        double real;
        const uint8_t *text;
    };
} tyto_pickle_value;

/** An item of a tuple or a list, or a key with its value. */
typedef struct tyto_pickle_item {
    tyto_pickle_ref key, value;
    uint32_t next;
} tyto_pickle_item;

/** A pickle that was read. Values may be shared, and a container may hold itself.
 *  memory  texts point into the bytes that were read */
typedef struct tyto_pickle {
    tyto_pickle_value *values;
    tyto_pickle_item *items;
    size_t value_count, item_count;
    tyto_pickle_ref root;
    size_t bytes; /**< that the pickle took */
} tyto_pickle;

/** Reads one pickle from the front of `bytes`; `name` is for messages. Memory grows with the
 *  pickle's bytes, whatever they say.
 *  errors  E_FORMAT, E_UNSUPPORTED (an opcode or a name that tensors don't need), E_LIMIT, E_MEMORY
 */
TYTO_NODISCARD tyto_status tyto_pickle_read(const uint8_t *bytes, size_t length, const char *name,
                                            tyto_pickle *out, tyto_error *err);
void tyto_pickle_clear(tyto_pickle *pickle);

/** Whether the value is that text. */
bool tyto_pickle_is_text(const tyto_pickle_value *value, const char *text);
/** The i-th item's value of a tuple or a list, or NULL. */
const tyto_pickle_value *tyto_pickle_at(const tyto_pickle *pickle,
                                        const tyto_pickle_value *container, size_t i);

#endif
