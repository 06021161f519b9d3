/** How many cores this process may keep busy. */
#ifndef TYTO_BASE_CORES_H
#define TYTO_BASE_CORES_H

/** Cores that the scheduler gives this process, by its affinity and by its container's CPU quota,
 *  rounded up; at least 1. */
int tyto_cores(void);

/** Cores that the quotas of the process's control groups allow, rounded up; 0: no quota.
 *
 *  Both versions are read: v2's cpu.max and v1's cpu.cfs_quota_us and cpu.cfs_period_us, of the
 *  group that /proc/self/cgroup names and of all above it; the least counts.
 *  root    put before every path: "" for the system's own files
 *  source  Linux, Documentation/admin-guide/cgroup-v2.rst; Documentation/scheduler/sched-bwc.rst */
int tyto_quota_cores(const char *root);

#endif
