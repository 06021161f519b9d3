/** Things that are held by ids, within a budget of bytes and of time. */
#ifndef TYTO_SERVER_STORE_H
#define TYTO_SERVER_STORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/** Characters of an id, which is random. */
enum { ID_LENGTH = 32 };

/** A thing that is held. Immutable. */
typedef struct held {
    char id[ID_LENGTH + 1];
    void *thing;
    uint64_t owner; /**< the serial of the model that it is of */
    int64_t bytes;
    double used_s; /**< when it was asked for last */
    int64_t users; /**< it is destroyed once nobody uses it */
    bool dropped;
    struct held *newer, *older;
} held;

/** The least recently used goes first.
 *  threads  any */
typedef struct store {
    pthread_mutex_t lock;
    held *newest, *oldest;
    int64_t bytes, budget_bytes;
    double keep_s;
    void (*destroy)(void *thing);
} store;

void store_begin(store *s, int64_t budget_bytes, double keep_s, void (*destroy)(void *thing));
/** Drops everything; nobody may use any of it. */
void store_end(store *s);
/** Holds a thing, which is the store's from now on, in use by the caller. NULL, and the thing is
 *  destroyed, when it is larger than the budget or memory is out (`*large` says which). */
held *store_put(store *s, void *thing, uint64_t owner, int64_t bytes, bool *large);
/** The thing of an id, in use by the caller until store_release; NULL when it isn't there. */
held *store_take(store *s, const char *id);
void store_release(store *s, held *h);
/** Drops a thing. Returns false when there is none of that id. */
bool store_drop(store *s, const char *id);
/** Drops what is of an owner. */
void store_drop_all(store *s, uint64_t owner);
int64_t store_bytes(store *s);

/** Fills `out` with ID_LENGTH random characters and a NUL. */
void id_make(char *out);

#endif
