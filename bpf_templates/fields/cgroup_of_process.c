#define PD_ANCESTOR_CGROUP(r, level) pd_ancestor_cgroup(level)
