/* Rows of the table fused over arrays, computed as numbers of type T: in blocks that stay in the first cache, each of whole rows of
 * C entries or within one. What has the entries of the whole and is of type T is read and written where it lies, in blocks of whole
 * vectors; a block that is none is copied, and filled up with its last entry. */
#define WIDE (ROOM / (int)sizeof(T))
#define VECTOR (64 / (int)sizeof(T))

#define TYPED_LOAD(code, U) case code: { const U *x = (const U *)from + at; for (int l = 0; l < n; l++) row[l] = x[l]; break; }
#define TYPED_STORE(code, U) case code: { U *x = (U *)to + at; for (int l = 0; l < n; l++) x[l] = row[l]; break; }

/* n numbers of an array, from place `at` on, as T */
CLONES static __attribute__((noinline)) void OF(copied)(T *row, int type, const char *from, int64_t at, int n)
{
    switch (type) { TYPES(TYPED_LOAD) }
}

CLONES static __attribute__((noinline)) void OF(stored)(const T *row, int type, char *to, int64_t at, int n)
{
    switch (type) { FLOATS(TYPED_STORE) TYPED_STORE(2, int8_t) }
}
#undef TYPED_LOAD
#undef TYPED_STORE

CLONES static __attribute__((noinline)) double OF(added)(const T *x, int n)
{
    typedef T part __attribute__((vector_size(STEP * sizeof(T)), aligned(sizeof(T))));
    vec s = {0};
    int l = 0;
    for (; l + STEP <= n; l += STEP)
        s += __builtin_convertvector(*(const part *)(x + l), vec);
    double t = total(s);
    for (; l < n; l++)
        t += x[l];
    return t;
}

static int OF(has_nan)(const T *x, int n)
{
    int found = 0;
    for (int l = 0; l < n; l++)
        found |= x[l] != x[l];
    return found;
}

static int OF(has_infinite)(const T *x, int64_t n)
{
    int found = 0;
    for (int64_t l = 0; l < n; l++)
        found |= !(OF(size)(x[l]) < INFINITY);
    return found;
}

/* How many entries a block has: whole rows of C, if possible in whole vectors, or a part of a row. */
static int OF(block_length)(int64_t C)
{
    int64_t both = C;
    while (both % VECTOR && both <= WIDE)
        both += C;
    if (both <= WIDE) return WIDE / both * both;
    if (C <= WIDE) return WIDE / C * C;
    const int64_t parts = (C + WIDE - 1) / WIDE;
    return ((C + parts - 1) / parts + VECTOR - 1) / VECTOR * VECTOR;
}

typedef struct {
    int64_t first, C;                      /* where the block begins, and the length of a row */
    int n, block, whole;                   /* its entries, those of other blocks, 1 where they are whole vectors */
} OF(Place);

/* {row, buffer, type, kind, rounded}: what is the same in all blocks */
static void OF(load_once)(T *row, const int32_t *p, const char *from, int64_t C)
{
    if (p[3] == ALONE) {
        OF(copied)(row, p[2], from, 0, 1);
        if (p[4]) *row = (float)*row;
        for (int l = 1; l < WIDE; l++)
            row[l] = *row;
    } else if (p[3] == TAIL && C <= WIDE)
        for (int l = 0; l < WIDE; l += C)
            OF(copied)(row + l, p[2], from, 0, C < WIDE - l ? C : WIDE - l);
}

static T *OF(load)(T *row, const int32_t *p, char *from, OF(Place) b)
{
    if (p[3] == ALONE || p[3] == TAIL && b.C <= WIDE) return row;
    if (p[3] != HEAD) {
        const int64_t at = p[3] == FULL ? b.first : b.first % b.C;
        if (p[2] == IS_DOUBLE && b.whole) return (T *)from + at;
        OF(copied)(row, p[2], from, at, b.n);
    } else {
        const int wide = b.C < b.n ? b.C : b.n;
        int64_t r = b.first / b.C;
        for (int l = 0; l < b.n; l += wide) {
            T x;
            OF(copied)(&x, p[2], from, r++, 1);
            for (int k = 0; k < wide; k++)
                row[l + k] = x;
        }
    }
    for (int l = b.n; l % VECTOR; l++)
        row[l] = row[b.n - 1];
    return row;
}

