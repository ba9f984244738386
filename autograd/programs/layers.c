/* Layers whose operations are one instruction, forward and backward, on arrays of numbers of type T. A place of −1 is of an array that
 * is not wanted; `adds` has a bit for each gradient that is added to what is there. */

/* Gates of a row: what they let through, and its slope, from n scores */
WITHIN void OF(opened)(T *gate, T *slope, int n)
{
    EACH(j, n) {
        const T score = gate[j], e = OF(exponential)(-OF(size)(score)), more = 1 / (1 + e), less = e * more;
        gate[j] = score >= 0 ? more : less;
        slope[j] = more * less;
    }
}

/* {LSTM, length, type, steps, rows, units, weight's strides, x, weight, h, c, out, gates, slopes, tanh(c), its slopes times o} */
CLONES static void OF(lstm)(const int32_t *p, char **at, T *room)
{
    const int L = p[3], N = p[4], H = p[5], all = N * H;
    const T *h = (const T *)at[p[10]], *c = (const T *)at[p[11]];
    T *out = (T *)at[p[12]], *gates = (T *)at[p[13]], *slopes = (T *)at[p[14]], *squashed = (T *)at[p[15]], *bends = (T *)at[p[16]];
    int64_t apart;
    const T *w = OF(packed)((const T *)at[p[9]], p[6], p[7], room, H, 4 * H, &apart);
    memcpy(gates, at[p[8]], sizeof(T) * 4 * all * L);
    for (int t = 0; t < L; t++) {
        OF(multiply)(h, H, 1, w, apart, gates, 4 * H, N, 4 * H, H, 1);
        T *cells = out + (int64_t)all * L;
        for (int r = 0; r < all; r += H, gates += 4 * H, slopes += 4 * H) {
            T *i = gates, *f = i + H, *update = f + H, *o = update + H, *bent = slopes + 2 * H;
            OF(opened)(i, slopes, 2 * H);
            OF(opened)(o, slopes + 3 * H, H);
            EACH(j, H) {
                const T g = OF(growth)(update[j]);
                bent[j] = 4 / (g + 2) * ((g + 1) / (g + 2));
                update[j] = OF(signed)(g / (g + 2), update[j]);
            }
            EACH(j, H) {
                const T cell = f[j] * c[r + j] + i[j] * update[j], g = OF(growth)(cell), tanh = OF(signed)(g / (g + 2), cell);
                cells[r + j] = cell;
                squashed[r + j] = tanh;
                bends[r + j] = o[j] * (4 / (g + 2) * ((g + 1) / (g + 2)));
                out[r + j] = o[j] * tanh;
            }
        }
        h = out, c = cells, out += all, squashed += all, bends += all;
    }
}

WITHIN void OF(given)(T *to, const T *from, int64_t n, int add)
{
    EACH(l, n)
        to[l] = add ? to[l] + from[l] : from[l];
}

/* The gradient of an LSTM's weight from those of its scores: Σ before · down, or where it lies turned Σ down · before. */
static void OF(lstm_weight)(const T *before, const T *down, T *to, T *room, int k, int H, int turned, int add)
{
    int64_t apart;
    const T *b = turned ? OF(packed)(before, H, 1, room, k, H, &apart) : OF(packed)(down, 4 * H, 1, room, k, 4 * H, &apart);
    if (turned) OF(multiply)(down, 1, 4 * H, b, apart, to, H, 4 * H, H, k, add);
    else OF(multiply)(before, 1, H, b, apart, to, 4 * H, H, 4 * H, k, add);
}

/* {LSTM_BACK, length, type, steps, rows, units, weight's strides, upstream, weight, h, c, out, gates, slopes, tanh(c), its slopes,
 * scores' gradients, those of h and c, then where x's, weight's, h's and c's go, 1 where weight's lies turned, adds} */
