# The program against an independent implementation in NumPy, on random problems (tests/numpy/check_oracle.py).
load helper

oracle() {
    numpy check_oracle.py "$@"
}

@test "the oracle knows what is known without it" { oracle oracle; }
@test "random problems 0 to 199 agree with NumPy in double precision" { oracle random 0 200; }
@test "random problems 200 to 399 agree with NumPy in double precision" { oracle random 200 400; }
@test "the error is mostly smaller than that of NumPy in float32, and hardly ever twice as large" { oracle accuracy; }
@test "bug: a row of scores as low as float32 goes was taken for one that may see nothing" { oracle low_scores; }
@test "the same bits for any number of threads" { oracle threads; }
