/** The hub from the inside: where things lie in its cache, and how bytes come from it. */
#ifndef TYTO_HUB_HUB_H
#define TYTO_HUB_HUB_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/hub.h>

#include "base/buffer.h"

/** Longest id or revision. */
#define TYTO_HUB_NAME_BYTES_MAX 256
/** A commit, and a git hash of a file: hexadecimal digits. */
#define TYTO_HUB_COMMIT_DIGITS 40
/** A SHA-256. */
#define TYTO_HUB_SHA256_DIGITS 64

/** What options, environment and id come to. All texts are its own. */
typedef struct tyto_hub_place {
    char *repo; /**< OWNER/NAME */
    char *revision;
    char *endpoint; /**< without a '/' at its end */
    char *cache;
    char *folder; /**< of the repository, in the cache */
    char *token;  /**< NULL: none */
    bool offline;
    const tyto_hub_options *options; /**< the caller's, read */
} tyto_hub_place;

/** options: read, not NULL; they must outlive *out. */
TYTO_NODISCARD tyto_status tyto_hub_place_read(const char *id, const tyto_hub_options *options,
                                               tyto_hub_place *out, tyto_error *err);
void tyto_hub_place_clear(tyto_hub_place *place);

/** Calls the options' progress function; false stops. */
bool tyto_hub_progress(const tyto_hub_options *options, const char *file, uint64_t done,
                       uint64_t total);

/** A path of the environment, newly allocated: "~" and "~user" at its start become a home, $NAME
 *  and ${NAME} what the environment has for them; what has no value stays as it is. */
TYTO_NODISCARD tyto_status tyto_hub_expand(const char *path, char **out, tyto_error *err);
/** A formatted text, newly allocated; NULL when memory is out. */
char *tyto_hub_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Whether the text is `digits` lower-case hexadecimal digits. */
bool tyto_hub_is_hex(const char *text, size_t digits);
/** Makes a folder and those above it. */
TYTO_NODISCARD tyto_status tyto_hub_make_folder(const char *path, tyto_error *err);
/** E_NOT_FOUND when the snapshot lacks its config.json or a file of its weights. */
TYTO_NODISCARD tyto_status tyto_hub_check_snapshot(const char *folder, tyto_error *err);

/** The endpoint's connection, kept open between requests. One thread at a time. */
typedef struct tyto_hub_connection tyto_hub_connection;
TYTO_NODISCARD tyto_status tyto_hub_connect(const tyto_hub_place *place, tyto_hub_connection **out,
                                            tyto_error *err);
void tyto_hub_disconnect(tyto_hub_connection *connection);

/** The answer to GET endpoint/path, of at most buffer->maximum bytes. `what` is for messages. */
TYTO_NODISCARD tyto_status tyto_hub_get_text(tyto_hub_connection *connection, const char *path,
                                             const char *what, tyto_buffer *out, tyto_error *err);

/** A file to bring. */
typedef struct tyto_hub_file {
    const char *name;
    const char *hash; /**< hexadecimal: SHA-256, or git's hash of a file when it is shorter */
    uint64_t bytes;
    char *blob; /**< where it goes */
} tyto_hub_file;

/** Receives the count of a file's bytes as they come; false stops. */
typedef bool (*tyto_hub_bytes_fn)(void *user, const char *name, uint64_t bytes);

/** Brings a file's bytes from `offset` on, and appends them to the stream. Tries again after
 *  faults that pass, each time from where the stream ends.
 *  errors  as tyto_hub_pull */
TYTO_NODISCARD tyto_status tyto_hub_get_file(tyto_hub_connection *connection, const char *path,
                                             const tyto_hub_file *file, int descriptor,
                                             tyto_hub_bytes_fn on_bytes, void *user,
                                             tyto_error *err);

/** Writes the hash of an open file as hexadecimal digits into out[TYTO_HUB_SHA256_DIGITS + 1].
 *  known  the hash that is expected: its length says which kind it is */
TYTO_NODISCARD tyto_status tyto_hub_hash(int descriptor, uint64_t bytes, const char *known,
                                         char *out, const char *name, tyto_error *err);

/** Puts one file into its place under blobs/, unless it is there: lock, resume, check, rename. */
TYTO_NODISCARD tyto_status tyto_hub_bring(tyto_hub_connection *connection,
                                          const tyto_hub_place *place, const char *commit,
                                          const tyto_hub_file *file, tyto_hub_bytes_fn on_bytes,
                                          void *user, tyto_error *err);
/** path of a file in a repository for GET, newly allocated; NULL when memory is out. */
char *tyto_hub_escape(const char *text);

#endif
