#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "server.h"

void id_make(char *out)
{
    unsigned char bytes[ID_LENGTH / 2];
    for (size_t got = 0; got < sizeof(bytes);) {
        const ssize_t n = getrandom(bytes + got, sizeof(bytes) - got, 0);
        got += n > 0 ? (size_t)n : 0;
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    out[ID_LENGTH] = '\0';
}

void store_begin(store *s, int64_t budget_bytes, double keep_s, void (*destroy)(void *thing))
{
    *s = (store){.budget_bytes = budget_bytes, .keep_s = keep_s, .destroy = destroy};
    pthread_mutex_init(&s->lock, NULL);
}

static void unlink_held(store *s, held *h)
{
    *(h->newer ? &h->newer->older : &s->newest) = h->older;
    *(h->older ? &h->older->newer : &s->oldest) = h->newer;
    h->newer = h->older = NULL;
}

static void link_newest(store *s, held *h)
{
    h->older = s->newest;
    h->newer = NULL;
    *(s->newest ? &s->newest->newer : &s->oldest) = h;
    s->newest = h;
}

/* Takes a thing off the list; what is still in use goes when its last user lets it go. */
static void drop(store *s, held *h)
{
    unlink_held(s, h);
    s->bytes -= h->bytes;
    h->dropped = true;
    if (h->users == 0) {
        s->destroy(h->thing);
        free(h);
    }
}

/* Makes room for so many bytes, and drops what wasn't used for long. */
static void make_room(store *s, int64_t bytes)
{
    const double now = clock_s();
    while (s->oldest &&
           (s->bytes + bytes > s->budget_bytes || now - s->oldest->used_s > s->keep_s)) {
        drop(s, s->oldest);
    }
}

void store_end(store *s)
{
    while (s->oldest) {
        drop(s, s->oldest);
    }
    pthread_mutex_destroy(&s->lock);
}

held *store_put(store *s, void *thing, uint64_t owner, int64_t bytes, bool *large)
{
    held *h = bytes <= s->budget_bytes ? calloc(1, sizeof(*h)) : NULL;
    *large = bytes > s->budget_bytes;
    if (!h) {
        s->destroy(thing);
        return NULL;
    }
    *h = (held){.thing = thing, .owner = owner, .bytes = bytes, .users = 1, .used_s = clock_s()};
    id_make(h->id);
    pthread_mutex_lock(&s->lock);
    make_room(s, bytes);
    link_newest(s, h);
    s->bytes += bytes;
    pthread_mutex_unlock(&s->lock);
    return h;
}

static held *find(store *s, const char *id)
{
    held *h = s->newest;
    while (h && strcmp(h->id, id) != 0) {
        h = h->older;
    }
    return h;
}

held *store_take(store *s, const char *id)
{
    pthread_mutex_lock(&s->lock);
    make_room(s, 0);
    held *h = find(s, id);
    if (h) {
        h->users++;
        h->used_s = clock_s();
        unlink_held(s, h);
        link_newest(s, h);
    }
    pthread_mutex_unlock(&s->lock);
    return h;
}

void store_release(store *s, held *h)
{
    if (!h) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    h->users--;
    if (h->dropped && h->users == 0) {
        s->destroy(h->thing);
        free(h);
    }
    pthread_mutex_unlock(&s->lock);
}

bool store_drop(store *s, const char *id)
{
    pthread_mutex_lock(&s->lock);
    held *h = find(s, id);
    if (h) {
        drop(s, h);
    }
    pthread_mutex_unlock(&s->lock);
    return h != NULL;
}

void store_drop_all(store *s, uint64_t owner)
{
    pthread_mutex_lock(&s->lock);
    for (held *h = s->newest, *older; h; h = older) {
        older = h->older;
        if (h->owner == owner) {
            drop(s, h);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

int64_t store_bytes(store *s)
{
    pthread_mutex_lock(&s->lock);
    make_room(s, 0);
    const int64_t bytes = s->bytes;
    pthread_mutex_unlock(&s->lock);
    return bytes;
}
