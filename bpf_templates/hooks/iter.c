/* Snapshots: the program is run on each object, and writes what it shows of it to whoever reads.
 *
 * What the kernel hands over may be NULL, which the verifier wants to see asked before every use.  So its numbers are taken
 * from the context once, into the scratch place: from there they are numbers like any others, which only probe reads
 * follow. */
static long (*pd_seq_write)(void *seq, const void *data, u32 size) = (void *) 127;

PD_INLINE void pd_take_object(struct run *r)
{
	r->reader = r->ctx;
/*% for slot in program.objects %*/
	r->s->object[/*{ slot }*/] = PD_CONTEXT(u64, r->reader, /*{ slot }*/ * 8);
/*% endfor %*/
	r->ctx = r->s->object;
}

/* The context begins with a pointer to struct bpf_iter_meta, and that with one to the struct seq_file that is read.  Where it
 * is full (EOVERFLOW) the kernel hands out what is in it, and then comes with the same object again. */
PD_INLINE int pd_show(struct run *r, const void *row, u32 size)
{
	u64 meta = PD_CONTEXT(u64, r->reader, 0);

	return pd_seq_write((void *) PD_CONTEXT(u64, meta, 0), row, size);
}