CLONES static void OF(lstm_back)(const int32_t *p, char **at, T *room)
{
    const int L = p[3], N = p[4], H = p[5], all = N * H;
    const T *g = (const T *)at[p[8]], *gates = (const T *)at[p[13]], *slopes = (const T *)at[p[14]], *out = (const T *)at[p[12]],
            *squashed = (const T *)at[p[15]], *bends = (const T *)at[p[16]];
    T *downs = (T *)at[p[17]], *dh = (T *)at[p[18]], *dc = (T *)at[p[19]];
    int64_t apart;
    const T *w = OF(packed)((const T *)at[p[9]], p[7], p[6], room, 4 * H, H, &apart);
    memset(dh, 0, sizeof(T) * all);
    memset(dc, 0, sizeof(T) * all);
    for (int t = L; t--;) {
        const T *gh = g + (int64_t)t * all, *gc = gh + (int64_t)L * all;
        const T *c = t ? out + (int64_t)(L + t - 1) * all : (const T *)at[p[11]], *tanhs = squashed + (int64_t)t * all;
        for (int r = 0; r < all; r += H) {
            const int64_t here = ((int64_t)t * all + r) * 4;
            const T *i = gates + here, *f = i + H, *update = f + H, *slope = slopes + here, *bend = bends + (int64_t)t * all + r;
            T *down = downs + here;
            EACH(j, H) {
                const T h = dh[r + j] + gh[r + j], x = dc[r + j] + gc[r + j] + h * bend[j];
                down[j] = x * update[j] * slope[j];
                down[H + j] = x * c[r + j] * slope[H + j];
                down[2 * H + j] = x * i[j] * slope[2 * H + j];
                down[3 * H + j] = h * tanhs[r + j] * slope[3 * H + j];
                dc[r + j] = x * f[j];
            }
        }
        OF(multiply)(downs + (int64_t)t * all * 4, 4 * H, 1, w, apart, dh, H, N, H, 4 * H, 0);
    }
    if (p[20] >= 0 && p[20] != p[17]) OF(given)((T *)at[p[20]], downs, (int64_t)L * all * 4, p[25] & 1);
    if (p[21] >= 0) {
        OF(lstm_weight)((const T *)at[p[10]], downs, (T *)at[p[21]], room, N, H, p[24], p[25] & 2);
        OF(lstm_weight)(out, downs + 4 * all, (T *)at[p[21]], room, (L - 1) * N, H, p[24], 1);
    }
    if (p[22] >= 0) OF(given)((T *)at[p[22]], dh, all, p[25] & 4);
    if (p[23] >= 0) OF(given)((T *)at[p[23]], dc, all, p[25] & 8);
}

/* Σ (x − a) (y − b) */
CLONES static __attribute__((noinline)) double OF(inner)(const T *x, T a, const T *y, T b, int64_t n)
{
    typedef T part __attribute__((vector_size(STEP * sizeof(T)), aligned(sizeof(T))));
    vec s = {0};
    int64_t l = 0;
    for (; l + STEP <= n; l += STEP)
        s += __builtin_convertvector((*(const part *)(x + l) - a) * (*(const part *)(y + l) - b), vec);
    double all = total(s);
    for (; l < n; l++)
        all += (double)(x[l] - a) * (y[l] - b);
    return all;
}

/* {BATCH_NORM, length, type, channels, entries of each, x, w, b, eps, out, mean, variance, deviation}; channels lie one by one */
CLONES static void OF(batch_norm)(const int32_t *p, char **at, T *room)
{
    const int64_t n = p[4];
    const T *x = (const T *)at[p[5]], *w = (const T *)at[p[6]], *b = (const T *)at[p[7]];
    T *out = (T *)at[p[9]], *mean = (T *)at[p[10]], *variance = (T *)at[p[11]], *deviation = (T *)at[p[12]];
    for (int c = 0; c < p[3]; c++, x += n, out += n) {
        double sum = 0;
        for (int64_t l = 0; l < n; l += 1 << 20)
            sum += OF(added)(x + l, n - l < 1 << 20 ? n - l : 1 << 20);
        mean[c] = sum / n;
        variance[c] = OF(inner)(x, mean[c], x, mean[c], n) / n;
        deviation[c] = sqrt(variance[c] + (T)*(const double *)at[p[8]]);
        const T middle = mean[c], scale = w[c] / deviation[c], offset = b[c];
        EACH(l, n)
            out[l] = (x[l] - middle) * scale + offset;
    }
}

