"""Newton polytopes: functions as differences of maxima of linear forms, and triangulations."""
