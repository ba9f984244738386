/* The interpreter of recorded programs: one loop over op codes, whose cases are made from the table of operations.
 *
 * native.py writes the functions of all rows and lists of them in front of this text, one entry F(code, forward, slope …) for each
 * row: its forward of x and y, and its local gradients of out, x and y. FEW_UNARY and FEW_BINARY are the most frequent,
 * UNARY and BINARY what is computed with vectors, these among them, OTHER_UNARY and OTHER_BINARY the rest. No program is compiled by itself: it is numbers that this loop reads.
 *
 * A program of numbers: v holds the value of each place, d its gradient. An instruction is {code | flags << 16, out, a, b, c};
 * flag 1 says that a takes a gradient, 2 that b does, 4 that c does. A dot is {DOT, out, pairs of which both factors take a
 * gradient, further pairs of which the first does or none, then the places of the pairs}. */
#define WIDTH 64                            /* of a block of lanes */
#define STEP 8
#define ROUNDED 8                           /* a flag of an instruction: its result is rounded to single precision */
typedef double vec __attribute__((vector_size(64), aligned(8)));

#define COMPARISONS(F) F(LESS, x < y) F(LESS_EQUAL, x <= y) F(GREATER, x > y) F(GREATER_EQUAL, x >= y) F(EQUAL, x == y) \
    F(NOT_EQUAL, x != y) F(EITHER, x != 0 || y != 0)

/* The rows that no loop below has as a case of its own: one number of one of them, and of its local gradient by x or y. */
CLONES static double apply(int code, double x, double y)
{
    switch (code) {
#define F(code, f, dx) case code: return f;
    UNARY(F) OTHER_UNARY(F)
#undef F
#define F(code, f, dx, dy) case code: return f;
    BINARY(F) OTHER_BINARY(F)
#undef F
    }
    return NAN;
}

CLONES static double slope(int code, int by_y, double out, double x, double y)
{
    switch (code) {
#define F(code, f, dx) case code: return dx;
    UNARY(F) OTHER_UNARY(F)
#undef F
#define F(code, f, dx, dy) case code: return by_y ? dy : dx;
    BINARY(F) OTHER_BINARY(F)
#undef F
    }
    return NAN;
}

CLONES void forward(const int32_t *p, int64_t count, double *v)
{
    while (count--)
        switch (*p & 0xffff) {
#define F(code, f, dx) case code: { double x = v[p[2]]; v[p[1]] = f; p += 5; break; }
        FEW_UNARY(F)
#undef F
#define F(code, f, dx, dy) case code: { double x = v[p[2]], y = v[p[3]]; v[p[1]] = f; p += 5; break; }
        FEW_BINARY(F)
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
            break;
        }
        default: v[p[1]] = apply(*p & 0xffff, v[p[2]], p[3] < 0 ? 0 : v[p[3]]); p += 5;
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
        FEW_UNARY(F)
#undef F
#define F(code, f, dx, dy) case code: { double x = v[p[2]], y = v[p[3]]; \
            if (flags & 1) d[p[2]] += g * (dx); if (flags & 2) d[p[3]] += g * (dy); break; }
        FEW_BINARY(F)
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
            break;
        }
        default:
            for (int i = 0; i < 2; i++)
                if (flags >> i & 1)
                    d[p[2 + i]] += g * slope(*p & 0xffff, i, out, v[p[2]], p[3] < 0 ? 0 : v[p[3]]);
        }
    }
}

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
