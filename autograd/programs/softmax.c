/* Softmax and the cross-entropy of labels on arrays of numbers of type T. */

CLONES static __attribute__((noinline)) void OF(exponentials)(T *e, int64_t n)
{
    for (int64_t l = 0; l < n; l++)
        e[l] = OF(exponential)(e[l]);
}

/* the largest of n numbers */
static T OF(largest)(const T *x, int n)
{
    enum { V = 64 / sizeof(T) };
    T tops[V], top = x[0];
    int j = 0;
    if (n >= 2 * V) {
        memcpy(tops, x, sizeof tops);
        for (j = V; j + V <= n; j += V)
            for (int k = 0; k < V; k++)
                tops[k] = x[j + k] > tops[k] ? x[j + k] : tops[k];
        for (int k = 0; k < V; k++)
            top = tops[k] > top ? tops[k] : top;
    }
    for (; j < n; j++)
        top = x[j] > top ? x[j] : top;
    return top;
}

/* exp(x − top) of rows into e, where `top` is the largest entry of the row, the sums of these into z; a nan remains one */
static void OF(shifted)(const T *x, T *e, T *z, T *tops, int rows, int classes)
{
    for (int64_t i = 0, at = 0; i < rows; i++, at += classes) {
        tops[i] = OF(largest)(x + at, classes);
        for (int j = 0; j < classes; j++)
            e[at + j] = x[at + j] - tops[i];
    }
    OF(exponentials)(e, (int64_t)rows * classes);
    for (int i = 0; i < rows; i++)
        z[i] = OF(added)(e + (int64_t)i * classes, classes);
}

/* {LOSS, length, type, rows, classes, scores, labels, weights or −1, divisor or −1, out, exponentials, their sums} */
CLONES static void OF(loss)(const int32_t *p, char **at, T *tops)
{
    const int rows = p[3], classes = p[4];
    const int64_t *labels = (const int64_t *)at[p[6]];
    const T *x = (const T *)at[p[5]], *weights = p[7] < 0 ? 0 : (const T *)at[p[7]];
    T *out = (T *)at[p[9]], *z = (T *)at[p[11]];
    double all = 0;
    OF(shifted)(x, (T *)at[p[10]], z, tops, rows, classes);
    for (int i = 0; i < rows; i++, x += classes) {
        const double loss = (log(z[i]) - (T)(x[labels[i]] - tops[i])) * (weights ? weights[i] : 1);
        all += loss;
        if (p[8] < 0) out[i] = loss;
    }
    if (p[8] >= 0) *out = all / *(const double *)at[p[8]];
}

/* {LOSS_BACK, length, type, rows, classes, upstream, labels, weights or −1, divisor or −1, to, exponentials, their sums} */
CLONES static void OF(loss_back)(const int32_t *p, char **at, T *tops)
{
    const int rows = p[3], classes = p[4];
    const int64_t *labels = (const int64_t *)at[p[6]];
    const T *g = (const T *)at[p[5]], *weights = p[7] < 0 ? 0 : (const T *)at[p[7]];
    const T *e = (const T *)at[p[10]], *z = (const T *)at[p[11]];
    T *to = (T *)at[p[9]];
    for (int i = 0; i < rows; i++, to += classes, e += classes) {
        const double w = weights ? weights[i] : 1, scale = p[8] < 0 ? g[i] * w : *g * (w / *(const double *)at[p[8]]);
        const T share = scale / z[i];
        for (int j = 0; j < classes; j++)
            to[j] = e[j] * share;
        to[labels[i]] -= (T)scale;
    }
}

/* {SHARES, length, type, rows, classes, exponentials, their sums, out}: the softmax of scores whose loss is known already */
CLONES static void OF(shares)(const int32_t *p, char **at, T *tops)
{
    const T *e = (const T *)at[p[5]], *z = (const T *)at[p[6]];
    T *out = (T *)at[p[7]];
    for (int i = 0; i < p[3]; i++, e += p[4], out += p[4])
        for (int j = 0; j < p[4]; j++)
            out[j] = e[j] / z[i];
}

/* {SOFTMAX, length, type, rows, classes, x, out} */
CLONES static void OF(softmax)(const int32_t *p, char **at, T *tops)
{
    T *e = (T *)at[p[6]], *z = tops + p[3];
    OF(shifted)((const T *)at[p[5]], e, z, tops, p[3], p[4]);
    for (int i = 0; i < p[3]; i++, e += p[4])
        for (int j = 0; j < p[4]; j++)
            e[j] /= z[i];
}

/* {SOFTMAX_BACK, length, type, rows, classes, upstream, to, add, out} */
CLONES static void OF(softmax_back)(const int32_t *p, char **at, T *tops)
{
    const T *g = (const T *)at[p[5]], *out = (const T *)at[p[8]];
    T *to = (T *)at[p[6]];
    for (int i = 0; i < p[3]; i++, g += p[4], out += p[4], to += p[4]) {
        for (int j = 0; j < p[4]; j++)
            tops[j] = g[j] * out[j];
        const T mean = OF(added)(tops, p[4]);
        for (int j = 0; j < p[4]; j++)
            to[j] = (p[7] ? to[j] : 0) + out[j] * (g[j] - mean);
    }
}
