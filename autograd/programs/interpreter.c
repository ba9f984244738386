/* The interpreter of recorded programs: one loop over op codes, whose cases are made from the table of operations.
 *
 * native.py writes the functions of all rows and the lists UNARY(F) and BINARY(F) in front of this text, one entry F(code,
 * forward, slope …) for each row: its forward of x and y, and its local gradients of out, x and y. No program is compiled by
 * itself: it is numbers that this loop reads.
 *
 * A program of numbers: v holds the value of each place, d its gradient. An instruction is {code | flags << 16, out, a, b, c};
 * flag 1 says that a takes a gradient, 2 that b does, 4 that c does. A dot is {DOT, out, pairs of which both factors take a
 * gradient, further pairs of which the first does or none, then the places of the pairs}.
 *
 * A program of lanes runs over blocks of examples that stay in the first cache: a row of WIDTH numbers for each place that
 * varies by example. Matrices have their weights in w, row by row, and the gradients of these in dw. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define WIDTH 64
#define ROUNDED 8                           /* a flag of an instruction over lanes: its result is rounded to single precision */
#define STEP 8
typedef double vec __attribute__((vector_size(64), aligned(8)));

/* A library that is carried elsewhere has its loops for several processors; the one at hand is chosen when it is loaded. */
#if defined PORTABLE && defined __x86_64__ && defined __linux__ && defined __GNUC__ && !defined __clang__
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
#define WITHIN static inline __attribute__((always_inline))

#define COMPARISONS(F) F(LESS, x < y) F(LESS_EQUAL, x <= y) F(GREATER, x > y) F(GREATER_EQUAL, x >= y) F(EQUAL, x == y) \
    F(NOT_EQUAL, x != y) F(EITHER, x != 0 || y != 0)

CLONES void forward(const int32_t *p, int64_t count, double *v)
{
    while (count--)
        switch (*p & 0xffff) {
#define F(code, f, dx) case code: { double x = v[p[2]]; v[p[1]] = f; p += 5; break; }
        UNARY(F)
#undef F
#define F(code, f, dx, dy) case code: { double x = v[p[2]], y = v[p[3]]; v[p[1]] = f; p += 5; break; }
        BINARY(F)
#undef F
#define F(code, f) case code: { double x = v[p[2]], y = v[p[3]]; v[p[1]] = f; p += 5; break; }
        COMPARISONS(F)
#undef F
        case DETACH: v[p[1]] = v[p[2]]; p += 5; break;
        case SELECT: v[p[1]] = v[p[2]] != 0 ? v[p[3]] : v[p[4]]; p += 5; break;
        case DOT: {
            int n = p[2] + p[3], i = 0;
            const int32_t *q = p + 4;
            double s = 0, t = 0, u = 0, w = 0;
            for (; i + 4 <= n; i += 4, q += 8) {
                s += v[q[0]] * v[q[1]];
                t += v[q[2]] * v[q[3]];
                u += v[q[4]] * v[q[5]];
                w += v[q[6]] * v[q[7]];
            }
            for (; i < n; i++, q += 2)
                s += v[q[0]] * v[q[1]];
            v[p[1]] = (s + t) + (u + w);
            p = q;
        }
        }
}

/* The gradients of everything that the instructions at the places `starts` of the code, walked from the last, depend on. */
CLONES void backward(const int32_t *code, const int64_t *starts, int64_t count, const double *v, double *d)
{
    while (count--) {
        const int32_t *p = code + starts[count];
        const int flags = *p >> 16;
        const double g = d[p[1]], out = v[p[1]];
        switch (*p & 0xffff) {
#define F(code, f, dx) case code: { double x = v[p[2]]; d[p[2]] += g * (dx); break; }
        UNARY(F)
#undef F
#define F(code, f, dx, dy) case code: { double x = v[p[2]], y = v[p[3]]; \
            if (flags & 1) d[p[2]] += g * (dx); if (flags & 2) d[p[3]] += g * (dy); break; }
        BINARY(F)
#undef F
        case SELECT: d[p[3]] += v[p[2]] != 0 ? g : 0; d[p[4]] += v[p[2]] != 0 ? 0 : g; break;
        case DOT: {
            const int32_t *q = p + 4;
            for (int i = p[2]; i--; q += 2) {
                d[q[0]] += g * v[q[1]];
                d[q[1]] += g * v[q[0]];
            }
            for (int i = p[3]; i--; q += 2)
                d[q[0]] += g * v[q[1]];
        }
        }
    }
}

