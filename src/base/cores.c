#include "base/cores.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest path of a control group's file that is looked at. */
#define PATH_BYTES 4096
/* Most CPUs of a machine. */
#define CPUS_MAX (1 << 16)
/* The quota that stands for none. */
#define NO_QUOTA 0.0

/* Where distributions mount the hierarchies. */
static const char *const unified_mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", NULL};
static const char *const cpu_mounts[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct",
                                         "/sys/fs/cgroup/cpuacct,cpu", NULL};

/* The first line of folder/name; false when there is none. */
static bool read_line(const char *folder, const char *name, char *line, int bytes)
{
    char path[PATH_BYTES];
    const int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = length > 0 && (size_t)length < sizeof(path) ? fopen(path, "re") : NULL;
    const bool done = file && fgets(line, bytes, file);
    if (file) {
        fclose(file);
    }
    return done;
}

/* The whole number that a text begins with, and where the text goes on; 0 where there is none, or
 * one that isn't positive. */
static long long positive_number(const char *text, char **end)
{
    const long long number = strtoll(text, end, 10);
    return number > 0 ? number : 0;
}

static double quota_of_period(long long quota, long long period)
{
    return quota > 0 && period > 0 ? (double)quota / (double)period : NO_QUOTA;
}

/* Cores by a v2 group's cpu.max: "150000 100000", or "max 100000" for no quota. */
static double unified_quota(const char *folder)
{
    char line[128], *end;
    if (!read_line(folder, "cpu.max", line, sizeof(line))) {
        return NO_QUOTA;
    }
    const long long quota = positive_number(line, &end);
    return quota_of_period(quota, positive_number(end, &end));
}

/* Cores by a v1 group's two files, of which the quota is -1 when there is none. */
static double cpu_quota(const char *folder)
{
    char quota[128], period[128], *end;
    return read_line(folder, "cpu.cfs_quota_us", quota, sizeof(quota)) &&
                   read_line(folder, "cpu.cfs_period_us", period, sizeof(period))
               ? quota_of_period(positive_number(quota, &end), positive_number(period, &end))
               : NO_QUOTA;
}

/* The least quota of a group and of all above it, up to where they are mounted. In a container
 * without a namespace of its own the path is the host's and the group itself is mounted: folders
 * that are not there have no quota. */
static double least_quota(const char *root, const char *mount, const char *group,
                          double (*quota_of)(const char *folder))
{
    char folder[PATH_BYTES];
    double least = NO_QUOTA;
    const size_t top = strlen(root) + strlen(mount);
    /* Of a group outside of the namespace, "/../other", only what is mounted can be seen. */
    const char *below = strstr(group, "/..") ? "" : group;
    const int length = snprintf(folder, sizeof(folder), "%s%s%s", root, mount, below);
    if (length < 0 || (size_t)length >= sizeof(folder)) {
        return NO_QUOTA;
    }
    for (;;) {
        const double quota = quota_of(folder);
        if (quota > 0.0 && (least <= 0.0 || quota < least)) {
            least = quota;
        }
        char *last = strrchr(folder + top, '/');
        if (!last) {
            return least;
        }
        *last = '\0';
    }
}

/* Whether a comma-separated list has the word. */
static bool has_word(const char *list, const char *word)
{
    const size_t length = strlen(word);
    while (list) {
        if (strncmp(list, word, length) == 0 && (list[length] == ',' || list[length] == '\0')) {
            return true;
        }
        list = strchr(list, ',');
        list = list ? list + 1 : NULL;
    }
    return false;
}

/* The quota of one line of /proc/self/cgroup, "number:controllers:group". */
static double line_quota(const char *root, char *line)
{
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    double least = NO_QUOTA;
    if (!group) {
        return NO_QUOTA;
    }
    *controllers++ = '\0';
    *group++ = '\0';
    const bool unified = strcmp(line, "0") == 0 && *controllers == '\0';
    if (!unified && !has_word(controllers, "cpu")) {
        return NO_QUOTA;
    }
    for (const char *const *mount = unified ? unified_mounts : cpu_mounts; *mount; mount++) {
        const double quota = least_quota(root, *mount, group, unified ? unified_quota : cpu_quota);
        least = quota > 0.0 && (least <= 0.0 || quota < least) ? quota : least;
    }
    return least;
}

int tyto_quota_cores(const char *root)
{
    char path[PATH_BYTES], line[PATH_BYTES];
    double least = NO_QUOTA;
    const int length = snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    FILE *file = length > 0 && (size_t)length < sizeof(path) ? fopen(path, "re") : NULL;
    while (file && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        const double quota = line_quota(root, line);
        least = quota > 0.0 && (least <= 0.0 || quota < least) ? quota : least;
    }
    if (file) {
        fclose(file);
    }
    if (least <= 0.0 || least > CPUS_MAX) {
        return 0;
    }
    const int whole = (int)least;
    return whole < least ? whole + 1 : whole;
}

/* CPUs of the process's affinity; a machine may have more than a cpu_set_t holds. */
static int affine_cores(void)
{
    for (int cpus = CPU_SETSIZE; cpus <= CPUS_MAX; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)cpus);
        if (!set) {
            return 1;
        }
        const size_t bytes = CPU_ALLOC_SIZE((size_t)cpus);
        const bool done = sched_getaffinity(0, bytes, set) == 0;
        const bool larger = !done && errno == EINVAL;
        const int cores = done ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (!larger) {
            return cores > 0 ? cores : 1;
        }
    }
    return 1;
}

int tyto_cores(void)
{
    const int cores = affine_cores(), quota = tyto_quota_cores("");
    return quota > 0 && quota < cores ? quota : cores;
}
