/* Programs of arrays: instructions on buffers, which native.py puts behind the interpreter above.
 *
 * `at` holds the address of each buffer. An instruction is {kind, its length, …}. FUSED runs rows of the table entry by entry, in the
 * blocks of lanes of the interpreter above: entries are loaded as doubles into rows, also those that are broadcast, the rows run
 * forward and backward, and what is asked for is stored, or summed where it was broadcast. Everything else is one operation.
 *
 * A run returns 1 where a guard has another answer than when it was recorded, 2 where a nan arose or would be hidden. */
#include <fenv.h>

enum { FUSED, MATMUL, LOSS, LOSS_BACK, SOFTMAX, SOFTMAX_BACK, SHARES, LABELS, FINITE, WATCH };
enum { FULL, ALONE, TAIL, HEAD };          /* an operand of R × C entries: as many, one, C that are the same in all rows, R */
#define TYPES(F) F(0, float) F(1, double) F(2, int8_t) F(3, int64_t)
#define FLOATS(F) F(0, float) F(1, double)

typedef struct {
    const int32_t *code;
    int64_t length;
    const int64_t *starts;                 /* of the instructions of blocks, within the code */
    char **at;
    double *values, *gradients;            /* rows × WIDTH */
    double *sums;                          /* room for sums, and for a packed matrix */
} Arrays;

#define TYPED_LOAD(code, T) case code: { \
    const T *x = (const T *)from; \
    if (kind == FULL) for (int l = 0; l < n; l++) row[l] = x[first + l]; \
    else for (int l = 0; l < n; r++, c = 0) { \
        const int end = l + (C - c < n - l ? C - c : n - l); \
        if (kind == TAIL) { const T *y = x + c - l; for (; l < end; l++) row[l] = y[l]; } \
        else { const double y = x[kind == HEAD ? r : 0]; for (; l < end; l++) row[l] = y; } \
    } \
    break; }

/* {row, buffer, type, kind, rounded}: n entries from `first` on; the block's last lanes repeat the last one */
WITHIN void load(double *row, const int32_t *p, const char *from, int64_t first, int n, int m, int64_t C)
{
    const int kind = p[3];
    int64_t r = kind == FULL ? 0 : first / C, c = kind == FULL ? 0 : first % C;
    if (kind == ALONE) C = n, c = 0;
    switch (p[2]) { TYPES(TYPED_LOAD) }
    if (p[4])
        for (int l = 0; l < n; l++)
            row[l] = (float)row[l];
    for (int l = n; l < m; l++)
        row[l] = row[n - 1];
}

WITHIN double added(const double *x, int n)
{
    vec s = {0};
    int l = 0;
    for (; l + STEP <= n; l += STEP)
        s += *(const vec *)(x + l);
    double t = total(s);
    for (; l < n; l++)
        t += x[l];
    return t;
}

#define TYPED_STORE(code, T) case code: { T *x = (T *)to + first; for (int l = 0; l < n; l++) x[l] = row[l]; break; }

/* {row, 1 for its gradient, buffer, type, kind, 1 to add to what is there, where its sums begin} */
WITHIN void store(const double *row, const int32_t *p, char *to, double *sums, int64_t first, int n, int64_t C)
{
    if (p[4] == FULL) {
        switch (p[3]) { FLOATS(TYPED_STORE) TYPED_STORE(2, int8_t) }
        return;
    }
    double *sum = sums + p[6];
    if (p[4] == ALONE) {
        *sum += added(row, n);
        return;
    }
    int64_t r = first / C, c = first % C;
    for (int l = 0; l < n; r++, c = 0) {
        const int end = l + (C - c < n - l ? C - c : n - l);
        if (p[4] == HEAD)
            sum[r] += added(row + l, end - l);
        else
            for (int k = 0; k < end - l; k++)
                sum[c + k] += row[l + k];
        l = end;
    }
}

#define TYPED_SUMS(code, T) case code: { T *x = (T *)s->at[p[2]]; const double *sum = s->sums + p[6]; \
    for (int64_t i = 0; i < many; i++) x[i] = p[5] ? x[i] + sum[i] : sum[i]; break; }

WITHIN int has_nan(const double *x, int n)
{
    int found = 0;
    for (int l = 0; l < n; l++)
        found |= x[l] != x[l];
    return found;
}

