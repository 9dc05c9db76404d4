/* What somebody would write by hand for the jobs of cost.py: the measure for generated code. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))

static long (*bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static u64 (*bpf_get_current_uid_gid)(void) = (void *)15;
static long (*bpf_get_current_comm)(void *to, u32 size) = (void *)16;
static long (*bpf_probe_read_user_str)(void *to, u32 size, const void *from) = (void *)114;

struct {
	int (*type)[5]; /* BPF_MAP_TYPE_PERCPU_HASH */
	int (*max_entries)[10240];
	u8 (*key)[16];
	u64 *value;
} counts SEC(".maps");

/* Count calls of uid 0 by the name of the thread. */
SEC("tracepoint/count")
int count(void *context)
{
	u8 comm[16] = {};
	u64 one = 1, *found;

	if ((u32)bpf_get_current_uid_gid() != 0)
		return 0;
	bpf_get_current_comm(comm, sizeof(comm));
	found = bpf_map_lookup_elem(&counts, comm);
	if (found)
		*found += 1;
	else
		bpf_map_update_elem(&counts, comm, &one, 1);
	return 0;
}

/* The first argument is a path in user memory: is it below /opt/none-0? It never is. */
SEC("tracepoint/path")
int path(u64 *context)
{
	char name[256];
	u64 one = 1;

	if ((u32)bpf_get_current_uid_gid() != 0)
		return 0;
	if (bpf_probe_read_user_str(name, sizeof(name), (void *)context[2]) < 0)
		return 0;
#pragma unroll
	for (int i = 0; i < 11; i++)
		if (name[i] != "/opt/none-0"[i])
			return 0;
	bpf_map_update_elem(&counts, name, &one, 1);
	return 0;
}

char _license[] SEC("license") = "GPL";
