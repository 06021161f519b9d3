/* Cores that a container's quotas leave, read below folders that stand for the system's root; and
 * the version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <tyto/version.h>

#include "base/cores.h"
#include "support/room.h"

#define PATH_BYTES 256

static char root[PATH_BYTES];

/* Writes root/path, making its folders. */
static void put(const char *path, const char *text)
{
    char full[2 * PATH_BYTES];
    const int length = snprintf(full, sizeof(full), "%s/%s", root, path);
    assert_in_range(length, 1, sizeof(full) - 1);
    for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(full, 0700);
        *at = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int begin(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "/tmp/tyto-cores-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return room_remove(root);
}

static void no_quota_is_none(void **state)
{
    (void)state;
    assert_int_equal(tyto_quota_cores(root), 0);
    put("proc/self/cgroup", "0::/\n");
    assert_int_equal(tyto_quota_cores(root), 0);
    put("sys/fs/cgroup/cpu.max", "max 100000\n");
    assert_int_equal(tyto_quota_cores(root), 0);
}

static void quotas_are_rounded_up(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int cores;
    } cases[] = {{"100000 100000\n", 1}, {"150000 100000\n", 2}, {"5000 100000\n", 1},
                 {"800000 100000\n", 8}, {"2000 1000", 2},       {"-1 100000\n", 0},
                 {"100000 0\n", 0},      {"many\n", 0},          {"", 0}};
    put("proc/self/cgroup", "0::/\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put("sys/fs/cgroup/cpu.max", cases[i].text);
        assert_int_equal(tyto_quota_cores(root), cases[i].cores);
    }
}

static void the_least_of_all_groups_above_counts(void **state)
{
    (void)state;
    put("proc/self/cgroup", "0::/pods/one/inner\n");
    put("sys/fs/cgroup/pods/one/inner/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/pods/one/cpu.max", "350000 100000\n");
    assert_int_equal(tyto_quota_cores(root), 4);
    put("sys/fs/cgroup/pods/cpu.max", "200000 100000\n");
    assert_int_equal(tyto_quota_cores(root), 2);
    put("sys/fs/cgroup/pods/one/inner/cpu.max", "50000 100000\n");
    assert_int_equal(tyto_quota_cores(root), 1);
}

/* In a container without a namespace of its own, the group named is the host's, and what is
 * mounted is the group itself. */
static void groups_that_are_not_mounted_are_passed_over(void **state)
{
    (void)state;
    put("proc/self/cgroup", "0::/docker/0123abcd\n");
    put("sys/fs/cgroup/cpu.max", "300000 100000\n");
    assert_int_equal(tyto_quota_cores(root), 3);
    put("proc/self/cgroup", "0::/../beside\n");
    put("sys/fs/beside/cpu.max", "100000 100000\n");
    assert_int_equal(tyto_quota_cores(root), 3);
}

static void the_first_version_is_read_too(void **state)
{
    (void)state;
    put("proc/self/cgroup", "12:cpuset:/other\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/y\n0::/\n");
    put("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
    assert_int_equal(tyto_quota_cores(root), 0);
    put("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "250000\n");
    assert_int_equal(tyto_quota_cores(root), 3);
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    assert_int_equal(tyto_quota_cores(root), 2);
    put("sys/fs/cgroup/cpuset/other/cpu.cfs_quota_us", "100000\n");
    put("sys/fs/cgroup/cpuset/other/cpu.cfs_period_us", "100000\n");
    assert_int_equal(tyto_quota_cores(root), 2);
}

static void lines_of_any_kind_are_survived(void **state)
{
    (void)state;
    put("proc/self/cgroup", "\n:\n::\n0:\n0::\ncpu:cpu\n3:cpu:\n9:cpuacct,cpus:/a\n");
    assert_int_equal(tyto_quota_cores(root), 0);
    assert_true(tyto_cores() >= 1);
}

static void the_version_is_one_number(void **state)
{
    (void)state;
    char text[32];
    const int64_t number = tyto_version_number();
    assert_int_equal(number, TYTO_VERSION_NUMBER);
    snprintf(text, sizeof(text), "%d.%d.%d", (int)(number / 10000), (int)(number / 100 % 100),
             (int)(number % 100));
    assert_string_equal(text, TYTO_VERSION);
    assert_string_equal(text, tyto_version());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_quota_is_none, begin, end),
        cmocka_unit_test_setup_teardown(quotas_are_rounded_up, begin, end),
        cmocka_unit_test_setup_teardown(the_least_of_all_groups_above_counts, begin, end),
        cmocka_unit_test_setup_teardown(groups_that_are_not_mounted_are_passed_over, begin, end),
        cmocka_unit_test_setup_teardown(the_first_version_is_read_too, begin, end),
        cmocka_unit_test_setup_teardown(lines_of_any_kind_are_survived, begin, end),
        cmocka_unit_test(the_version_is_one_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
