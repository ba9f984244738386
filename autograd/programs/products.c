/* Products of matrices of numbers of type T. */
#define V (64 / (int)sizeof(T))
typedef T OF(wide) __attribute__((vector_size(64), aligned(sizeof(T))));

/* Where k rows of n numbers lie side by side in whole vectors, `room` apart: b itself, or a copy in `packed`. */
static const T *OF(packed)(const T *b, int64_t along_k, int64_t along_n, T *packed, int k, int n, int64_t *room)
{
    *room = (n + V - 1) / V * V;
    if (along_n == 1 && n % V == 0) {
        *room = along_k;
        return b;
    }
    memset(packed, 0, sizeof(T) * k * *room);
    for (int i = 0; i < k; i++)
        for (int j = 0; j < n; j++)
            packed[i * *room + j] = b[i * along_k + j * along_n];
    return packed;
}

#if defined __AVX512F__ && !IS_DOUBLE
#define HIGH 6                              /* rows and vectors of a tile, which the registers hold */
#define BROAD 4
#else
#define HIGH 4
#define BROAD 2
#endif

/* made = a · b for HIGH rows of a (of fewer, the first again), and 1 or BROAD vectors of the k rows of b */
WITHIN void OF(tile)(const T *a, int64_t along_m, int64_t along_k, const T *b, int64_t room, int m, int k, const int vectors,
                     OF(wide) made[HIGH][BROAD])
{
    const T *x[HIGH];
    OF(wide) s[HIGH][BROAD];
#pragma GCC unroll 6
    for (int i = 0; i < HIGH; i++) {
        x[i] = a + (i < m ? i : 0) * along_m;
#pragma GCC unroll 4
        for (int h = 0; h < vectors; h++)
            s[i][h] = (OF(wide)){0};
    }
    for (int64_t q = 0, at = 0; q < k; q++, b += room, at += along_k) {
        OF(wide) z[BROAD];
#pragma GCC unroll 4
        for (int h = 0; h < vectors; h++)
            z[h] = *(const OF(wide) *)(b + h * V);
#pragma GCC unroll 6
        for (int i = 0; i < HIGH; i++)
#pragma GCC unroll 4
            for (int h = 0; h < vectors; h++)
                s[i][h] += x[i][at] * z[h];
    }
#pragma GCC unroll 6
    for (int i = 0; i < HIGH; i++)
#pragma GCC unroll 4
        for (int h = 0; h < vectors; h++)
            made[i][h] = s[i][h];
}

/* out (m × n, rows `to` apart) (+)= a · b, where b has k rows of whole vectors; 128 of them at a time stay in the first cache */
CLONES static __attribute__((noinline)) void OF(multiply)(const T *a, int64_t along_m, int64_t along_k, const T *b, int64_t room, T *out,
                                                          int64_t to, int m, int n, int k, int add)
{
    OF(wide) made[HIGH][BROAD];
    for (int q = 0; q < k; q += 128)
        for (int j = 0, width; j < n; j += width) {
            const int deep = k - q < 128 ? k - q : 128, is_broad = n - j > (BROAD - 1) * V, vectors = is_broad ? BROAD : 1;
            width = n - j < vectors * V ? n - j : vectors * V;
            for (int i = 0; i < m; i += HIGH) {
                const T *x = a + i * along_m + q * along_k, *y = b + q * room + j;
                const int high = m - i < HIGH ? m - i : HIGH;
                if (is_broad) OF(tile)(x, along_m, along_k, y, room, high, deep, BROAD, made);
                else OF(tile)(x, along_m, along_k, y, room, high, deep, 1, made);
                for (int r = 0; r < high; r++)
                    for (int h = 0; h < vectors; h++) {
                        T *target = out + (i + r) * to + j + h * V;
                        OF(wide) *whole = (OF(wide) *)target;
                        if (width - h * V >= V) *whole = add || q ? *whole + made[r][h] : made[r][h];
                        else for (int l = 0; l < width - h * V; l++) target[l] = made[r][h][l] + (add || q ? target[l] : 0);
                    }
            }
        }
}
#undef HIGH
#undef BROAD
#undef V

/* {MATMUL, length, type, m, n, k, a, its strides along m and k, b, along k and n, out, add} */
static void OF(matrices)(const int32_t *p, char **at, T *room)
{
    int64_t apart;
    const T *b = OF(packed)((const T *)at[p[9]], p[10], p[11], room, p[5], p[4], &apart);
    OF(multiply)((const T *)at[p[6]], p[7], p[8], b, apart, (T *)at[p[12]], p[4], p[3], p[4], p[5], p[13]);
}
