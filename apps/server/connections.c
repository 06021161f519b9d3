#include "connections.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"

/* How often slow ones are looked for, and how slowly a reply may be taken at least. */
enum { SWEEP_MS = 200, EVENTS_MAX = 64 };
#define SLOWEST_BYTES_PER_S 10e3

typedef enum phase { ARRIVING, WORKING, SENDING } phase;

struct connection {
    uint64_t serial; /* events name a connection so: its memory may be another's by then */
    int fd;
    phase phase;
    double until_s; /* of what it is doing */
    exchange *exchange;
    connection *next, *before;
};

struct connections {
    server *server;
    bool tls;
    int epoll;
    atomic_bool ending;
    pthread_t thread;
    pthread_mutex_t lock;
    connection *first;
    uint64_t serials;
};

/* Ends a connection, which the network's thread then finds ended. */
static void cut(const connections *all, const connection *c)
{
    static const char late[] = "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\n"
                               "Content-Length: 45\r\nConnection: close\r\n\r\n"
                               "{\"error\": \"the request did not come in time\"}";
    if (c->phase == ARRIVING && c->exchange && !all->tls) {
        (void)!send(c->fd, late, sizeof(late) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    shutdown(c->fd, SHUT_RDWR);
}

/* Stops the work for an exchange, which lives while the lock is held: one that no worker is at goes
 * on to its reply. */
static void stop(server *s, exchange *x, unsigned code, const char *why)
{
    if (queue_remove(&s->queue, x)) {
        reply_error(x, code, "%s", why);
        http_resume(x);
    }
}

static void sweep(connections *all, double now)
{
    pthread_mutex_lock(&all->lock);
    for (connection *c = all->first; c; c = c->next) {
        if (now < c->until_s) {
            continue;
        }
        if (c->phase == WORKING) {
            stop(all->server, c->exchange, 504, "the deadline passed while the request waited");
        } else {
            cut(all, c);
        }
        c->until_s = now + all->server->settings.timeout_s;
    }
    pthread_mutex_unlock(&all->lock);
}

static void leave(connections *all, uint64_t serial)
{
    pthread_mutex_lock(&all->lock);
    for (connection *c = all->first; c; c = c->next) {
        if (c->serial == serial && c->phase == WORKING) {
            c->exchange->left = true;
            stop(all->server, c->exchange, 499, "the client has left");
            break;
        }
    }
    pthread_mutex_unlock(&all->lock);
}

static void *watch(void *given)
{
    connections *all = given;
    struct epoll_event events[EVENTS_MAX];
    double swept = clock_s();
    while (!all->ending) {
        const int n = epoll_wait(all->epoll, events, EVENTS_MAX, SWEEP_MS);
        for (int i = 0; i < n; i++) {
            leave(all, events[i].data.u64);
        }
        const double now = clock_s();
        if (now - swept >= 1e-3 * SWEEP_MS) {
            sweep(all, now);
            swept = now;
        }
    }
    return NULL;
}

connections *connections_begin(server *s, bool tls)
{
    connections *all = calloc(1, sizeof(*all));
    if (!all) {
        return NULL;
    }
    all->server = s;
    all->tls = tls;
    all->epoll = epoll_create1(EPOLL_CLOEXEC);
    pthread_mutex_init(&all->lock, NULL);
    if (all->epoll < 0 || pthread_create(&all->thread, NULL, watch, all) != 0) {
        if (all->epoll >= 0) {
            close(all->epoll);
        }
        free(all);
        return NULL;
    }
    return all;
}

void connections_end(connections *all)
{
    all->ending = true;
    pthread_join(all->thread, NULL);
    close(all->epoll);
    pthread_mutex_destroy(&all->lock);
    free(all);
}

void connections_give_up(connections *all)
{
    pthread_mutex_lock(&all->lock);
    for (connection *c = all->first; c; c = c->next) {
        if (c->phase == WORKING) {
            c->exchange->deadline_s = 0.0;
            stop(all->server, c->exchange, 503, "the server has ended");
        }
    }
    pthread_mutex_unlock(&all->lock);
}

connection *connections_add(connections *all, int fd)
{
    connection *c = calloc(1, sizeof(*c));
    if (!c) {
        return NULL;
    }
    pthread_mutex_lock(&all->lock);
    *c = (connection){.serial = ++all->serials,
                      .fd = fd,
                      .until_s = clock_s() + all->server->settings.timeout_s,
                      .next = all->first};
    if (c->next) {
        c->next->before = c;
    }
    all->first = c;
    pthread_mutex_unlock(&all->lock);
    return c;
}

void connections_remove(connections *all, connection *c)
{
    pthread_mutex_lock(&all->lock);
    *(c->before ? &c->before->next : &all->first) = c->next;
    if (c->next) {
        c->next->before = c->before;
    }
    pthread_mutex_unlock(&all->lock);
    free(c);
}

static void enter(connections *all, connection *c, phase p, double until_s, exchange *x)
{
    pthread_mutex_lock(&all->lock);
    c->phase = p;
    c->until_s = until_s;
    c->exchange = x;
    pthread_mutex_unlock(&all->lock);
}

void connection_arrives(connections *all, connection *c, exchange *x)
{
    /* The time runs from the connection's start, or the end of the reply before. */
    const double until_s = x ? c->until_s : clock_s() + all->server->settings.timeout_s;
    enter(all, c, ARRIVING, until_s, x);
}

void connection_works(connections *all, connection *c, exchange *x)
{
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.u64 = c->serial};
    enter(all, c, WORKING, x->deadline_s, x);
    epoll_ctl(all->epoll, EPOLL_CTL_ADD, c->fd, &event);
}

void connection_sends(connections *all, connection *c, size_t length_bytes)
{
    epoll_ctl(all->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    enter(all, c, SENDING,
          clock_s() + all->server->settings.timeout_s + (double)length_bytes / SLOWEST_BYTES_PER_S,
          NULL);
}
