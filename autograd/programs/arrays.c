#define FOR_TYPE(name) do { if (p[2]) name##_double(p, s->at, s->sums); else name##_float(p, s->at, (float *)s->sums); } while (0)

CLONES int64_t arrays(const Arrays *s)
{
    int status = 0;
    feclearexcept(FE_INVALID);
    for (const int32_t *p = s->code, *end = p + s->length; p < end; p += p[1])
        switch (*p) {
        case FUSED: status |= p[2] ? fused_double(s, p) : fused_float(s, p); break;
        case MATMUL: FOR_TYPE(matrices); break;
        case LOSS: FOR_TYPE(loss); break;
        case LOSS_BACK: FOR_TYPE(loss_back); break;
        case SOFTMAX: FOR_TYPE(softmax); break;
        case SHARES: FOR_TYPE(shares); break;
        case SOFTMAX_BACK: FOR_TYPE(softmax_back); break;
        case LSTM: lstm_float(p, s->at, (float *)s->sums); break;
        case LSTM_BACK: lstm_back_float(p, s->at, (float *)s->sums); break;
        case BATCH_NORM: batch_norm_float(p, s->at, (float *)s->sums); break;
        case BATCH_NORM_BACK: batch_norm_back_float(p, s->at, (float *)s->sums); break;
        case MAX_POOL: max_pool_float(p, s->at, (float *)s->sums); break;
        case MAX_POOL_BACK: status |= max_pool_back_float(p, s->at); break;
        case FINITE:                       /* {FINITE, length, type, entries, x} */
            if (p[2] ? has_infinite_double((double *)s->at[p[4]], p[3]) : has_infinite_float((float *)s->at[p[4]], p[3])) return 1;
            break;
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

/* 1 where products of floats have tiles of 24 vectors, which AVX-512 has registers for. */
int64_t wide_tiles(void)
{
#ifdef __AVX512F__
    return 1;
#else
    return 0;
#endif
}
