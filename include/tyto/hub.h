/** Checkpoints by their hub id, OWNER/NAME or OWNER/NAME@REVISION: in the standard cache, which
 *  other programs share, and downloaded into it. */
#ifndef TYTO_HUB_H
#define TYTO_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/engine.h>
#include <tyto/progress.h>

TYTO_BEGIN_DECLS

/** Where the hub and its cache are. What is NULL, 0 or false is taken from the environment, as
 *  other programs of the hub do:
 *
 *  | field    | variables, the first that is set               | else                     |
 *  |----------|------------------------------------------------|--------------------------|
 *  | endpoint | HF_ENDPOINT                                    | the hub                  |
 *  | cache    | HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE,           | ~/.cache/huggingface/hub |
 *  |          | HF_HOME/hub                                    |                          |
 *  | token    | HF_TOKEN, HUGGING_FACE_HUB_TOKEN, the file     | none                     |
 *  |          | HF_TOKEN_PATH, HF_HOME/token                   |                          |
 *  | offline  | HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE           | false                    |
 *
 *  In variables that are paths, "~", "~user", $NAME and ${NAME} stand for what they would in a
 *  shell; the fields here are taken as they are.
 *
 *  XDG_CACHE_HOME takes the place of ~/.cache. The connection takes its proxy from the variables
 *  that curl knows, and certificates from CURL_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR. */
typedef struct tyto_hub_options {
    size_t struct_bytes;  /**< set by tyto_hub_options_init */
    const char *revision; /**< a branch, a tag or a commit; goes before the id's own; "main" */
    const char *endpoint;
    const char *cache;
    const char *token; /**< sent to the endpoint's host only, and never part of a message */
    bool offline;
    int retry_ms; /**< wait before the first retry, doubled for each more; 0: 1000 */
    /** Called while bytes come in, in the stage "download": the subject is the file that comes,
     *  done and total are bytes of all files. What came before a stop is kept, and the next pull
     *  goes on from there. */
    tyto_progress_fn progress;
    void *progress_user;
    tyto_log_fn log; /**< receives a line for each retry, and where a checkpoint was found */
    void *log_user;
} tyto_hub_options;

/** The defaults, which are all NULL, 0 and false. struct_bytes: sizeof(tyto_hub_options). */
TYTO_API void tyto_hub_options_init(tyto_hub_options *options, size_t struct_bytes);

/** Whether the text has the form of a hub id: two names of letters, digits and "._-" with a slash
 *  between them, and maybe @REVISION. NULL: false. */
TYTO_API bool tyto_hub_is_id(const char *text);

/** Looks a checkpoint up in the cache; nothing is downloaded.
 *  memory   *out is the snapshot's folder; release it with tyto_free
 *  errors   E_ARGUMENT (no hub id), E_NOT_FOUND (not there, or without config.json or a file of
 *           its weights), E_IO, E_MEMORY
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_hub_find(const char *id, const tyto_hub_options *options,
                                                  char **out, tyto_error *err);

/** Brings a checkpoint into the cache, where it may be already in parts: config.json, weights (as
 *  safetensors where there are such), and the files of processor and tokenizer. Files that were cut
 *  go on where they ended. Every file is checked by size and hash before it takes its name; a
 *  revision refers to the new snapshot only once all is there. Two pulls of the same take turns.
 *  memory   *out is the snapshot's folder; release it with tyto_free
 *  errors   E_ARGUMENT, E_NOT_FOUND (the hub has no such thing, or wants a token), E_IO (network
 *           or disk, with what failed), E_FORMAT (an answer or a file that isn't what was
 *           announced), E_UNSUPPORTED (a build without it, or offline), E_CANCELLED, E_LIMIT,
 *           E_MEMORY
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_hub_pull(const char *id, const tyto_hub_options *options,
                                                  char **out, tyto_error *err);

TYTO_END_DECLS

#endif
