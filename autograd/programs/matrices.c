/* Products of matrices of numbers with rows of lanes. */
#define WIDTH 64                            /* of a block of lanes */

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
