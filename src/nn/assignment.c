#include "nn/assignment.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"

/* Persons each get one of at least as many things. Prices keep every cost that is left,
 * cost − of_person − of_thing, at 0 or above, and at 0 for the pairs made so far. */
typedef struct assignment {
    const double *costs;
    int64_t persons, things;
    int64_t person_step, thing_step; /* in costs */
    double *of_person, *of_thing;
    int64_t *thing_of, *person_of; /* −1: none yet */
    /* Of the search for one person: */
    double *distance;       /* of the shortest path found to a thing */
    int64_t *person_before; /* the person before a thing on it */
    int64_t *open;          /* things not yet reached */
    uint8_t *seen;          /* things reached */
} assignment;

static double cost_left(const assignment *a, int64_t person, int64_t thing)
{
    return a->costs[person * a->person_step + thing * a->thing_step] - a->of_person[person] -
           a->of_thing[thing];
}

/* Looks from `person`, `so_far` away from the start, at all open things; returns the place in
 * `open` of the nearest. A free one is preferred: it ends the search. */
static int64_t look_around(assignment *a, int64_t person, double so_far, int64_t n_open)
{
    int64_t nearest = 0;
    for (int64_t i = 0; i < n_open; i++) {
        int64_t thing = a->open[i];
        double distance = so_far + cost_left(a, person, thing);
        if (distance < a->distance[thing]) {
            a->distance[thing] = distance;
            a->person_before[thing] = person;
        }
        double least = a->distance[a->open[nearest]];
        bool ends = a->person_of[thing] < 0 && a->person_of[a->open[nearest]] >= 0;
        if (a->distance[thing] < least || (a->distance[thing] == least && ends)) {
            nearest = i;
        }
    }
    return nearest;
}

/* The free thing at the end of the shortest path from `start`; *length is that path's. */
static int64_t find_free(assignment *a, int64_t start, double *length)
{
    int64_t n_open = a->things, person = start;
    for (int64_t i = 0; i < a->things; i++) {
        a->open[i] = i;
        a->seen[i] = 0;
        a->distance[i] = INFINITY;
    }
    *length = 0.0;
    for (;;) {
        int64_t place = look_around(a, person, *length, n_open);
        int64_t thing = a->open[place];
        *length = a->distance[thing];
        if (a->person_of[thing] < 0) {
            return thing;
        }
        a->seen[thing] = 1;
        a->open[place] = a->open[--n_open];
        person = a->person_of[thing];
    }
}

/* Gives `start` a thing: the pairs along the shortest path move on by one. */
static void pair(assignment *a, int64_t start)
{
    double length;
    int64_t thing = find_free(a, start, &length);
    a->of_person[start] += length;
    for (int64_t j = 0; j < a->things; j++) {
        if (a->seen[j]) {
            a->of_person[a->person_of[j]] += length - a->distance[j];
            a->of_thing[j] -= length - a->distance[j];
        }
    }
    for (;;) {
        int64_t person = a->person_before[thing], next = a->thing_of[person];
        a->person_of[thing] = person;
        a->thing_of[person] = thing;
        if (person == start) {
            return;
        }
        thing = next;
    }
}

static tyto_status take_scratch(assignment *a, tyto_exec *exec)
{
    const size_t persons = (size_t)a->persons, things = (size_t)a->things;
    a->of_person = tyto_arena_take(exec->arena, persons, sizeof(double));
    a->of_thing = tyto_arena_take(exec->arena, things, sizeof(double));
    a->distance = tyto_arena_take(exec->arena, things, sizeof(double));
    a->thing_of = tyto_arena_take(exec->arena, persons, sizeof(int64_t));
    a->person_of = tyto_arena_take(exec->arena, things, sizeof(int64_t));
    a->person_before = tyto_arena_take(exec->arena, things, sizeof(int64_t));
    a->open = tyto_arena_take(exec->arena, things, sizeof(int64_t));
    a->seen = tyto_arena_take(exec->arena, things, 1);
    bool whole = a->of_person && a->of_thing && a->distance && a->thing_of && a->person_of &&
                 a->person_before && a->open && a->seen;
    return whole ? TYTO_OK : tyto_fail_memory(exec->err, "assignment");
}

static tyto_status check_costs(const double *costs, int64_t rows, int64_t columns, tyto_error *err)
{
    for (int64_t i = 0; i < rows * columns; i++) {
        if (!isfinite(costs[i])) {
            return tyto_fail(err, TYTO_E_RANGE, "costs[%lld,%lld]: got %g, required finite numbers",
                             (long long)(i / columns), (long long)(i % columns), costs[i]);
        }
    }
    return TYTO_OK;
}

static void solve(assignment *a)
{
    for (int64_t i = 0; i < a->persons; i++) {
        a->of_person[i] = 0.0;
        a->thing_of[i] = -1;
    }
    for (int64_t j = 0; j < a->things; j++) {
        a->of_thing[j] = 0.0;
        a->person_of[j] = -1;
    }
    for (int64_t i = 0; i < a->persons; i++) {
        pair(a, i);
    }
}

tyto_status tyto_assign(tyto_exec *exec, const double *costs, int64_t rows, int64_t columns,
                        int64_t *column_of_row)
{
    bool wide = rows <= columns;
    assignment a = {
        .costs = costs,
        .persons = wide ? rows : columns,
        .things = wide ? columns : rows,
        .person_step = wide ? columns : 1,
        .thing_step = wide ? 1 : columns,
    };
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(take_scratch(&a, exec));
    TYTO_TRY(check_costs(costs, rows, columns, exec->err));
    solve(&a);
    const int64_t *paired = wide ? a.thing_of : a.person_of;
    for (int64_t i = 0; i < rows; i++) {
        column_of_row[i] = paired[i];
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
