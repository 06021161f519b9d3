/* Canonical composition that knows which code points of the given text each of its own stands for.
 *
 * The reference counts for each code point that composition gives by how many the text becomes
 * longer (1: it's one more) or shorter (−2: it stands for three), and walks through the given text
 * by these counts. A letter so has the place of the first that it was composed of. */
#include <stdlib.h>
#include <utf8proc.h>

#include "base/memory.h"
#include "processors/text/unicode.h"

enum { DECOMPOSITION_MAX = 4 };

typedef struct item {
    int32_t c;
    int32_t change;
    int class;
    size_t order;
} item;

typedef struct items {
    item *list;
    size_t count;
} items;

static bool decompose(const int32_t *c, size_t count, items *out)
{
    out->list = tyto_alloc(count, DECOMPOSITION_MAX * sizeof(*out->list));
    for (size_t i = 0; out->list && i < count; i++) {
        int32_t parts[DECOMPOSITION_MAX];
        int boundary = 0;
        const utf8proc_ssize_t n =
            utf8proc_decompose_char(c[i], parts, DECOMPOSITION_MAX, UTF8PROC_DECOMPOSE, &boundary);
        for (utf8proc_ssize_t k = 0; k < n; k++) {
            out->list[out->count] =
                (item){.c = parts[k],
                       .change = k > 0,
                       .class = utf8proc_get_property(parts[k])->combining_class,
                       .order = out->count};
            out->count++;
        }
    }
    return out->list != NULL;
}

static int compare_classes(const void *a, const void *b)
{
    const item *x = a, *y = b;
    return x->class != y->class ? (x->class < y->class ? -1 : 1)
                                : (x->order > y->order) - (x->order < y->order);
}

static void sort_marks(items *all)
{
    for (size_t i = 0; i < all->count; i++) {
        size_t run = 0;
        while (i + run < all->count && all->list[i + run].class != 0) {
            run++;
        }
        if (run > 1) {
            qsort(all->list + i, run, sizeof(*all->list), compare_classes);
        }
        i += run;
    }
}

static bool compose_pair(const item *first, const item *second, int32_t *c)
{
    int32_t both[2] = {first->c, second->c};
    const utf8proc_ssize_t n =
        utf8proc_normalize_utf32(both, 2, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    *c = both[0];
    return n == 1;
}

/* Composes in place: each letter with the marks behind it that nothing blocks. */
static void recompose(items *all)
{
    size_t count = 0;
    item *letter = NULL;
    int last_class = 0; /* of a mark between the letter and the next code point; 0: none */
    for (size_t i = 0; i < all->count; i++) {
        const item here = all->list[i];
        int32_t composed;
        const bool blocked = last_class != 0 && last_class >= here.class;
        if (letter && !blocked && compose_pair(letter, &here, &composed)) {
            letter->c = composed;
            letter->change += here.change - 1;
            continue;
        }
        all->list[count++] = here;
        if (here.class == 0) {
            letter = &all->list[count - 1];
            last_class = 0;
        } else if (letter) {
            last_class = here.class;
        }
    }
    all->count = count;
}

bool tyto_compose_sources(const int32_t *c, const tyto_range *sources, size_t count,
                          tyto_points *out)
{
    items all = {0};
    bool good = decompose(c, count, &all);
    if (good) {
        sort_marks(&all);
        recompose(&all);
        good = tyto_points_reserve(out, all.count);
    }
    size_t done = 0; /* code points of the given text */
    for (size_t i = 0; good && i < all.count; i++) {
        const item *here = &all.list[i];
        const size_t source = here->change > 0 ? done - (done > 0) : done;
        out->c[out->count] = here->c;
        out->sources[out->count++] = sources[source < count ? source : count - 1];
        done += (size_t)(1 - here->change);
    }
    free(all.list);
    return good;
}
