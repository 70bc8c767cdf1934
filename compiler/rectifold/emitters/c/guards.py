"""What the compiler must not do to the sums, said by the preprocessor.

    fast-math, x87                     refused by #error: NaN would pass, sums would round otherwise
    contraction to multiply-add        switched off (clang's -ffp-contract=fast ignores that)
    reordered sums                     refused where gcc tells of them, switched off in clang
    NaN taken to be impossible         the same
    no hexadecimal floats              refused, where g++ would complain of every weight
    doubles cut to floats              refused, by an array of a negative size where constants are

The certified bound holds with and without contraction; the same bits everywhere do not.
"""

from __future__ import annotations

from rectifold.emitters.c.numbers import filled

_EXACT_METHODS = {"float": (0, 16, 32), "double": (0, 1, 16, 32, 64)}  # of __FLT_EVAL_METHOD__
_WIDE = """#if defined(__DBL_MANT_DIG__) && __DBL_MANT_DIG__ != 53
#error "double has not 64 bits here: write float32 (--precision float32)"
#endif
/* Not with -fsingle-precision-constant and the like: weights and ends would be cut. */
typedef char constants_are_double[sizeof(1.0) == sizeof(double) ? 1 : -1];
"""


def guards(real: str) -> str:
    """The checks and pragmas for sums of the type `real`."""
    others = " && ".join(f"__FLT_EVAL_METHOD__ != {n}" for n in _EXACT_METHODS[real])
    return filled("c_guards", excess=others, wide=_WIDE if real == "double" else "")
