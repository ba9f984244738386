/* Programs of lanes: they run over blocks of examples that stay in the first cache, a row of WIDTH numbers for each place that varies
 * by example. Matrices have their weights in w, row by row, and the gradients of these in dw. */
#define ROW(base, n) ((base) + (int64_t)(n) * WIDTH)

typedef struct {
    const int32_t *code;
    const int64_t *starts;                 /* of all instructions, forward */
    int64_t count;
    const int64_t *back;                   /* of those that pass a gradient on */
    int64_t back_count;
    double *v, *d;                         /* of what does not vary by example */
    double *values, *gradients;            /* rows × WIDTH */
    double **value_rows, **gradient_rows;  /* where each of them lies */
    int64_t rows;
    const int32_t *weights;                /* the places of the weights of all matrices */
    int64_t weight_count;
    double *w, *dw;
    const int32_t *spread;                 /* pairs (row, place): a number in every lane */
    int64_t spread_count;
    const int32_t *in_rows;
    double **in;
    const int64_t *in_strides;
    int64_t in_count;
    double **din;                          /* where the gradients of the inputs go; none where null */
    const int64_t *din_strides;
    const int32_t *out_rows;
    double **out;
    int64_t out_count;
    int64_t seed_row;                      /* negative: forward only */
    double seed;
    int64_t lanes;
} Lanes;

/* The gradients of one block: the seed, the instructions from the last, then the sums over lanes and what goes out. */
WITHIN void block_gradients(const Lanes *s, const Block_double *block, int64_t first, int live, int m)
{
    double *d = s->gradients;
    for (int64_t r = 0; r < s->rows; r++)
        memset(ROW(d, r), 0, m * sizeof *d);
    for (int l = 0; l < live; l++)
        ROW(d, s->seed_row)[l] = s->seed;
    block_backward_double(block, m);
    for (int64_t i = 0; i < s->spread_count; i++) {
        const double *row = ROW(d, s->spread[2 * i]);
        double sum = 0;
        for (int l = 0; l < live; l++)
            sum += row[l];
        s->d[s->spread[2 * i + 1]] += sum;
    }
    for (int64_t i = 0; i < s->in_count; i++)
        if (s->din[i])
            for (int l = 0; l < live; l++)
                s->din[i][(first + l) * s->din_strides[i]] = ROW(d, s->in_rows[i])[l];
}

CLONES void lanes(const Lanes *s)
{
    const Block_double block = {s->code, s->starts, s->count, s->back, s->back_count, s->value_rows, s->gradient_rows, 0, s->w, s->dw};
    for (int64_t i = 0; i < s->weight_count; i++)
        s->w[i] = s->v[s->weights[i]];
    memset(s->dw, 0, s->weight_count * sizeof *s->dw);
    for (int64_t i = 0; i < s->spread_count; i++)
        for (int l = 0; l < WIDTH; l++)
            ROW(s->values, s->spread[2 * i])[l] = s->v[s->spread[2 * i + 1]];
    for (int64_t first = 0; first < s->lanes; first += WIDTH) {
        const int live = s->lanes - first < WIDTH ? s->lanes - first : WIDTH, m = (live + STEP - 1) / STEP * STEP;
        for (int64_t i = 0; i < s->in_count; i++) {
            double *row = ROW(s->values, s->in_rows[i]);
            const double *in = s->in[i] + first * s->in_strides[i];
            for (int l = 0; l < live; l++)
                row[l] = in[l * s->in_strides[i]];
            for (int l = live; l < m; l++)     /* lanes without an example repeat the last one, and get no seed */
                row[l] = row[live - 1];
        }
        block_forward_double(&block, m);
        for (int64_t i = 0; i < s->out_count; i++)
            memcpy(s->out[i] + first, ROW(s->values, s->out_rows[i]), live * sizeof(double));
        if (s->seed_row >= 0)
            block_gradients(s, &block, first, live, m);
    }
    if (s->seed_row >= 0)
        for (int64_t i = 0; i < s->weight_count; i++)
            s->d[s->weights[i]] += s->dw[i];
}