/* {BATCH_NORM_BACK, length, type, channels, entries of each, upstream, x, w, mean, deviation, where x's, w's, b's gradients go, adds} */
CLONES static void OF(batch_norm_back)(const int32_t *p, char **at, T *room)
{
    const int64_t n = p[4];
    const T *g = (const T *)at[p[5]], *x = (const T *)at[p[6]], *w = (const T *)at[p[7]], *mean = (const T *)at[p[8]],
            *deviation = (const T *)at[p[9]];
    T *to[3];
    for (int i = 0; i < 3; i++)
        to[i] = p[10 + i] < 0 ? 0 : (T *)at[p[10 + i]];
    for (int c = 0; c < p[3]; c++, g += n, x += n) {
        double sum = 0;
        for (int64_t l = 0; l < n; l += 1 << 20)
            sum += OF(added)(g + l, n - l < 1 << 20 ? n - l : 1 << 20);
        const double along = OF(inner)(g, 0, x, mean[c], n) / deviation[c];
        if (to[1]) to[1][c] = (p[13] & 2 ? to[1][c] : 0) + along;
        if (to[2]) to[2][c] = (p[13] & 4 ? to[2][c] : 0) + sum;
        if (!to[0]) continue;
        const T middle = mean[c], less = sum / n, bent = along / ((double)n * deviation[c]), scale = w[c] / deviation[c];
        T *down = to[0] + c * n;
        if (p[13] & 1)
            EACH(l, n)
                down[l] += (g[l] - (x[l] - middle) * bent - less) * scale;
        else
            EACH(l, n)
                down[l] = (g[l] - (x[l] - middle) * bent - less) * scale;
    }
}

/* {MAX_POOL, length, type, channels, height, width, batch, window's height and width, x, out}; images lie as channels × height × width ×
 * batch, and windows side by side cover them */
CLONES static void OF(max_pool)(const int32_t *p, char **at, T *room)
{
    const int wide = p[5], N = p[6], high = p[7], across = p[8];
    const T *x = (const T *)at[p[9]];
    T *out = (T *)at[p[10]];
    for (int64_t row = 0; row < (int64_t)p[3] * p[4]; row += high)
        for (int j = 0; j < wide; j += across, out += N)
            for (int i = 0; i < high * across; i++) {
                const T *y = x + ((row + i / across) * wide + j + i % across) * N;
                if (i)
                    EACH(l, N)
                        out[l] = y[l] > out[l] || y[l] != y[l] ? y[l] : out[l];
                else
                    memcpy(out, y, N * sizeof(T));
            }
}

/* {MAX_POOL_BACK, length, type, channels, height, width, batch, window's height and width, upstream, x, out, to, add}: of equal entries
 * the first takes the gradient; returns 2 where there is a nan, which would be lost */
CLONES static int OF(max_pool_back)(const int32_t *p, char **at)
{
    const int wide = p[5], N = p[6], high = p[7], across = p[8];
    const T *g = (const T *)at[p[9]], *x = (const T *)at[p[10]], *out = (const T *)at[p[11]];
    T *to = (T *)at[p[12]];
    int found = 0;
    for (int64_t row = 0; row < (int64_t)p[3] * p[4]; row += high)
        for (int j = 0; j < wide; j += across, out += N, g += N)
            for (int start = 0; start < N; start += 64) {
                const int n = N - start < 64 ? N - start : 64;
                T left[64];                /* the gradient, until an entry has taken it */
                memcpy(left, g + start, n * sizeof(T));
                found |= OF(has_nan)(left, n) || OF(has_nan)(out + start, n);
                for (int i = 0; i < high * across; i++) {
                    const int64_t place = ((row + i / across) * wide + j + i % across) * N + start;
                    EACH(l, n) {
                        const T taken = x[place + l] == out[start + l] ? left[l] : 0;
                        left[l] = x[place + l] == out[start + l] ? 0 : left[l];
                        to[place + l] = (p[13] ? to[place + l] : 0) + taken;
                    }
                }
            }
    return 2 * found;
}
