/* What a path's walk keeps between going up, where names come last first, and writing them down. */
#define PD_NAMES 128 /* components of a path: of a deeper one the last are kept */

struct pd_climb {
	u64 names[PD_NAMES]; /* dentries, from the file up */
	u64 count;
	u64 at; /* bytes written */
};