/* {FUSED, length, entries, C, loads, zeros, checks, stores, sums, first start, forward, first start, backward, then the lists} */
static int fused(const Arrays *s, const int32_t *p)
{
    const int64_t N = p[2], C = p[3];
    const int32_t *loads = p + 13, *zeros = loads + 5 * p[4], *checks = zeros + p[5], *stores = checks + p[6], *end = stores + 7 * p[7];
    const Lanes block = {.code = s->code, .starts = s->starts + p[9], .count = p[10], .back = s->starts + p[11],
                         .back_count = p[12], .values = s->values, .gradients = s->gradients};
    int status = 0;
    memset(s->sums, 0, p[8] * sizeof(double));
    for (int64_t first = 0; first < N; first += WIDTH) {
        const int n = N - first < WIDTH ? N - first : WIDTH, m = (n + STEP - 1) / STEP * STEP;
        for (const int32_t *q = loads; q < zeros; q += 5)
            load(ROW(*q < 0 ? s->gradients : s->values, *q < 0 ? ~*q : *q), q, s->at[q[1]], first, n, m, C);
        block_forward(&block, m);
        for (const int32_t *q = zeros; q < checks; q++)
            memset(ROW(s->gradients, *q), 0, m * sizeof(double));
        block_backward(&block, m);
        for (const int32_t *q = checks; q < stores; q++)
            status |= 2 * has_nan(ROW(*q < 0 ? s->gradients : s->values, *q < 0 ? ~*q : *q), n);
        for (const int32_t *q = stores; q < end; q += 7)
            store(ROW(q[1] ? s->gradients : s->values, *q), q, s->at[q[2]], s->sums, first, n, C);
    }
    for (p = stores; p < end; p += 7)
        if (p[4] != FULL) {
            const int64_t many = p[4] == ALONE ? 1 : p[4] == TAIL ? C : N / C;
            switch (p[3]) { FLOATS(TYPED_SUMS) }
        }
    return status;
}

/* {MATMUL, length, type, m, n, k, a, its strides along m and k, b, along k and n, out, add}: y is packed so that rows have whole
 * vectors, and four rows of x go through them at a time */
#define PRODUCT(name, T) \
static void name(const int32_t *p, const T *x, const T *y, T *out, T *packed) \
{ \
    typedef T wide __attribute__((vector_size(64), aligned(8))); \
    enum { W = 64 / sizeof(T) }; \
    const int m = p[3], n = p[4], k = p[5], room = (n + W - 1) / W * W; \
    memset(packed, 0, sizeof(T) * k * room); \
    for (int i = 0; i < k; i++) \
        if (p[11] == 1) memcpy(packed + i * room, y + i * p[10], n * sizeof(T)); \
        else for (int j = 0; j < n; j++) packed[i * room + j] = y[i * p[10] + j * p[11]]; \
    for (int i = 0; i < m; i += 4) \
        for (int j = 0; j < n; j += W) { \
            const int many = m - i < 4 ? m - i : 4, width = n - j < W ? n - j : W; \
            const T *x0 = x + i * p[7], *x1 = many > 1 ? x0 + p[7] : x0, *x2 = many > 2 ? x0 + 2 * p[7] : x0, \
                    *x3 = many > 3 ? x0 + 3 * p[7] : x0; \
            wide s[4] = {{0}, {0}, {0}, {0}}; \
            for (int q = 0; q < k; q++) { \
                const wide z = *(const wide *)(packed + q * room + j); \
                s[0] += x0[q * p[8]] * z; s[1] += x1[q * p[8]] * z; s[2] += x2[q * p[8]] * z; s[3] += x3[q * p[8]] * z; \
            } \
            for (int a = 0; a < many; a++) { \
                T *to = out + (i + a) * n + j; \
                if (p[13]) for (int b = 0; b < width; b++) to[b] += s[a][b]; \
                else if (width == W) *(wide *)to = s[a]; \
                else memcpy(to, &s[a], width * sizeof(T)); \
            } \
        } \
}
PRODUCT(product_float, float)
PRODUCT(product_double, double)

/* {LOSS, length, type, rows, classes, scores, labels, weights or −1, divisor or −1, out, exponentials, their sums} */
#define CROSS_ENTROPY(name, T) \
static void name##_##T(const int32_t *p, char **at) \
{ \
    const int rows = p[3], classes = p[4]; \
    const int64_t *labels = (const int64_t *)at[p[6]]; \
    const T *x = (const T *)at[p[5]], *weights = p[7] < 0 ? 0 : (const T *)at[p[7]]; \
    T *out = (T *)at[p[9]], *e = (T *)at[p[10]], *z = (T *)at[p[11]]; \
    double all = 0; \
    for (int i = 0; i < rows; i++, x += classes, e += classes) { \
        T top = x[0]; \
        double sum = 0; \
        for (int j = 1; j < classes; j++) top = x[j] > top || x[j] != x[j] ? x[j] : top; \
        for (int j = 0; j < classes; j++) e[j] = sizeof(T) == 4 ? expf(x[j] - top) : exp(x[j] - top), sum += e[j]; \
        z[i] = sum; \
        const double loss = (log(sum) - (T)(x[labels[i]] - top)) * (weights ? weights[i] : 1); \
        all += loss; \
        if (p[8] < 0) out[i] = loss; \
    } \
    if (p[8] >= 0) *out = all / *(const double *)at[p[8]]; \
} \
/* {LOSS_BACK, length, type, rows, classes, upstream, labels, weights or −1, divisor or −1, to, exponentials, their sums} */ \
static void name##_back_##T(const int32_t *p, char **at) \
{ \
    const int rows = p[3], classes = p[4]; \
    const int64_t *labels = (const int64_t *)at[p[6]]; \
    const T *g = (const T *)at[p[5]], *weights = p[7] < 0 ? 0 : (const T *)at[p[7]]; \
    const T *e = (const T *)at[p[10]], *z = (const T *)at[p[11]]; \
    T *to = (T *)at[p[9]]; \
    for (int i = 0; i < rows; i++, to += classes, e += classes) { \
        const double w = weights ? weights[i] : 1, scale = p[8] < 0 ? g[i] * w : *g * (w / *(const double *)at[p[8]]); \
        const double share = scale / z[i]; \
        for (int j = 0; j < classes; j++) to[j] = e[j] * share; \
        to[labels[i]] -= scale; \
    } \
}
CROSS_ENTROPY(loss, float)
CROSS_ENTROPY(loss, double)

