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

/* out (+)= a · b for four rows of a, strides apart, and one or two vectors of the rows of b */
WITHIN void OF(tile)(const T *a, int64_t along_m, int64_t along_k, const T *b, int64_t room, T *out, int64_t to, int m, int n, int k,
                     int add, int vectors)
{
    const T *x0 = a, *x1 = m > 1 ? x0 + along_m : x0, *x2 = m > 2 ? x0 + 2 * along_m : x0, *x3 = m > 3 ? x0 + 3 * along_m : x0;
    OF(wide) s[4][2];
    memset(s, 0, sizeof s);
    for (int q = 0; q < k; q++, b += room) {
        const int64_t at = q * along_k;
#pragma GCC unroll 2
        for (int h = 0; h < vectors; h++) {
            const OF(wide) z = *(const OF(wide) *)(b + h * V);
            s[0][h] += x0[at] * z;
            s[1][h] += x1[at] * z;
            s[2][h] += x2[at] * z;
            s[3][h] += x3[at] * z;
        }
    }
    for (int i = 0; i < m; i++)
        for (int h = 0; h < vectors; h++) {
            const int width = n - h * V < V ? n - h * V : V;
            T *target = out + i * to + h * V;
            if (width == V) *(OF(wide) *)target = add ? *(OF(wide) *)target + s[i][h] : s[i][h];
            else for (int l = 0; l < width; l++) target[l] = add ? target[l] + s[i][h][l] : s[i][h][l];
        }
}

/* out (m × n, rows `to` apart) (+)= a · b, where b has k rows of whole vectors; 128 of them at a time stay in the first cache */
CLONES static __attribute__((noinline)) void OF(multiply)(const T *a, int64_t along_m, int64_t along_k, const T *b, int64_t room, T *out,
                                                   int64_t to, int m, int n, int k, int add)
{
    for (int q = 0; q < k; q += 128)
        for (int i = 0; i < m; i += 4)
            for (int j = 0; j < n; j += 2 * V) {
                const int high = m - i < 4 ? m - i : 4, deep = k - q < 128 ? k - q : 128;
                const T *x = a + i * along_m + q * along_k, *y = b + q * room + j;
                if (j + V < n) OF(tile)(x, along_m, along_k, y, room, out + i * to + j, to, high, n - j, deep, add || q, 2);
                else OF(tile)(x, along_m, along_k, y, room, out + i * to + j, to, high, n - j, deep, add || q, 1);
            }
}
#undef V

/* {MATMUL, length, type, m, n, k, a, its strides along m and k, b, along k and n, out, add} */
static void OF(matrices)(const int32_t *p, char **at, T *room)
{
    int64_t apart;
    const T *b = OF(packed)((const T *)at[p[9]], p[10], p[11], room, p[5], p[4], &apart);
    OF(multiply)((const T *)at[p[6]], p[7], p[8], b, apart, (T *)at[p[12]], p[4], p[3], p[4], p[5], p[13]);
}
