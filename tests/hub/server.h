/** A server on the loopback that answers as the hub does, with faults on demand. */
#ifndef TYTO_TESTS_HUB_SERVER_H
#define TYTO_TESTS_HUB_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVER_FILES_MAX 24
#define SERVER_COMMIT "0123456789abcdef0123456789abcdef01234567"

typedef struct server_file {
    const char *name;
    const void *bytes;
    size_t length;
    bool large;    /**< has a SHA-256 and is redirected to another host, as LFS files are */
    char hash[65]; /**< computed by server_add */
    int served;    /**< answers with its bytes, whole or not */
} server_file;

/** Fields may be set between requests; faults apply to the bytes of files, not to the list. */
typedef struct server {
    int port;
    server_file files[SERVER_FILES_MAX];
    size_t count;
    /* Faults. */
    int cuts;         /**< so many answers with large files end early, */
    size_t cut_after; /**< after so many bytes */
    int failures;     /**< so many answers have failure_code, */
    int failure_code; /**< and, when retry_after is set, that header */
    int retry_after;
    bool lists_fail;     /**< failures are of the list, too */
    bool ignores_ranges; /**< all bytes come, whatever was asked for */
    bool changes_byte;   /**< the last byte of large files is another */
    int64_t longer;      /**< large files have so many more bytes than announced (or fewer) */
    const char *token;   /**< required, when not NULL, but not by the other host */
    const char *answer;  /**< in place of the list, when not NULL */
    int slow_ms;         /**< pause before each block of a file */
    /* What was seen. */
    int requests, lists, ranges;
    uint64_t bytes, last_range;
    bool token_seen, token_seen_elsewhere;
    char last_list[256]; /**< path of the last list that was asked for */
    pthread_mutex_t lock;
    void *daemon;
} server;

void server_start(server *to);
void server_stop(server *to);
/** Adds a file; the bytes are borrowed. */
server_file *server_add(server *to, const char *name, const void *bytes, size_t length, bool large);
server_file *server_find(server *in, const char *name);

#endif
