/* The rows of the table, from which all parts are made: native.py writes the functions of all rows and lists of them in front of this
 * text, one entry F(code, forward, slope …) for each row: its forward of x and y, and its local gradients of out, x and y. FEW_UNARY
 * and FEW_BINARY are the most frequent, UNARY and BINARY what is computed with vectors, these among them, OTHER_UNARY and OTHER_BINARY
 * the rest. */
#define STEP 8
#define ROUNDED 8                           /* a flag of an instruction: its result is rounded to single precision */
typedef double vec __attribute__((vector_size(64), aligned(8)));

#define COMPARISONS(F) F(LESS, x < y) F(LESS_EQUAL, x <= y) F(GREATER, x > y) F(GREATER_EQUAL, x >= y) F(EQUAL, x == y) \
    F(NOT_EQUAL, x != y) F(EITHER, x != 0 || y != 0)

/* The rows that no loop below has as a case of its own: one number of one of them, and of its local gradient by x or y. */
COLD static double apply(int code, double x, double y)
{
    switch (code) {
#define F(code, f, dx) case code: return f;
    UNARY(F) OTHER_UNARY(F)
#undef F
#define F(code, f, dx, dy) case code: return f;
    BINARY(F) OTHER_BINARY(F)
#undef F
    }
    return NAN;
}

COLD static double slope(int code, int by_y, double out, double x, double y)
{
    switch (code) {
#define F(code, f, dx) case code: return dx;
    UNARY(F) OTHER_UNARY(F)
#undef F
#define F(code, f, dx, dy) case code: return by_y ? dy : dx;
    BINARY(F) OTHER_BINARY(F)
#undef F
    }
    return NAN;
}

WITHIN double total(vec x)
{
    return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
}
