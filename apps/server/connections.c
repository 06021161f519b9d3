#include "connections.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"

/* How often slow ones are looked for, and how slowly a reply may be taken at least. */
enum { SWEEP_MS = 200, EVENTS_MAX = 64 };
#define SLOWEST_BYTES_PER_S 10e3

/* How long, how much and of how many at once what clients still send is read when they have their
 * reply already. */
enum { LINGERING_MAX = 256 };
#define LINGER_S 5.0
#define LINGER_BYTES ((int64_t)256 << 20)

/* LINGERING: libmicrohttpd has closed it, and `fd` is a copy of ours. */
typedef enum phase { ARRIVING, WORKING, STREAMING, SENDING, LINGERING } phase;

struct connection {
    uint64_t serial; /* events name a connection so: its memory may be another's by then */
    int fd;
    phase phase;
    double until_s; /* of what it is doing */
    exchange *exchange;
    bool lingers;    /* once it has ended */
    int64_t dropped; /* bytes, while it lingers */
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
    int64_t lingering;
    uint64_t serials;
};

/* Writes an error to a client whose request is still coming, if it may be written to. */
static bool say(const connections *all, const connection *c, unsigned code, const char *text)
{
    enum { AROUND_TEXT = sizeof("{\"error\":\"\"}") - 1 };
    char reply[512];
    if (all->tls) {
        return false;
    }
    const int length =
        snprintf(reply, sizeof(reply),
                 "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\n%s"
                 "Content-Length: %zu\r\nConnection: close\r\n\r\n{\"error\":\"%s\"}",
                 code, MHD_get_reason_phrase_for(code), code == 503 ? "Retry-After: 1\r\n" : "",
                 strlen(text) + AROUND_TEXT, text);
    return send(c->fd, reply, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) == length;
}

/* Ends a connection, which the network's thread then finds ended. */
static void cut(const connections *all, const connection *c)
{
    if (c->phase == ARRIVING && c->exchange) {
        c->exchange->late = true;
        say(all, c, 408, "the request did not come in time");
    }
    shutdown(c->fd, SHUT_RDWR);
}

static void forget(connections *all, connection *c)
{
    *(c->before ? &c->before->next : &all->first) = c->next;
    if (c->next) {
        c->next->before = c->before;
    }
    if (c->phase == LINGERING) {
        close(c->fd);
        all->lingering--;
    }
    free(c);
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
    for (connection *c = all->first, *next; c; c = next) {
        next = c->next;
        if (now < c->until_s) {
            continue;
        }
        if (c->phase == LINGERING) {
            forget(all, c);
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

/* Reads and drops what has come. */
static void drain(connections *all, connection *c)
{
    char bytes[64 * 1024];
    ssize_t n = 1;
    for (int i = 0; i < 16 && n > 0; i++) {
        n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        c->dropped += n > 0 ? n : 0;
    }
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || c->dropped > LINGER_BYTES) {
        forget(all, c);
    }
}

/* The client has ended its side, or sends on although it has its reply. */
static void heed(connections *all, uint64_t serial)
{
    pthread_mutex_lock(&all->lock);
    connection *c = all->first;
    while (c && c->serial != serial) {
        c = c->next;
    }
    if (c && (c->phase == WORKING || c->phase == STREAMING)) {
        c->exchange->left = true;
        stop(all->server, c->exchange, 499, "the client has left");
    } else if (c && c->phase == LINGERING) {
        drain(all, c);
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
            heed(all, events[i].data.u64);
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
    while (all->first) {
        forget(all, all->first);
    }
    close(all->epoll);
    pthread_mutex_destroy(&all->lock);
    free(all);
}

void connections_give_up(connections *all)
{
    pthread_mutex_lock(&all->lock);
    for (connection *c = all->first; c; c = c->next) {
        if (c->phase == WORKING || c->phase == STREAMING) {
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

/* Keeps a connection that libmicrohttpd closes, for a while. Returns false when it can't. */
static bool linger(connections *all, connection *c)
{
    const int fd =
        c->lingers && all->lingering < LINGERING_MAX ? fcntl(c->fd, F_DUPFD_CLOEXEC, 0) : -1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.u64 = c->serial};
    if (fd < 0) {
        return false;
    }
    shutdown(fd, SHUT_WR);
    epoll_ctl(all->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    c->fd = fd;
    c->phase = LINGERING;
    c->exchange = NULL;
    c->until_s = clock_s() + LINGER_S;
    all->lingering++;
    if (epoll_ctl(all->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        forget(all, c);
    }
    return true;
}

void connections_remove(connections *all, connection *c)
{
    pthread_mutex_lock(&all->lock);
    if (!linger(all, c)) {
        forget(all, c);
    }
    pthread_mutex_unlock(&all->lock);
}

bool connection_refuses(connections *all, connection *c, unsigned code, const char *text)
{
    pthread_mutex_lock(&all->lock);
    const bool said = say(all, c, code, text);
    c->lingers = c->lingers || said;
    pthread_mutex_unlock(&all->lock);
    return said;
}

void connection_lingers(connections *all, connection *c)
{
    pthread_mutex_lock(&all->lock);
    c->lingers = true;
    pthread_mutex_unlock(&all->lock);
}

int64_t connections_busy(connections *all)
{
    int64_t busy = 0;
    pthread_mutex_lock(&all->lock);
    for (const connection *c = all->first; c; c = c->next) {
        busy += c->exchange || c->phase == SENDING;
    }
    pthread_mutex_unlock(&all->lock);
    return busy;
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

void connection_streams(connections *all, connection *c, exchange *x, bool sends)
{
    enter(all, c, STREAMING, sends ? clock_s() + all->server->settings.timeout_s : HUGE_VAL, x);
}

void connection_sends(connections *all, connection *c, size_t length_bytes)
{
    epoll_ctl(all->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    enter(all, c, SENDING,
          clock_s() + all->server->settings.timeout_s + (double)length_bytes / SLOWEST_BYTES_PER_S,
          NULL);
}
