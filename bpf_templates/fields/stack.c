/* Stacks: a head, then the frames, the innermost first. */
struct pd_stack {
	u32 pid; /* of a program's frames, if one of them is an address of the process; else 0 */
	u16 frame; /* bytes of a frame */
	u16 cut; /* there were more frames than are kept */
};

/* struct bpf_stack_build_id (include/uapi/linux/bpf.h): a place in the file that has this build id, or an address. */
struct pd_frame {
	s32 status; /* 1: a place; PD_FRAME_ADDRESS */
	u8 build_id[20];
	u64 offset;
};

#define PD_FRAME_ADDRESS 2
#define PD_ADDRESS_BITS 52 /* programs get no higher addresses unless they ask for them, on any machine */
#define PD_LEAST_ADDRESS 4096 /* nothing is mapped below (vm.mmap_min_addr) */
#define PD_USER_STACK 0x900 /* BPF_F_USER_STACK | BPF_F_USER_BUILD_ID */
#define PD_STACK_LOST 2 /* in place of `cut`: no stack, see outputs/stacks.c */
#define PD_NO_FRAMES -14 /* EFAULT: nothing can be walked here, or less than is skipped */

static long (*pd_get_stack)(void *ctx, void *buffer, u32 size, u64 flags) = (void *) 67;

PD_INLINE u8 pd_stack(void *ctx, char *data, u32 frame, u32 depth, u32 most, u64 flags, u32 *length, u32 *cut)
{
	struct pd_stack *head = (void *) data;
	long got = pd_get_stack(ctx, data + sizeof(*head), most * frame, flags);

	head->pid = 0;
	head->frame = frame;
	head->cut = 0;
	*length = sizeof(*head);
	*cut = 0;
	if (got <= 0)
		return got && got != PD_NO_FRAMES ? PD_UNREAD : PD_ABSENT;
	if (got >= most * frame)
		*cut = head->cut = 1;
	if (got > depth * frame)
		got = depth * frame;
	*length += got;
	return PD_OK;
}

PD_INLINE u8 pd_kernel_stack(void *ctx, char *data, u32 depth, u32 most, u64 skip, u32 *length, u32 *cut)
{
	return pd_stack(ctx, data, sizeof(u64), depth, most, skip, length, cut);
}

/* Files tell frames of all processes alike; what is in none is an address, of the process that it is looked up in.  Without
 * frame pointers the walk comes to what is no address, or far from the file that the kernel takes it for: it ends there. */
PD_INLINE u8 pd_user_stack(void *ctx, char *data, u32 depth, u32 most, u64 skip, u32 *length, u32 *cut)
{
	struct pd_stack *head = (void *) data;
	struct pd_frame *frames = (void *) (data + sizeof(*head));
	u64 kept = 0, found = 0, wrong = 0;
	u8 state = pd_stack(ctx, data, sizeof(*frames), depth, most, skip | PD_USER_STACK, length, cut);

	if (state != PD_OK)
		return state;
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < most; i++) { /* with no branches: all ways through look alike to the verifier */
		u64 at = frames[i].offset;
		u64 address = frames[i].status & PD_FRAME_ADDRESS;
		u64 ended;

		wrong |= at >> PD_ADDRESS_BITS | (address & (at - PD_LEAST_ADDRESS) >> 62);
		ended = wrong | -wrong;
		PD_OPAQUE(ended);
		ended >>= 63;
		if (i < depth)
			found |= address & (ended - 1);
		kept += 1 - ended;
	}
	if (kept < most)
		*cut = head->cut = 0;
	if (sizeof(*head) + kept * sizeof(*frames) < *length)
		*length = sizeof(*head) + kept * sizeof(*frames);
	if (found)
		head->pid = pd_pid_tgid() >> 32;
	return kept ? PD_OK : PD_ABSENT;
}

/* Into a fixed place: zeros behind the frames, so that equal stacks are equal keys. */
PD_INLINE void pd_put_stack(void *to, u32 size, const char *data, u32 length)
{
	pd_read_kernel(to, size, 0); /* there is nothing at 0: the helper clears what it cannot fill */
	if (length > size)
		length = size;
	PD_OPAQUE(length);
	if (length <= size)
		pd_read_kernel(to, length, data);
}
