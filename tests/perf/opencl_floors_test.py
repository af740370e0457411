"""perf/opencl_floors.py: reads the floors that bench_opencl prints, and says which one bounds a step."""
import os
import pathlib
import re
import unittest

import opencl_floors

FLOORS = "floors   read 100.0 GB/s, f32 multiply-adds 50.0 Gflop/s, dot products 400.0 Gop/s (PTX dp4a)\n"


def step(weight_bytes, operations):
    return {"case": "a step", "ms": {"median": 20.0}, "tokens_per_s": 50.0, "weight_bytes": weight_bytes, "kv_bytes": 0,
            "operations": operations}


def report(weights, *steps):
    return {"model": {"weights": weights}, "steps": steps}


class OpenClFloors(unittest.TestCase):
    def test_bytes_bound_decode_and_operations_prefill(self):
        floors = opencl_floors.read_floors(FLOORS)
        decode, prefill = opencl_floors.lines(report("affine 4-bit g64", step(1e9, 1e9), step(1e6, 4e9)), floors)
        self.assertRegex(decode, r" 10\.00 bytes +50\.0%")
        self.assertRegex(prefill, r" 10\.00 operations +50\.0%")

    def test_dense_weights_are_held_against_multiply_adds(self):
        (line,) = opencl_floors.lines(report("bf16", step(1, 1e9)), opencl_floors.read_floors(FLOORS))
        self.assertRegex(line, r" 20\.00 operations +100\.0%")

    def test_output_without_floors_is_refused(self):
        with self.assertRaises(ValueError):
            opencl_floors.read_floors("nothing")

    def test_the_benchmark_prints_what_is_read(self):
        source = pathlib.Path(os.environ["QUIRE_SOURCE_DIR"], "perf/bench_opencl.cpp").read_text()
        (printed,) = re.findall(r'"floors   (read .*?) \(%s\)', source)
        self.assertTrue(opencl_floors.FLOORS.search(printed.replace("%.1f", "1.0")))


if __name__ == "__main__":
    unittest.main()
