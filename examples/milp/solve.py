"""The largest first output of networks written as .lp files, with HiGHS: solve.py A.lp B.lp"""

from __future__ import annotations

import sys

import highspy


def main(files: list[str]) -> None:
    for file in files:
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.readModel(file)
        model = solver.getLp()
        integers = sum(kind == highspy.HighsVarType.kInteger for kind in model.integrality_)
        output = list(model.col_names_).index("y0")
        solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        for k in range(model.num_col_):
            solver.changeColCost(k, float(k == output))
        solver.run()
        value = solver.getInfo().objective_function_value
        sys.stdout.write(f"{file}: {integers} binary variables, largest output {value:.6f}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
