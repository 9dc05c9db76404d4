/* A path's walk: up, where the last name comes first, and then down again, writing.  Where it is stays in memory and not in
 * registers, so that all ways to the next step look the same to the verifier. */
#define PD_NAMES 128 /* room for names */
#define PD_DEEP 64 /* names of a path: of a deeper one the last are kept */

struct pd_climb {
	u64 names[PD_NAMES]; /* dentries, from the file up */
	u64 count;
	u64 at; /* bytes written */
	u64 dentry;
	u64 mount;
	u64 root; /* the dentry that is the mount's root */
	u64 stop_dentry;
	u64 stop_mount;
};
