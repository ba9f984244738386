/* What all parts of the interpreter begin with, and exponentials that the compiler can run as vectors: libm's are one call a number.
 * Their error is below one unit in the last place; infinities, nan and underflow are as in libm. */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* A library that is carried elsewhere has its loops for several processors; the one at hand is chosen when it is loaded. */
#if defined PORTABLE && defined __x86_64__ && defined __linux__ && defined __GNUC__ && !defined __clang__
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
#define COLD __attribute__((cold, noinline))   /* compiled to be short; what always calls it would be so too */
#define WITHIN static inline __attribute__((always_inline))

WITHIN double power_of_two_double(double n)           /* n is whole and between −1022 and 1023 */
{
    const double shifted = n + (0x1.8p52 + 1023);
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 52;
    double made;
    memcpy(&made, &bits, sizeof made);
    return made;
}

WITHIN float power_of_two_float(float n)
{
    const float shifted = n + (0x1.8p23f + 127);
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 23;
    float made;
    memcpy(&made, &bits, sizeof made);
    return made;
}

/* exp(x) is 2ⁿ (1 + p): p = exp(r) − 1 of the rest |r| ≤ ln 2 / 2, as a sum of powers */
WITHIN double rest_double(double x, double *n)
{
    const double whole = (x * 1.4426950408889634 + 0x1.8p52) - 0x1.8p52;
    const double r = (x - whole * 6.93147180369123816490e-01) - whole * 1.90821492927058770002e-10;
    double p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    *n = whole;
    return r + r * r * p;
}

WITHIN float rest_float(float x, float *n)
{
    const float whole = (x * 1.44269504f + 0x1.8p23f) - 0x1.8p23f;
    const float r = (x - whole * 0.693359375f) - whole * -2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    *n = whole;
    return r + r * r * p;
}

WITHIN double exponential_double(double x)
{
    const double within = x > 710 ? 710 : x < -746 ? -746 : x;
    double n;
    const double p = rest_double(within, &n), half = (n * 0.5 + 0x1.8p52) - 0x1.8p52;
    return (p + 1) * power_of_two_double(half) * power_of_two_double(n - half);
}

WITHIN float exponential_float(float x)
{
    const float within = x > 89 ? 89 : x < -104 ? -104 : x;
    float n;
    const float p = rest_float(within, &n), half = (n * 0.5f + 0x1.8p23f) - 0x1.8p23f;
    return (p + 1) * power_of_two_float(half) * power_of_two_float(n - half);
}

/* exp(2 |x|) − 1 = t gives tanh(x) = t / (t + 2) and its slope, 4 (t + 1) / (t + 2)² */
WITHIN double growth_double(double x)
{
    const double twice = 2 * fabs(x), within = twice > 700 ? 700 : twice;
    double n;
    const double p = rest_double(within, &n), s = power_of_two_double(n);
    return s * p + (s - 1);
}

WITHIN float growth_float(float x)
{
    const float twice = 2 * fabsf(x), within = twice > 80 ? 80 : twice;
    float n;
    const float p = rest_float(within, &n), s = power_of_two_float(n);
    return s * p + (s - 1);
}

WITHIN double tangent_double(double x)
{
    const double t = growth_double(x);
    return copysign(t / (t + 2), x);
}

WITHIN float tangent_float(float x)
{
    const float t = growth_float(x);
    return copysignf(t / (t + 2), x);
}

WITHIN double logistic_double(double x)
{
    const double e = exponential_double(-fabs(x)), share = 1 / (1 + e);
    return x >= 0 ? share : e * share;
}

WITHIN float logistic_float(float x)
{
    const float e = exponential_float(-fabsf(x)), share = 1 / (1 + e);
    return x >= 0 ? share : e * share;
}

WITHIN double secant_double(double x)                 /* 1 / cosh(x) */
{
    const double e = exponential_double(-fabs(x));
    return 2 * e / (1 + e * e);
}

WITHIN float secant_float(float x)
{
    const float e = exponential_float(-fabsf(x));
    return 2 * e / (1 + e * e);
}

WITHIN double size_double(double x) { return fabs(x); }
WITHIN float size_float(float x) { return fabsf(x); }
WITHIN double signed_double(double x, double y) { return copysign(x, y); }
WITHIN float signed_float(float x, float y) { return copysignf(x, y); }