/* {SOFTMAX, length, type, rows, classes, x, out} and {SOFTMAX_BACK, length, type, rows, classes, upstream, to, add, out} */
#define SOFTMAX_OF(name, T) \
static void name##_##T(const int32_t *p, char **at) \
{ \
    const T *x = (const T *)at[p[5]]; \
    T *e = (T *)at[p[6]]; \
    for (int i = 0; i < p[3]; i++, x += p[4], e += p[4]) { \
        T top = x[0]; \
        double sum = 0; \
        for (int j = 1; j < p[4]; j++) top = x[j] > top || x[j] != x[j] ? x[j] : top; \
        for (int j = 0; j < p[4]; j++) e[j] = sizeof(T) == 4 ? expf(x[j] - top) : exp(x[j] - top), sum += e[j]; \
        for (int j = 0; j < p[4]; j++) e[j] /= sum; \
    } \
} \
static void name##_back_##T(const int32_t *p, char **at) \
{ \
    const T *g = (const T *)at[p[5]], *out = (const T *)at[p[8]]; \
    T *to = (T *)at[p[6]]; \
    for (int i = 0; i < p[3]; i++, g += p[4], out += p[4], to += p[4]) { \
        double sum = 0; \
        for (int j = 0; j < p[4]; j++) sum += (double)g[j] * out[j]; \
        for (int j = 0; j < p[4]; j++) to[j] = (p[7] ? to[j] : 0) + out[j] * (g[j] - sum); \
    } \
}
SOFTMAX_OF(softmax, float)
SOFTMAX_OF(softmax, double)

/* {SHARES, length, type, rows, classes, exponentials, their sums, out}: the softmax of scores whose loss is known already */
#define SHARES_OF(name, T) \
static void name##_##T(const int32_t *p, char **at) \
{ \
    const T *e = (const T *)at[p[5]], *z = (const T *)at[p[6]]; \
    T *out = (T *)at[p[7]]; \
    for (int i = 0; i < p[3]; i++, e += p[4], out += p[4]) \
        for (int j = 0; j < p[4]; j++) out[j] = e[j] / z[i]; \
}
SHARES_OF(shares, float)
SHARES_OF(shares, double)

#define TYPED_FINITE(code, T) case code: { const T *x = (const T *)at[p[4]]; \
    for (int i = 0; i < p[3]; i++) infinite |= !(x[i] - x[i] == 0); break; }

/* {FINITE, length, type, entries, x} */
static int has_infinite(const int32_t *p, char **at)
{
    int infinite = 0;
    switch (p[2]) { FLOATS(TYPED_FINITE) }
    return infinite;
}

#define FOR_TYPE(name) do { if (p[2]) name##_double(p, s->at); else name##_float(p, s->at); } while (0)

CLONES int64_t arrays(const Arrays *s)
{
    int status = 0;
    feclearexcept(FE_INVALID);
    for (const int32_t *p = s->code, *end = p + s->length; p < end; p += p[1])
        switch (*p) {
        case FUSED: status |= fused(s, p); break;
        case MATMUL:
            if (p[2]) product_double(p, (double *)s->at[p[6]], (double *)s->at[p[9]], (double *)s->at[p[12]], s->sums);
            else product_float(p, (float *)s->at[p[6]], (float *)s->at[p[9]], (float *)s->at[p[12]], (float *)s->sums);
            break;
        case LOSS: FOR_TYPE(loss); break;
        case LOSS_BACK: FOR_TYPE(loss_back); break;
        case SOFTMAX: FOR_TYPE(softmax); break;
        case SHARES: FOR_TYPE(shares); break;
        case SOFTMAX_BACK: FOR_TYPE(softmax_back); break;
        case FINITE: if (has_infinite(p, s->at)) return 1; break;
        case LABELS: {                     /* {LABELS, length, labels, how many, classes}: as unsigned numbers, negative ones are large */
            const uint64_t *labels = (const uint64_t *)s->at[p[2]];
            for (int i = 0; i < p[3]; i++)
                if (labels[i] >= (uint64_t)p[4])
                    return 1;
            break;
        }
        case WATCH:                        /* {WATCH, length, type, result}: from here on nan must not arise, nor be there already */
            if (p[2] ? *(double *)s->at[p[3]] != *(double *)s->at[p[3]] : *(float *)s->at[p[3]] != *(float *)s->at[p[3]])
                status |= 2;
            feclearexcept(FE_INVALID);
        }
    return status | (fetestexcept(FE_INVALID) ? 2 : 0);
}