typedef struct {
    const int32_t *code;
    const int64_t *starts;                 /* of all instructions, forward */
    int64_t count;
    const int64_t *back;                   /* of those that pass a gradient on */
    int64_t back_count;
    double *v, *d;                         /* of what does not vary by example */
    double *values, *gradients;            /* rows × WIDTH */
    int64_t rows;
    const int32_t *weights;                /* the places of the weights of all matrices */
    int64_t weight_count;
    double *w, *dw;
    const int32_t *spread;                 /* pairs (row, place): a number in every lane */
    int64_t spread_count;
    const int32_t *in_rows;
    double **in;
    const int64_t *in_strides;
    int64_t in_count;
    double **din;                          /* where the gradients of the inputs go; none where null */
    const int64_t *din_strides;
    const int32_t *out_rows;
    double **out;
    int64_t out_count;
    int64_t seed_row;                      /* negative: forward only */
    double seed;
    int64_t lanes;
} Lanes;

/* out[j] (+)= Σ_k w[j·sj + k·sk] · x[k], rows of m lanes each; four rows at a time share the loads of x */
WITHIN void product(int J, int K, const double *w, int64_t sj, int64_t sk, double *to, const int32_t *outs,
                           const double *from, const int32_t *xs, int m, int add)
{
    for (int j = 0; j < J; j += 4) {
        const int many = J - j < 4 ? J - j : 4;
        const double *w0 = w + j * sj, *w1 = many > 1 ? w0 + sj : w0, *w2 = many > 2 ? w0 + 2 * sj : w0,
                     *w3 = many > 3 ? w0 + 3 * sj : w0;
        for (int l = 0; l < m; l += STEP) {
            vec s[4] = {{0}, {0}, {0}, {0}};
            if (many == 4)
                for (int k = 0; k < K; k++) {
                    const vec x = *(const vec *)(from + xs[k] * WIDTH + l);
                    s[0] += w0[k * sk] * x;
                    s[1] += w1[k * sk] * x;
                    s[2] += w2[k * sk] * x;
                    s[3] += w3[k * sk] * x;
                }
            else
                for (int i = 0; i < many; i++)
                    for (int k = 0; k < K; k++)
                        s[i] += w[(j + i) * sj + k * sk] * *(const vec *)(from + xs[k] * WIDTH + l);
            for (int i = 0; i < many; i++) {
                vec *target = (vec *)(to + outs[j + i] * WIDTH + l);
                *target = add ? *target + s[i] : s[i];
            }
        }
    }
}

WITHIN double total(vec x)
{
    return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
}

/* dw[j][k] += Σ over lanes of g[j] · x[k], in tiles of four by four */
WITHIN void outer(int J, int K, double *dw, const double *g, const int32_t *outs, const double *x, const int32_t *xs, int m)
{
    for (int j = 0; j < J; j += 4)
        for (int k = 0; k < K; k += 4) {
            const int high = J - j < 4 ? J - j : 4, wide = K - k < 4 ? K - k : 4;
            const double *gs[4], *hs[4];
            for (int i = 0; i < 4; i++) {
                gs[i] = g + outs[j + (i < high ? i : 0)] * WIDTH;
                hs[i] = x + xs[k + (i < wide ? i : 0)] * WIDTH;
            }
            if (high < 4 || wide < 4) {
                for (int a = 0; a < high; a++)
                    for (int b = 0; b < wide; b++) {
                        vec s = {0};
                        for (int l = 0; l < m; l += STEP)
                            s += *(const vec *)(gs[a] + l) * *(const vec *)(hs[b] + l);
                        dw[(j + a) * K + k + b] += total(s);
                    }
                continue;
            }
            vec s[4][4];
            memset(s, 0, sizeof s);
            for (int l = 0; l < m; l += STEP) {
                const vec x0 = *(const vec *)(hs[0] + l), x1 = *(const vec *)(hs[1] + l), x2 = *(const vec *)(hs[2] + l),
                          x3 = *(const vec *)(hs[3] + l);
#pragma GCC unroll 4
                for (int a = 0; a < 4; a++) {
                    const vec y = *(const vec *)(gs[a] + l);
                    s[a][0] += y * x0;
                    s[a][1] += y * x1;
                    s[a][2] += y * x2;
                    s[a][3] += y * x3;
                }
            }
#pragma GCC unroll 4
            for (int a = 0; a < 4; a++)
#pragma GCC unroll 4
                for (int b = 0; b < 4; b++)
                    dw[(j + a) * K + k + b] += total(s[a][b]);
        }
}

