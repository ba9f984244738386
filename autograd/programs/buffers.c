/* Programs of arrays: instructions on buffers.
 *
 * `at` holds the address of each buffer. An instruction is {kind, its length, …}. FUSED runs rows of the table entry by entry
 * (fused.c); everything else is one operation.
 *
 * A run returns 1 where a guard has another answer than when it was recorded, 2 where a nan arose or would be hidden. */
enum { FUSED, MATMUL, LOSS, LOSS_BACK, SOFTMAX, SOFTMAX_BACK, SHARES, LABELS, FINITE, WATCH, LSTM, LSTM_BACK, BATCH_NORM,
       BATCH_NORM_BACK, MAX_POOL, MAX_POOL_BACK };
enum { FULL, ALONE, TAIL, HEAD };          /* an operand of R × C entries: as many, one, C that are the same in all rows, R */
#define TYPES(F) F(0, float) F(1, double) F(2, int8_t) F(3, int64_t)
#define FLOATS(F) F(0, float) F(1, double)
#define ROOM 1024                          /* bytes of a row in a block */
#define MOST_ROWS 48
#define FINITELY 1024                      /* a check of a row from here on is that it is finite */

#define EACH(l, n) _Pragma("GCC ivdep") for (int64_t l = 0; l < n; l++)

typedef struct {
    const int32_t *code;
    int64_t length;
    const int64_t *starts;                 /* of the instructions of blocks, within the code */
    char **at;
    char *scratch;                         /* for each row of a block ROOM bytes for its values and for its gradient */
    double *sums;                          /* room for sums, and for a packed matrix */
} Arrays;

static const double zeros[ROOM / sizeof(double)];

#define TYPED_SUMS(code, T) case code: { T *x = (T *)to; for (int64_t i = 0; i < many; i++) x[i] = p[5] ? x[i] + sum[i] : sum[i]; break; }

/* Sums of all blocks into their array; those of rows that lay side by side in a block are added first. */
static void sums_stored(const int32_t *p, char *to, double *sum, int64_t many, int64_t block)
{
    for (int64_t l = many; l < block; l++)
        sum[l % many] += sum[l];
    switch (p[3]) { FLOATS(TYPED_SUMS) }
}
