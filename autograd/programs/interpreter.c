/* The interpreter of recorded programs: one loop over op codes, whose cases are made from the table of operations.
 *
 * No program is compiled by itself: it is numbers that this loop reads.
 *
 * A program of numbers: v holds the value of each place, d its gradient. An instruction is {code | flags << 16, out, a, b, c};
 * flag 1 says that a takes a gradient, 2 that b does, 4 that c does. A dot is {DOT, out, pairs of which both factors take a
 * gradient, further pairs of which the first does or none, then the places of the pairs}. */
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