#define ROW(base, n) ((base) + (int64_t)(n) * WIDTH)
#define EACH _Pragma("GCC ivdep") for (int l = 0; l < m; l++)

CLONES static void block_forward(const Lanes *s, int m)
{
    double *v = s->values;
    for (int64_t i = 0; i < s->count; i++) {
        const int32_t *p = s->code + s->starts[i];
        double *out = ROW(v, p[1]);
        switch (*p & 0xffff) {
#define F(code, f, dx) case code: { const double *a = ROW(v, p[2]); EACH { double x = a[l]; out[l] = f; } break; }
        UNARY(F)
#undef F
#define F(code, f, dx, dy) case code: { const double *a = ROW(v, p[2]), *b = ROW(v, p[3]); \
            EACH { double x = a[l], y = b[l]; out[l] = f; } break; }
        BINARY(F)
#undef F
#define F(code, f) case code: { const double *a = ROW(v, p[2]), *b = ROW(v, p[3]); \
            EACH { double x = a[l], y = b[l]; out[l] = f; } break; }
        COMPARISONS(F)
#undef F
        case DETACH: memcpy(out, ROW(v, p[2]), m * sizeof *out); break;
        case SELECT: {
            const double *c = ROW(v, p[2]), *a = ROW(v, p[3]), *b = ROW(v, p[4]);
            EACH out[l] = c[l] != 0 ? a[l] : b[l];
            break;
        }
        case DOT: {                        /* {DOT, out, pairs, base, the rows of the pairs} */
            const int32_t *q = p + 4;
            if (p[3] < 0) memset(out, 0, m * sizeof *out); else memcpy(out, ROW(v, p[3]), m * sizeof *out);
            for (int n = p[2]; n--; q += 2) {
                const double *a = ROW(v, q[0]), *b = ROW(v, q[1]);
                EACH out[l] += a[l] * b[l];
            }
            break;
        }
        case MATRIX: {                     /* {MATRIX | flags, first weight, J, K, outs, xs}; flag 1: xs take gradients, 2: weights */
            const int32_t *outs = p + 4, *xs = outs + p[2];
            product(p[2], p[3], s->w + p[1], p[3], 1, v, outs, v, xs, m, 0);
        }
        }
        if (*p >> 16 & ROUNDED)
            EACH out[l] = (float)out[l];
    }
}