/* {row, 1 for its gradient, buffer, type, kind, 1 to add to what is there, where its sums begin} */
static void OF(store)(const T *row, const int32_t *p, char *to, double *sum, OF(Place) b)
{
    if (p[4] == FULL) {
        if (p[3] != IS_DOUBLE || !b.whole) OF(stored)(row, p[3], to, b.first, b.n);
    } else if (p[4] == ALONE)
        *sum += OF(added)(row, b.n);
    else if (p[4] == TAIL) {
        if (b.C > WIDE) sum += b.first % b.C;
        for (int l = 0; l < b.n; l++)
            sum[l] += row[l];
    } else {
        const int wide = b.C < b.n ? b.C : b.n;
        sum += b.first / b.C;
        for (int l = 0; l < b.n; l += wide)
            *sum++ += OF(added)(row + l, wide);
    }
}

/* {FUSED, length, type, entries, C, loads, checks, stores, sums, first start, forward, first start, backward, rows, the lists} */
CLONES static int OF(fused)(const Arrays *s, const int32_t *p)
{
    const int64_t N = p[3];
    const int32_t *loads = p + 14, *checks = loads + 5 * p[5], *stores = checks + p[6], *end = stores + 7 * p[7];
    T *v[MOST_ROWS], *d[MOST_ROWS];
    const OF(Block) block = {s->code, s->starts + p[9], p[10], s->starts + p[11], p[12], v, d, (const T *)zeros, 0, 0};
    OF(Place) b = {.C = p[4], .block = OF(block_length)(p[4])};
    int status = 0;
#define OWN(row, is_gradient) ((T *)(s->scratch + (2 * (row) + (is_gradient)) * ROOM))
    for (int r = 0; r < p[13]; r++)
        v[r] = OWN(r, 0), d[r] = OWN(r, 1);
    memset(s->sums, 0, p[8] * sizeof(double));
    for (const int32_t *q = loads; q < checks; q += 5)
        OF(load_once)(*q < 0 ? OWN(~*q, 1) : OWN(*q, 0), q, s->at[q[1]], b.C);
    for (; b.first < N; b.first += b.n) {
        b.n = N - b.first < b.block ? N - b.first : b.block;
        if (b.C > WIDE && b.C - b.first % b.C < b.n) b.n = b.C - b.first % b.C;
        b.whole = b.n % VECTOR == 0;
        for (const int32_t *q = loads; q < checks; q += 5)
            *(*q < 0 ? d + ~*q : v + *q) = OF(load)(*q < 0 ? OWN(~*q, 1) : OWN(*q, 0), q, s->at[q[1]], b);
        for (const int32_t *q = stores; q < end; q += 7)
            if (q[4] == FULL && q[3] == IS_DOUBLE)
                *(q[1] ? d + *q : v + *q) = b.whole ? (T *)s->at[q[2]] + b.first : OWN(*q, q[1]);
        OF(block_forward)(&block, b.n + VECTOR - 1);
        OF(block_backward)(&block, b.n + VECTOR - 1);
        for (const int32_t *q = checks; q < stores; q++)
            status |= *q >= FINITELY ? OF(has_infinite)(v[*q - FINITELY], b.n) : 2 * OF(has_nan)(*q < 0 ? d[~*q] : v[*q], b.n);
        for (const int32_t *q = stores; q < end; q += 7)
            OF(store)(q[1] ? d[*q] : v[*q], q, s->at[q[2]], s->sums + q[6], b);
    }
    for (p = stores; p < end; p += 7)
        if (p[4] != FULL)
            sums_stored(p, s->at[p[2]], s->sums + p[6], p[4] == ALONE ? 1 : p[4] == TAIL ? b.C : N / b.C, p[4] == TAIL ? b.block : 0);
    return status;
}
#undef OWN
#undef WIDE
#undef VECTOR
