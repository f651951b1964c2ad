"""rft_core.cli: bench keeps its contract."""


def test_bench_keeps_its_contract(answer, call, monkeypatch):
    row = {
        "model": "m",
        "image_size": 32,
        "batch": 8,
        "ours_images_per_second": 3.0,
        "torchattacks_images_per_second": 2.0,
        "ratio": 1.5,
        "ratio_quartiles": [1.4, 1.6],
    }
    curve = {
        "model": "m",
        "ours_seconds": 1.0,
        "naive_seconds": 5.0,
        "speedup": 5.0,
        "gradient_evaluations_ratio": 6.0,
        "largest_accuracy_excess": 0.0,
    }
    machine = {
        "device_name": "CPU",
        "threads": 1,
        "precision": "float32",
        "torch": "2",
        "matmul_operations_per_second": 1e10,
    }
    measured = {
        "machine": machine,
        "training": [row],
        "curve": [curve],
        "limit": [{"model": "m", "share": 0.25}],
    }
    monkeypatch.setattr("rft_core.bench.measure.measure", lambda *_: dict(measured))
    monkeypatch.setattr(
        "rft_core.bench.latency.measure_latency", lambda: {"cold_seconds": 6.0, "warm_seconds": 0.5}
    )
    assert answer("bench") == measured | {"latency": {"cold_seconds": 6.0, "warm_seconds": 0.5}}
    code, output, error = call("bench")
    assert code == 0
    text = " ".join(output.split())
    assert all(part in text for part in ("1.50", "10 GFLOP", "0.50 s with a worker waiting"))
