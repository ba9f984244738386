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

#define FOR_TYPE(name) do { if (p[2]) name##_double(p, s->at, s->sums); else name##_float(p, s->at, (float *)s->sums); } while (0)

CLONES int64_t arrays(const Arrays *s)
{
    int status = 0;
    feclearexcept(FE_INVALID);
    for (const int32_t *p = s->code, *end = p + s->length; p < end; p += p[1])
        switch (*p) {
        case FUSED: status |= p[2] ? fused_double(s, p) : fused_float(s, p); break;
        case MATMUL:
            if (p[2]) product_double(p, (double *)s->at[p[6]], (double *)s->at[p[9]], (double *)s->at[p[12]], s->sums);
            else product_float(p, (float *)s->at[p[6]], (float *)s->at[p[9]], (float *)s->at[p[12]], (float *)s->sums);
            break;
        case LOSS: FOR_TYPE(loss); break;
        case LOSS_BACK: FOR_TYPE(loss_back); break;
        case SOFTMAX: FOR_TYPE(softmax); break;
        case SHARES: FOR_TYPE(shares); break;
        case SOFTMAX_BACK: FOR_TYPE(softmax_back); break;
        case FINITE: if (p[2] ? infinite_double(p, s->at) : infinite_float(p, s->at)) return 1; break;
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
