/** Files that people name: photos, videos and texts, by themselves and in folders. */
#ifndef TYTO_FILES_H
#define TYTO_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/engine.h>
#include <tyto/image.h>
#include <tyto/inputs.h>

TYTO_BEGIN_DECLS

/** Most bytes that are read of a file of texts, or of standard input. */
#define TYTO_STREAM_BYTES_MAX ((size_t)512 << 20)

/** What is looked for in a folder. */
typedef enum tyto_file_kind {
    TYTO_FILE_KIND_PHOTOS = 0, /**< .jpg, .jpeg, .jfif, .jpe, .png, .webp, .gif, .bmp, .tif,
                                        .tiff, .avif, .heic, .heif */
    TYTO_FILE_KIND_VIDEOS = 1, /**< .mp4, .mov, .mkv, .webm, .avi, .gif and the like */
    /** Photos of folders and patterns that have any, or else, of each, videos; of .gif, photos. */
    TYTO_FILE_KIND_MEDIA = 2
} tyto_file_kind;

typedef struct tyto_file_list_options {
    size_t struct_bytes; /**< set by tyto_file_list_options_init */
    tyto_log_fn log;     /**< receives an error line for each operand that holds nothing */
    void *log_user;
    bool recursive; /**< folders within folders are looked into, too */
} tyto_file_list_options;

/** No log. struct_bytes: sizeof(tyto_file_list_options). */
TYTO_API void tyto_file_list_options_init(tyto_file_list_options *options, size_t struct_bytes);

/** Texts, or paths of files. Zeros: none.
 *  memory  owned; release with tyto_file_list_clear */
typedef struct tyto_file_list {
    char **items;
    int64_t count;
    int64_t failed;      /**< operands that hold nothing, or couldn't be read */
    int64_t passed_over; /**< what the folders hold besides, hidden files not counted */
    int64_t many; /**< operands that stand for any number of files: folders, patterns, lists */
    /** Where folders within folders were looked into: the one that was, or the deepest that holds
     *  all files, so that what is made of these can lie in such folders too; NULL: none was. */
    char *folder;
    uint64_t reserved[2];
} tyto_file_list;

/** The files that operands mean, in their order: files; folders, whose files of that kind come by
 *  name, without those of folders inside unless these are wanted. Where no such file is there also
 *  patterns such as "*.jpg", in which "**" stands for folders at any depth, and "@list.txt", whose
 *  lines are operands; and, but for videos, "-", standard input, once. An operand that holds
 *  nothing doesn't keep the others from being listed. That a named file is there isn't checked.
 *  operands [count]
 *  errors   E_ARGUMENT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_file_list_make(tyto_file_kind kind,
                                                        const char *const *operands, int64_t count,
                                                        const tyto_file_list_options *options,
                                                        tyto_file_list *out, tyto_error *err);
/** The lines of a text file ("-": standard input), without line ends (LF, CR LF, or
 *  CR where there is no LF) and without a byte order mark; UTF-16 that has one comes as UTF-8.
 *  keep_empty  whether empty lines are lines
 *  errors      E_NOT_FOUND, E_IO, E_ARGUMENT (a folder; standard input that was read already),
 *              E_FORMAT (a NUL byte), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_file_lines_read(const char *path, bool keep_empty,
                                                         tyto_file_list *out, tyto_error *err);
TYTO_API void tyto_file_list_clear(tyto_file_list *list);

/** Whether a path is to be read as a video: an ordinary file that neither is called nor begins like
 *  a photo. NULL: false. */
TYTO_API bool tyto_file_is_video(const char *path);
/** Whether a path is an ordinary file that is called or begins like a photo. NULL: false. */
TYTO_API bool tyto_file_is_photo(const char *path);
/** Whether a path is called like a video and not, as .gif is, like a photo; nothing is read. */
TYTO_API bool tyto_file_is_called_video(const char *path);

/** tyto_image_load, or tyto_image_decode of standard input, "-".
 *  options  NULL: the defaults
 *  errors  theirs, and those of reading: E_ARGUMENT (standard input that was read already), E_IO,
 *          E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_file_load_photo(const char *path,
                                                         const tyto_image_options *options,
                                                         tyto_image *out, tyto_error *err);

/** Two names of a list that are the same, as of files that would be written to one place: their
 *  places, first < second, or −1 when all names differ.
 *  errors  E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_names_find_same(const char *const *names, int64_t count,
                                                         int64_t *first, int64_t *second,
                                                         tyto_error *err);

/** No two of the paths have the same name, as files and tensors are called by those of photos.
 *  made    of two that have, the message says "both would be MADE 'a.png'"
 *  errors  E_ARGUMENT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_paths_check_names(const char *const *paths, int64_t count,
                                                           const char *made, tyto_error *err);

/** The names of texts that have commas between them: "a,b" and "c" are three.
 *  errors  E_FORMAT (a name that is empty), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_names_split(const char *const *texts, int64_t count,
                                                     tyto_file_list *out, tyto_error *err);

/** Lists of texts, one for each photo, as tyto_inputs_source takes them.
 *  memory  owned; release with tyto_text_lists_clear */
typedef struct tyto_text_lists {
    tyto_text_list *items;
    int64_t count;
    void *texts; /**< holds them */
    uint64_t reserved[4];
} tyto_text_lists;

/** Reads texts as JSON ("-": standard input): a list of lists, one for each photo, or one list.
 *  errors  as tyto_file_lines_read; E_FORMAT */
TYTO_API TYTO_NODISCARD tyto_status tyto_text_lists_read(const char *path, tyto_text_lists *out,
                                                         tyto_error *err);
TYTO_API void tyto_text_lists_clear(tyto_text_lists *lists);

TYTO_END_DECLS

#endif