CLONES static void block_backward(const Lanes *s, int m)
{
    const double *v = s->values;
    double *d = s->gradients;
    for (int64_t i = s->back_count; i--;) {
        const int32_t *p = s->code + s->back[i];
        const int flags = *p >> 16;
        const double *o = ROW(v, p[1]), *e = ROW(d, p[1]);
        switch (*p & 0xffff) {
#define F(code, f, dx) case code: { const double *a = ROW(v, p[2]); double *da = ROW(d, p[2]); \
            EACH { double x = a[l], out = o[l]; da[l] += e[l] * (dx); } break; }
        UNARY(F)
#undef F
#define F(code, f, dx, dy) case code: { const double *a = ROW(v, p[2]), *b = ROW(v, p[3]); \
            double *da = ROW(d, p[2]), *db = ROW(d, p[3]); \
            if (flags & 1) EACH { double x = a[l], y = b[l], out = o[l]; da[l] += e[l] * (dx); } \
            if (flags & 2) EACH { double x = a[l], y = b[l], out = o[l]; db[l] += e[l] * (dy); } break; }
        BINARY(F)
#undef F
        case SELECT: {
            const double *c = ROW(v, p[2]);
            double *da = ROW(d, p[3]), *db = ROW(d, p[4]);
            EACH da[l] += c[l] != 0 ? e[l] : 0;
            EACH db[l] += c[l] != 0 ? 0 : e[l];
            break;
        }
        case DOT: {
            const int32_t *q = p + 4;
            if (p[3] >= 0) { double *da = ROW(d, p[3]); EACH da[l] += e[l]; }
            for (int n = p[2]; n--; q += 2) {
                const double *a = ROW(v, q[0]), *b = ROW(v, q[1]);
                double *da = ROW(d, q[0]), *db = ROW(d, q[1]);
                EACH da[l] += e[l] * b[l];
                EACH db[l] += e[l] * a[l];
            }
            break;
        }
        case MATRIX: {
            const int32_t *outs = p + 4, *xs = outs + p[2];
            if (flags & 1) product(p[3], p[2], s->w + p[1], 1, p[3], d, xs, d, outs, m, 1);
            if (flags & 2) outer(p[2], p[3], s->dw + p[1], d, outs, v, xs, m);
        }
        }
    }
}

/* The gradients of one block: the seed, the instructions from the last, then the sums over lanes and what goes out. */
WITHIN void block_gradients(const Lanes *s, int64_t first, int live, int m)
{
    double *d = s->gradients;
    for (int64_t r = 0; r < s->rows; r++)
        memset(ROW(d, r), 0, m * sizeof *d);
    for (int l = 0; l < live; l++)
        ROW(d, s->seed_row)[l] = s->seed;
    block_backward(s, m);
    for (int64_t i = 0; i < s->spread_count; i++) {
        const double *row = ROW(d, s->spread[2 * i]);
        double sum = 0;
        for (int l = 0; l < live; l++)
            sum += row[l];
        s->d[s->spread[2 * i + 1]] += sum;
    }
    for (int64_t i = 0; i < s->in_count; i++)
        if (s->din[i])
            for (int l = 0; l < live; l++)
                s->din[i][(first + l) * s->din_strides[i]] = ROW(d, s->in_rows[i])[l];
}

CLONES void lanes(const Lanes *s)
{
    for (int64_t i = 0; i < s->weight_count; i++)
        s->w[i] = s->v[s->weights[i]];
    memset(s->dw, 0, s->weight_count * sizeof *s->dw);
    for (int64_t i = 0; i < s->spread_count; i++)
        for (int l = 0; l < WIDTH; l++)
            ROW(s->values, s->spread[2 * i])[l] = s->v[s->spread[2 * i + 1]];
    for (int64_t first = 0; first < s->lanes; first += WIDTH) {
        const int live = s->lanes - first < WIDTH ? s->lanes - first : WIDTH, m = (live + STEP - 1) / STEP * STEP;
        for (int64_t i = 0; i < s->in_count; i++) {
            double *row = ROW(s->values, s->in_rows[i]);
            const double *in = s->in[i] + first * s->in_strides[i];
            for (int l = 0; l < live; l++)
                row[l] = in[l * s->in_strides[i]];
            for (int l = live; l < m; l++)     /* lanes without an example repeat the last one, and get no seed */
                row[l] = row[live - 1];
        }
        block_forward(s, m);
        for (int64_t i = 0; i < s->out_count; i++)
            memcpy(s->out[i] + first, ROW(s->values, s->out_rows[i]), live * sizeof(double));
        if (s->seed_row >= 0)
            block_gradients(s, first, live, m);
    }
    if (s->seed_row >= 0)
        for (int64_t i = 0; i < s->weight_count; i++)
            s->d[s->weights[i]] += s->dw[i];
}
