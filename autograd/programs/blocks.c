/* Rows of the table over blocks of numbers of type T; native.py includes this text once for each type.
 *
 * v holds for each row of numbers where it lies, d where its gradient lies: in a block's own memory, or within an array, where
 * rows are read and written in place. An instruction is {code | flags << 16, out, a, b, c}: flag 1 says that a takes a gradient,
 * 2 that b does, 4 that c does; 8 that the result is rounded to single precision; 16, 32 and 64 that the gradient of a, b or c is
 * the first one, which is added to zeros. A block has m numbers, whole vectors, so that a loop has no rest. */
typedef struct {
    const int32_t *code;
    const int64_t *starts;                 /* of the instructions forward */
    int64_t count;
    const int64_t *back;                   /* of those that pass a gradient on */
    int64_t back_count;
    T **v, **d;
    const T *zeros;
    const T *w;                            /* of lanes: the weights of matrices, and their gradients */
    T *dw;
} OF(Block);

#define EACH _Pragma("GCC ivdep") for (int l = 0; l < m; l++)
#define TO(place) T *to = s->d[p[place]]; const T *on = *p >> (18 + place) & 1 ? s->zeros : to;

/* A row that has no loop of vectors: number by number, by the functions of all rows. */
static void OF(one_by_one)(const OF(Block) *s, const int32_t *p, int m)
{
    const T *a = s->v[p[2]], *b = s->v[p[3] < 0 ? p[2] : p[3]];
    T *out = s->v[p[1]];
    for (int l = 0; l < m; l++)
        out[l] = apply(*p & 0xffff, a[l], b[l]);
}

static void OF(one_by_one_back)(const OF(Block) *s, const int32_t *p, int m)
{
    const T *a = s->v[p[2]], *b = s->v[p[3] < 0 ? p[2] : p[3]], *o = s->v[p[1]], *e = s->d[p[1]];
    for (int i = 0; i < 2; i++)
        if (*p >> (16 + i) & 1) {
            TO(2 + i)
            for (int l = 0; l < m; l++)
                to[l] = on[l] + e[l] * slope(*p & 0xffff, i, o[l], a[l], b[l]);
        }
}

CLONES static void OF(block_forward)(const OF(Block) *s, int m)
{
    T *const *v = s->v;
    m &= -(64 / (int)sizeof(T));
    for (int64_t i = 0; i < s->count; i++) {
        const int32_t *p = s->code + s->starts[i];
        T *out = v[p[1]];
        switch (*p & 0xffff) {
#define F(code, f, dx) case code: { const T *a = v[p[2]]; EACH { const T x = a[l]; out[l] = f; } break; }
        ROWS_OF_ONE(F)
#undef F
#define F(code, f, dx, dy) case code: { const T *a = v[p[2]], *b = v[p[3]]; \
            EACH { const T x = a[l], y = b[l]; out[l] = f; } break; }
        ROWS_OF_TWO(F)
#undef F
#define F(code, f) case code: { const T *a = v[p[2]], *b = v[p[3]]; \
            EACH { const T x = a[l], y = b[l]; out[l] = f; } break; }
        COMPARISONS(F)
#undef F
        case DETACH: memcpy(out, v[p[2]], m * sizeof *out); break;
        case SELECT: {
            const T *c = v[p[2]], *a = v[p[3]], *b = v[p[4]];
            EACH out[l] = c[l] != 0 ? a[l] : b[l];
            break;
        }
#if LANES
        case DOT: {                        /* {DOT, out, pairs, base, the rows of the pairs} */
            const int32_t *q = p + 4;
            if (p[3] < 0) memset(out, 0, m * sizeof *out); else memcpy(out, v[p[3]], m * sizeof *out);
            for (int n = p[2]; n--; q += 2) {
                const T *a = v[q[0]], *b = v[q[1]];
                EACH out[l] += a[l] * b[l];
            }
            break;
        }
        case MATRIX: {                     /* {MATRIX | flags, first weight, J, K, outs, xs}; flag 1: xs take gradients, 2: weights */
            const int32_t *outs = p + 4, *xs = outs + p[2];
            product(p[2], p[3], s->w + p[1], p[3], 1, *v, outs, *v, xs, m, 0);
            break;
        }
#endif
        default: OF(one_by_one)(s, p, m);
        }
#if IS_DOUBLE
        if (*p >> 16 & ROUNDED)
            EACH out[l] = (float)out[l];
#endif
    }
}

CLONES static void OF(block_backward)(const OF(Block) *s, int m)
{
    T *const *v = s->v, *const *d = s->d;
    m &= -(64 / (int)sizeof(T));
    for (int64_t i = s->back_count; i--;) {
        const int32_t *p = s->code + s->back[i];
        const int flags = *p >> 16;
        const T *o = v[p[1]], *e = d[p[1]];
        switch (*p & 0xffff) {
#define F(code, f, dx) case code: { const T *a = v[p[2]]; TO(2) \
            EACH { const T x = a[l], out = o[l]; to[l] = on[l] + e[l] * (dx); } break; }
        ROWS_OF_ONE(F)
#undef F
#define F(code, f, dx, dy) case code: { const T *a = v[p[2]], *b = v[p[3]]; \
            if (flags & 1) { TO(2) EACH { const T x = a[l], y = b[l], out = o[l]; to[l] = on[l] + e[l] * (dx); } } \
            if (flags & 2) { TO(3) EACH { const T x = a[l], y = b[l], out = o[l]; to[l] = on[l] + e[l] * (dy); } } break; }
        ROWS_OF_TWO(F)
#undef F
        case SELECT: {
            const T *c = v[p[2]];
            if (flags & 2) { TO(3) EACH to[l] = on[l] + (c[l] != 0 ? e[l] : 0); }
            if (flags & 4) { TO(4) EACH to[l] = on[l] + (c[l] != 0 ? 0 : e[l]); }
            break;
        }
#if LANES
        case DOT: {
            const int32_t *q = p + 4;
            if (p[3] >= 0) { T *da = d[p[3]]; EACH da[l] += e[l]; }
            for (int n = p[2]; n--; q += 2) {
                const T *a = v[q[0]], *b = v[q[1]];
                T *da = d[q[0]], *db = d[q[1]];
                EACH da[l] += e[l] * b[l];
                EACH db[l] += e[l] * a[l];
            }
            break;
        }
        case MATRIX: {
            const int32_t *outs = p + 4, *xs = outs + p[2];
            if (flags & 1) product(p[3], p[2], s->w + p[1], 1, p[3], *d, xs, *d, outs, m, 1);
            if (flags & 2) outer(p[2], p[3], s->dw + p[1], *d, outs, *v, xs, m);
            break;
        }
#endif
        default: OF(one_by_one_back)(s, p, m);
        }
    }
}

#undef EACH
#undef TO
